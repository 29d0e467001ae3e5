"""A ResNet of lambda layers."""

from functools import partial
from typing import Annotated, Literal

from annotated_types import Gt
from torch import nn

from baselines.image_classification.lambda_layer import LambdaLayer
from baselines.image_classification.readout import Readout
from baselines.image_classification.sizes import options_for
from harness.nn.resnet import ResNet
from harness.tasks.image_classification import ImageModel, Shape


class LambdaResNet(ImageModel):
    """Big Transfer's ResNet with lambda layers in place of the 3x3 convolutions (Bello, 2021).

    Where a convolution has a stride, 3x3 average pooling with this stride follows the lambda layer. `heads`, `keys`
    (k), `depth` (u) and `scope` (m, odd) are parameters of the layer. The paper's own network is batch-normalised and
    normalises after its convolutions; here nothing but the layer differs from `bit_resnet`.
    """

    name = "lambda_resnet"
    from_tier = "small"
    cases = ("n100", "resolution_digits", "n16000", "cifar10", "cost")
    size: Literal["auto", "grey8", "grey28", "R26", "R50", "R101", "R152"] = "auto"
    heads: Annotated[int, Gt(0)] = 4
    keys: Annotated[int, Gt(0)] = 16
    depth: Annotated[int, Gt(0)] = 1
    scope: Annotated[int, Gt(0)] = 7

    def build(self, shape: Shape, classes: int) -> nn.Module:
        layer = partial(LambdaLayer, heads=self.heads, keys=self.keys, depth=self.depth, scope=self.scope)
        return Readout(ResNet(options_for(self.size, 1, shape), partial(_strided, layer)), classes)


def _strided(layer: partial[LambdaLayer], channels: int, stride: int) -> nn.Module:
    if stride == 1:
        return layer(channels)
    return nn.Sequential(layer(channels), nn.AvgPool2d(3, stride, padding=1))
