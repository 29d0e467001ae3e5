"""The sizes of a Vision Transformer, by name."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from harness.tasks.image_classification import Shape

SizeName: TypeAlias = Literal["auto", "grey8", "grey28", "colour32", "Ti", "S", "B", "L", "H"]
Kind: TypeAlias = Literal["grey8", "grey28", "colour32", "photograph"]
"""Images of at most 8x8, 28x28 or 64x64 pixels, or larger ones."""


@dataclass(frozen=True)
class Size:
    """The number of layers, their width, the width of their feed-forward layers, the number of heads, and the pixels on
    a side of a patch."""

    layers: int
    width: int
    hidden: int
    heads: int
    patch: int


SIZES: Final[Mapping[str, Size]] = {
    "grey8": Size(2, 32, 64, 4, patch=2),
    "grey28": Size(4, 64, 128, 4, patch=4),
    "colour32": Size(7, 384, 1536, 6, patch=4),
    "Ti": Size(12, 192, 768, 3, patch=16),
    "S": Size(12, 384, 1536, 6, patch=16),
    "B": Size(12, 768, 3072, 12, patch=16),
    "L": Size(24, 1024, 4096, 16, patch=16),
    "H": Size(32, 1280, 5120, 16, patch=14),
}
"""The sizes of Table 1 (B, L, H) and of the authors' code (Ti, S), and smaller ones for smaller images."""


def kind_of(shape: Shape) -> Kind:
    """The kind of images of a shape."""
    side = max(shape.height, shape.width)
    return "grey8" if side <= 8 else "grey28" if side <= 28 else "colour32" if side <= 64 else "photograph"


def size_for(name: SizeName, shape: Shape) -> Size:
    """The size of that name. `auto` is the size for images of the given shape, which is B for photographs."""
    kind = kind_of(shape)
    return SIZES[name if name != "auto" else "B" if kind == "photograph" else kind]
