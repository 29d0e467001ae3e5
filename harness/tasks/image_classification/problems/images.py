"""What classifiers of images learn from and are tested on: `Images`; and, where these change in size, `Resolutions`."""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

SCALED_TOGETHER = 1000
"""Images that are scaled at a time."""


class Shape(NamedTuple):
    """The size of an image: rows, columns, channels (1 = grey, 3 = red, green and blue)."""

    height: int
    width: int
    channels: int


@dataclass(frozen=True)
class Images:
    """Labelled images: `pixels` U8[n h w c] and `labels` I64[n] below `classes`."""

    pixels: np.ndarray
    labels: np.ndarray
    classes: int

    @property
    def shape(self) -> Shape:
        """That of every image."""
        return Shape(*self.pixels.shape[1:])

    def at(self, rows: np.ndarray) -> "Images":
        """Those of the rows I64[k] or Bool[n]."""
        return replace(self, pixels=self.pixels[rows], labels=self.labels[rows])

    def scaled(self, side: int) -> "Images":
        """The same images, `side` pixels high and wide: bilinear interpolation, smoothed where they become smaller."""
        parts = torch.split(torch.tensor(self.pixels).permute(0, 3, 1, 2), SCALED_TOGETHER)
        found = torch.cat([_scaled(part, side) for part in parts])
        return replace(self, pixels=found.permute(0, 2, 3, 1).contiguous().numpy())


@dataclass(frozen=True)
class Resolutions:
    """The same images twice: `low`, which are learned first, and `high`, with more pixels, for a short fine-tuning."""

    low: Images
    high: Images


def _scaled(pixels: Tensor, side: int) -> Tensor:
    """U8[n c side side] of U8[n c h w]."""
    found = nn.functional.interpolate(pixels.float(), (side, side), mode="bilinear", antialias=True)
    return found.round().to(torch.uint8)
