"""What agents see with: convolutions, which actor and critic share; and the initialisation of all networks."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn

from harness.tasks.control.problems.environment import Spaces
from harness.tasks.control.problems.sight import Sight

BRIGHTEST = 255
CACHE_BYTES = 2**20
"""The size of a processor core's own cache, roughly."""


@dataclass(frozen=True)
class ConvolutionSizes:
    """Numbers of filters, sizes of kernels and strides of the convolutions, one after the other."""

    filters: Sequence[int]
    kernels: Sequence[int]
    strides: Sequence[int]


class Convolutions(nn.Module):
    """Convolutions with rectifiers, without padding: pictures [n c h w] of 0 ... 255 -> features F32[n width].

    A processor takes so many pictures at a time that what each layer makes of them stays in its cache. An update of DrQ
    from pictures of 48 x 48 or 84 x 84 takes two thirds of the time that it takes with all pictures at once.

    Raises `ValueError` if a picture is smaller than what the convolutions need.
    """

    def __init__(self, shape: tuple[int, int, int], sizes: ConvolutionSizes) -> None:
        super().__init__()
        inputs, *sides = shape
        made: list[nn.Module] = []
        largest = 1
        for filters, kernel, stride in zip(sizes.filters, sizes.kernels, sizes.strides, strict=True):
            made += [nn.Conv2d(inputs, filters, kernel, stride), nn.ReLU(inplace=True)]
            inputs, sides = filters, [(side - kernel) // stride + 1 for side in sides]
            largest = max(largest, inputs * math.prod(sides))
        if min(sides) < 1:
            raise ValueError(
                f"pictures of {shape[1]} x {shape[2]} pixels are too small for these convolutions: {sizes}"
            )
        self.layers = nn.Sequential(*made, nn.Flatten())
        self.width = inputs * math.prod(sides)
        self.block = max(1, CACHE_BYTES // (largest * torch.float32.itemsize))

    def forward(self, pictures: Tensor) -> Tensor:
        block = self.block if pictures.device.type == "cpu" else len(pictures)
        return torch.cat([self.layers(part.float() / BRIGHTEST) for part in torch.split(pictures, block)])


class NoConvolutions(nn.Flatten):
    """States F32[n s 1 1] as they are: F32[n s]."""

    def __init__(self, state: int) -> None:
        super().__init__()
        self.width = state


Trunk: TypeAlias = Convolutions | NoConvolutions


def trunk(sight: Sight, spaces: Spaces, settings: Mapping[str, Any]) -> Trunk:
    """What an agent of this sight sees with, by a run's settings."""
    shape = sight.shape(spaces)
    if sight.observes == "state":
        return NoConvolutions(shape[0])
    return Convolutions(shape, ConvolutionSizes(settings["filters"], settings["kernels"], settings["strides"]))


def project(width: int, latent: int) -> nn.Module:
    """The layer between convolutions and what follows, of which actor and critic have one each."""
    return nn.Sequential(nn.Linear(width, latent), nn.LayerNorm(latent), nn.Tanh())


def perceptron(*widths: int, linear: Callable[[int, int], nn.Linear] = nn.Linear) -> nn.Sequential:
    """Linear layers, which `linear` makes of numbers of inputs and outputs, with rectifiers in between."""
    made: list[nn.Module] = []
    for inputs, outputs in pairwise(widths):
        made += [linear(inputs, outputs), nn.ReLU(inplace=True)]
    return nn.Sequential(*made[:-1])


def initialise(module: nn.Module) -> None:
    """Orthogonal weights, for convolutions with the gain of a rectifier, and biases of zero, as in DrQ's code."""
    for part in module.modules():
        if isinstance(part, nn.Conv2d | nn.Linear):
            gain = nn.init.calculate_gain("relu") if isinstance(part, nn.Conv2d) else 1.0
            nn.init.orthogonal_(part.weight, gain)
            assert part.bias is not None
            nn.init.zeros_(part.bias)
