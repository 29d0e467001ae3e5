"""`ResNet`, the body of a pre-activation residual network with group normalisation."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from torch import Tensor, nn

from harness.nn.standardised import StandardisedConv

EXPANSION = 4
"""A stage's number of output channels, divided by the number in the middle of its blocks."""

Spatial: TypeAlias = Callable[[int, int], nn.Module]
"""Builds the layer in the middle of a block, given channels and stride: F32[n c h w] -> F32[n c h/stride w/stride]."""


@dataclass(frozen=True)
class ResNetOptions:
    """The size of a residual network.

    Stage i has `blocks[i]` blocks, and its first block has the stride `strides[i]`. `width` is the number of channels
    in the middle of the first stage's blocks; it doubles from stage to stage. `groups` is the number of groups of the
    normalisations. The root, which comes before the stages, is a 7x7 convolution and 3x3 max pooling for photographs,
    both of stride 2, and a 3x3 convolution of stride 1 for small images.
    """

    channels: int
    blocks: tuple[int, ...]
    width: int
    strides: tuple[int, ...]
    groups: int = 32
    root: Literal["photographs", "small images"] = "photographs"


class ResNet(nn.Module):
    """Pre-activation bottleneck blocks (He et al., 2016) as in Big Transfer (Kolesnikov et al., 2020).

    All convolutions are weight-standardised, all normalisations are over groups of channels, and the stride is in the
    middle of a block. `spatial` replaces the 3x3 convolutions there.
    """

    def __init__(self, options: ResNetOptions, spatial: Spatial | None = None) -> None:
        super().__init__()
        channels = options.width
        self.root = _root(options)
        blocks: list[nn.Module] = []
        for stage, (number, stride) in enumerate(zip(options.blocks, options.strides, strict=True)):
            width = options.width << stage
            for i in range(number):
                blocks.append(_Bottleneck(channels, width, stride if i == 0 else 1, options.groups, spatial or _conv))
                channels = EXPANSION * width
        self.blocks = nn.Sequential(*blocks)
        self.norm = nn.GroupNorm(options.groups, channels)
        self.outputs = channels
        """The number of output channels."""
        self.stride = math.prod(options.strides) * (4 if options.root == "photographs" else 1)
        """The number of pixels of the image per position of the output, along one side."""

    def forward(self, images: Tensor) -> Tensor:
        """F32[n c h w] -> F32[n outputs h/stride w/stride], sizes rounded up; normalised and rectified."""
        features: Tensor = self.norm(self.blocks(self.root(images))).relu()
        return features


class _Bottleneck(nn.Module):
    def __init__(self, inputs: int, width: int, stride: int, groups: int, spatial: Spatial) -> None:
        super().__init__()
        outputs = EXPANSION * width
        self.norm = nn.GroupNorm(groups, inputs)
        self.shortcut = StandardisedConv(inputs, outputs, 1, stride) if (inputs, stride) != (outputs, 1) else None
        self.branch = nn.Sequential(
            StandardisedConv(inputs, width, 1),
            nn.GroupNorm(groups, width),
            nn.ReLU(inplace=True),
            spatial(width, stride),
            nn.GroupNorm(groups, width),
            nn.ReLU(inplace=True),
            StandardisedConv(width, outputs, 1),
        )

    def forward(self, images: Tensor) -> Tensor:
        active = self.norm(images).relu()
        added: Tensor = self.branch(active) + (images if self.shortcut is None else self.shortcut(active))
        return added


def _conv(channels: int, stride: int) -> nn.Module:
    return StandardisedConv(channels, channels, 3, stride)


def _root(options: ResNetOptions) -> nn.Module:
    if options.root == "small images":
        return StandardisedConv(options.channels, options.width, 3)
    # As in Big Transfer, images are padded with zeros before the pooling, so that zeros can be the maximum.
    return nn.Sequential(
        StandardisedConv(options.channels, options.width, 7, stride=2), nn.ZeroPad2d(1), nn.MaxPool2d(3, stride=2)
    )
