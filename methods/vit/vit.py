"""ViT: a Transformer on the patches of an image."""

from typing import Annotated

from annotated_types import Gt

from harness.tasks.image_classification import Shape
from methods.vit.model import TransformerModel
from methods.vit.sizes import size_for
from methods.vit.transformer import Embedding, Patches


class Vit(TransformerModel):
    """The Vision Transformer.

    `patch` is the number of pixels on a side of a patch, by default the one that belongs to the model's size.
    """

    name = "vit"
    patch: Annotated[int, Gt(0)] | None = None

    def embedding(self, shape: Shape) -> Embedding:
        size = size_for(self.size, shape)
        return Patches(shape.channels, self.patch or size.patch, size.width)
