"""`TransformerModel`: what ViT and the hybrid share, which is everything except how images become tokens."""

from abc import abstractmethod
from typing import Annotated, Literal

from annotated_types import Ge, Lt
from torch import nn

from harness.tasks.image_classification import ImageModel, Shape
from methods.vit.sizes import size_for
from methods.vit.transformer import Embedding, Options, VisionTransformer


class TransformerModel(ImageModel):
    """A Transformer on tokens from images.

    `size` is by default chosen by the shape of the images. `position` is the kind of position embeddings (Table 8),
    which are interpolated for images of another size (section 3.2). `pool` says which states are read out (appendix
    D.3), and `head` by which layers. The paper does not say which `gelu` it uses; the authors' code has the tanh
    approximation. `dropout` applies after the position embeddings, the attention and every feed-forward layer.
    """

    size: Literal["auto", "grey8", "grey28", "colour32", "Ti", "S", "B", "L", "H"] = "auto"
    position: Literal["none", "1d", "2d"] = "1d"
    pool: Literal["token", "mean"] = "token"
    head: Literal["linear", "mlp"] = "linear"
    gelu: Literal["exact", "tanh"] = "exact"
    dropout: Annotated[float, Ge(0), Lt(1)] = 0.0

    @abstractmethod
    def embedding(self, shape: Shape) -> Embedding:
        """The module that turns images of a shape into tokens of the Transformer's width."""

    def build(self, shape: Shape, classes: int) -> nn.Module:
        options = Options(size_for(self.size, shape), self.position, self.pool, self.head, self.gelu, self.dropout)
        return VisionTransformer(self.embedding(shape), shape, classes, options)

    def resized(self, module: nn.Module, shape: Shape) -> nn.Module:
        assert isinstance(module, VisionTransformer)
        module.resize(shape)
        return module
