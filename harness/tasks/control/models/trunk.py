"""What agents see with: convolutions, which actor and critic share; and the initialisation of all networks."""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import TypeAlias

from torch import Tensor, nn

from harness.tasks.control.problems.environment import Spaces
from harness.tasks.control.problems.sight import Sight

BRIGHTEST = 255
KERNEL = 3


class Convolutions(nn.Sequential):
    """Convolutions of 3x3 pixels with rectifiers (Yarats et al., 2021): pictures [n c h w] of 0 ... 255 -> features
    F32[n width]."""

    def __init__(self, pixels: tuple[int, int, int], filters: int, strides: Sequence[int]) -> None:
        channels, *sides = pixels
        layers: list[nn.Module] = []
        for inputs, stride in zip([channels, *[filters] * (len(strides) - 1)], strides, strict=True):
            layers += [nn.Conv2d(inputs, filters, KERNEL, stride), nn.ReLU(inplace=True)]
            sides = [(side - KERNEL) // stride + 1 for side in sides]
        super().__init__(*layers, nn.Flatten())
        self.width = filters * math.prod(sides)

    def forward(self, pictures: Tensor) -> Tensor:
        features: Tensor = super().forward(pictures.float() / BRIGHTEST)
        return features


class NoConvolutions(nn.Flatten):
    """States F32[n s 1 1] as they are: F32[n s]."""

    def __init__(self, state: int) -> None:
        super().__init__()
        self.width = state


Trunk: TypeAlias = Convolutions | NoConvolutions


def trunk(sight: Sight, spaces: Spaces, filters: int, strides: Sequence[int]) -> Trunk:
    """What an agent of this sight sees with."""
    shape = sight.shape(spaces)
    return Convolutions(shape, filters, strides) if sight.observes == "pixels" else NoConvolutions(shape[0])


def project(width: int, latent: int) -> nn.Module:
    """The layer between convolutions and what follows, of which actor and critic have one each."""
    return nn.Sequential(nn.Linear(width, latent), nn.LayerNorm(latent), nn.Tanh())


def layers(*widths: int) -> nn.Sequential:
    """Linear layers with rectifiers in between."""
    made: list[nn.Module] = []
    for inputs, outputs in pairwise(widths):
        made += [nn.Linear(inputs, outputs), nn.ReLU(inplace=True)]
    return nn.Sequential(*made[:-1])


def initialise(module: nn.Module) -> None:
    """Orthogonal weights, for convolutions with the gain of a rectifier, and biases of zero, as in DrQ's code."""
    for part in module.modules():
        if isinstance(part, nn.Conv2d | nn.Linear):
            gain = nn.init.calculate_gain("relu") if isinstance(part, nn.Conv2d) else 1.0
            nn.init.orthogonal_(part.weight, gain)
            assert part.bias is not None
            nn.init.zeros_(part.bias)
