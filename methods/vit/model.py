"""What ViT and the hybrid share: all but how images become tokens."""

from abc import abstractmethod
from typing import Annotated, Literal

from annotated_types import Ge, Lt
from torch import nn

from harness.tasks.image_classification import ImageModel, Shape
from methods.vit.sizes import size_for
from methods.vit.transformer import Embedding, Options, VisionTransformer


class TransformerModel(ImageModel):
    """A Transformer on tokens from images.

    `size` is by default the one for the images' shape. `position` is the kind of position embeddings (Table 8), which
    are interpolated for images of another size (section 3.2). `pool` says what is read out (appendix D.3), `head` by
    what. The paper does not say which `gelu` it means; the authors' code approximates it by a hyperbolic tangent.
    `dropout` is after positions, attention and every feed-forward layer.
    """

    size: Literal["auto", "grey8", "grey28", "colour32", "Ti", "S", "B", "L", "H"] = "auto"
    position: Literal["none", "1d", "2d"] = "1d"
    pool: Literal["token", "mean"] = "token"
    head: Literal["linear", "mlp"] = "linear"
    gelu: Literal["exact", "tanh"] = "exact"
    dropout: Annotated[float, Ge(0), Lt(1)] = 0.0

    @abstractmethod
    def embedding(self, shape: Shape) -> Embedding:
        """What makes tokens, as wide as the Transformer, of images of a shape."""

    def build(self, shape: Shape, classes: int) -> nn.Module:
        options = Options(size_for(self.size, shape), self.position, self.pool, self.head, self.gelu, self.dropout)
        return VisionTransformer(self.embedding(shape), shape, classes, options)

    def resized(self, module: nn.Module, shape: Shape) -> nn.Module:
        assert isinstance(module, VisionTransformer)
        module.resize(shape)
        return module
