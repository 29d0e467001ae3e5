"""Big Transfer's ResNet."""

from typing import Annotated, Literal

from annotated_types import Gt
from torch import nn

from baselines.image_classification.readout import Readout
from baselines.image_classification.sizes import options_for
from harness.nn.resnet import ResNet
from harness.tasks.image_classification import ImageModel, Shape


class BitResNet(ImageModel):
    """A pre-activation ResNet with weight standardisation and group normalisation (Kolesnikov et al., 2020).

    `size` is by default chosen by the shape of the images; `factor` multiplies the width. For images below 64 pixels
    the root is a single 3x3 convolution without stride, where Big Transfer scales small images up instead.
    """

    name = "bit_resnet"
    size: Literal["auto", "grey8", "grey28", "R26", "R50", "R101", "R152"] = "auto"
    factor: Annotated[int, Gt(0)] = 1

    def build(self, shape: Shape, classes: int) -> nn.Module:
        return Readout(ResNet(options_for(self.size, self.factor, shape)), classes)
