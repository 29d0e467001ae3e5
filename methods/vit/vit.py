"""ViT: a Transformer on the patches of an image."""

from typing import Annotated, Literal

from annotated_types import Ge, Gt, Lt
from torch import nn

from harness.tasks.image_classification import ImageModel, Shape
from methods.vit.sizes import size_for
from methods.vit.transformer import Options, Patches, VisionTransformer


class Vit(ImageModel):
    """The Vision Transformer.

    `size` and `patch` (pixels on a side) are by default those for the images' shape. `position` is the kind of position
    embeddings (Table 8); resized, they are interpolated (section 3.2). `pool` says what is read out (appendix D.3) and
    `head` by what; dropout is after positions, attention and every feed-forward layer.
    """

    name = "vit"
    size: Literal["auto", "grey8", "grey28", "colour32", "Ti", "S", "B", "L", "H"] = "auto"
    patch: Annotated[int, Gt(0)] | None = None
    position: Literal["none", "1d", "2d"] = "1d"
    pool: Literal["token", "mean"] = "token"
    head: Literal["linear", "mlp"] = "linear"
    dropout: Annotated[float, Ge(0), Lt(1)] = 0.0

    def build(self, shape: Shape, classes: int) -> nn.Module:
        size = size_for(self.size, shape)
        patches = Patches(shape.channels, self.patch or size.patch, size.width)
        options = Options(size, self.position, self.pool, self.head, self.dropout)
        return VisionTransformer(patches, patches.grid(shape.height, shape.width), classes, options)

    def resized(self, module: nn.Module, shape: Shape) -> nn.Module:
        module.positions = module.positions.resized(module.embed.grid(shape.height, shape.width))
        return module
