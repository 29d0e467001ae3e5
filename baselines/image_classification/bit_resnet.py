"""The ResNet of Big Transfer."""

from typing import Annotated, Literal

from annotated_types import Gt
from torch import Tensor, nn

from harness.nn.resnet import ResNet, ResNetOptions
from harness.tasks.image_classification import ImageModel, Shape


class BitResNet(ImageModel):
    """x."""

    name = "bit_resnet"

    def build(self, shape: Shape, classes: int) -> nn.Module:
        if max(shape[:2]) <= 8:
            o = ResNetOptions(shape.channels, (1, 1), 8, (1, 2), 8, "small images")
        else:
            o = ResNetOptions(shape.channels, (1, 1, 1), 16, (2, 2, 2), 8, "small images")
        return _C(ResNet(o), classes)


class _C(nn.Module):
    def __init__(self, body: ResNet, classes: int) -> None:
        super().__init__()
        self.body = body
        self.head = nn.Linear(body.outputs, classes)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(self, images: Tensor) -> Tensor:
        return self.head(self.body(images).mean((2, 3)))
