"""The sizes of residual networks, by name."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from harness.nn.resnet import ResNetOptions
from harness.tasks.image_classification import Shape

SizeName: TypeAlias = Literal["auto", "grey8", "grey28", "R26", "R50", "R101", "R152"]

PHOTOGRAPH: Final = 64
"""Images with this many pixels on a side or more have the root for photographs."""


@dataclass(frozen=True)
class Size:
    """The blocks and the stride of every stage, the channels in the middle of the first stage's blocks, and the groups
    of the normalisations."""

    blocks: tuple[int, ...]
    strides: tuple[int, ...] = (1, 2, 2, 2)
    width: int = 64
    groups: int = 32


SIZES: Final[Mapping[str, Size]] = {
    "grey8": Size((1, 1), (2, 2), width=16, groups=8),
    "grey28": Size((1, 1, 1), (2, 2, 2), width=16, groups=8),
    "R26": Size((2, 2, 2, 2)),
    "R50": Size((3, 4, 6, 3)),
    "R101": Size((3, 4, 23, 3)),
    "R152": Size((3, 8, 36, 3)),
}
"""The sizes of Big Transfer, and smaller ones in which an image takes about as long as in the ViT of the same kind."""


def options_for(name: SizeName, factor: int, shape: Shape) -> ResNetOptions:
    """The options for images of a shape: those of the size of that name, or, for `auto`, of the size for such images,
    `factor` times as wide."""
    side = max(shape.height, shape.width)
    if name == "auto":
        name = "grey8" if side <= 8 else "grey28" if side <= 28 else "R26" if side < PHOTOGRAPH else "R50"
    size = SIZES[name]
    return ResNetOptions(
        channels=shape.channels,
        blocks=size.blocks,
        strides=size.strides,
        width=factor * size.width,
        groups=size.groups,
        root="photographs" if side >= PHOTOGRAPH else "small images",
    )
