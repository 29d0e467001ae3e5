"""The hybrid: a Transformer on the features of a convolutional network."""

import math
from collections.abc import Mapping
from typing import Any, Final

from torch import Tensor

from harness.nn.resnet import ResNet, ResNetOptions
from harness.tasks.image_classification import Shape
from methods.vit.model import TransformerModel
from methods.vit.positions import Grid
from methods.vit.sizes import Kind, kind_of, size_for
from methods.vit.transformer import Embedding, Patches

STAGES: Final[Mapping[Kind, Mapping[str, Any]]] = {
    "grey8": {"blocks": (1,), "strides": (2,), "width": 16, "groups": 8, "root": "small images"},
    "grey28": {"blocks": (1, 1), "strides": (2, 2), "width": 16, "groups": 8, "root": "small images"},
    "colour32": {"blocks": (2, 2), "strides": (2, 2), "width": 64, "root": "small images"},
    "photograph": {"blocks": (3, 4, 9), "strides": (1, 2, 2), "width": 64},
}
"""The ResNet for each kind of images. Its output has as many positions as the plain ViT has patches. For photographs it
is the paper's ResNet-50 with the blocks of the fourth stage in the third."""


class VitHybrid(TransformerModel):
    """ViT on the positions of a ResNet's features instead of patches (section 3.1).

    The ResNet has Big Transfer's blocks, as the paper says. The blocks in the authors' code normalise after their
    convolutions instead.
    """

    name = "vit_hybrid"

    def embedding(self, shape: Shape) -> Embedding:
        body = ResNet(ResNetOptions(channels=shape.channels, **STAGES[kind_of(shape)]))
        return Features(body, size_for(self.size, shape).width)


class Features(Embedding):
    """A token for each position of a ResNet's features."""

    def __init__(self, body: ResNet, width: int) -> None:
        super().__init__()
        self.body = body
        self.patches = Patches(body.outputs, 1, width)

    def grid(self, shape: Shape) -> Grid:
        """The numbers of rows and columns of positions."""
        return math.ceil(shape.height / self.body.stride), math.ceil(shape.width / self.body.stride)

    def forward(self, images: Tensor) -> Tensor:
        tokens: Tensor = self.patches(self.body(images))
        return tokens
