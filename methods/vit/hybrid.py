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
"""The ResNet for each kind of images: as many places come out as the plain ViT has patches. For photographs it is the
paper's ResNet-50 without a fourth stage, whose blocks are added to the third."""


class VitHybrid(TransformerModel):
    """ViT whose patches are places of a ResNet's features (section 3.1).

    The ResNet's blocks are Big Transfer's, as the paper says; those of the authors' code normalise after their
    convolutions.
    """

    name = "vit_hybrid"

    def embedding(self, shape: Shape) -> Embedding:
        body = ResNet(ResNetOptions(channels=shape.channels, **STAGES[kind_of(shape)]))
        return Features(body, size_for(self.size, shape).width)


class Features(Embedding):
    """A token for each place of a ResNet's features."""

    def __init__(self, body: ResNet, width: int) -> None:
        super().__init__()
        self.body = body
        self.places = Patches(body.outputs, 1, width)

    def grid(self, shape: Shape) -> Grid:
        """Rows and columns of places."""
        return math.ceil(shape.height / self.body.stride), math.ceil(shape.width / self.body.stride)

    def forward(self, images: Tensor) -> Tensor:
        tokens: Tensor = self.places(self.body(images))
        return tokens
