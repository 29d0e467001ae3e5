"""`Images`, which classifiers learn from and are tested on; and `Resolutions`, the same images at two sizes."""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

SCALE_BATCH = 1000
"""The number of images that are scaled at a time."""


class Shape(NamedTuple):
    """The size of an image: rows, columns and channels (1 = grey; 3 = red, green and blue)."""

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
        """The shape that all images have."""
        return Shape(*self.pixels.shape[1:])

    def select(self, rows: np.ndarray) -> "Images":
        """The images of the rows I64[k] or Bool[n]."""
        return replace(self, pixels=self.pixels[rows], labels=self.labels[rows])

    def scaled(self, side: int) -> "Images":
        """The same images at `side` x `side` pixels, by bilinear interpolation with antialiasing."""
        parts = torch.split(torch.tensor(self.pixels).permute(0, 3, 1, 2), SCALE_BATCH)
        pixels = torch.cat([_scale(part, side) for part in parts])
        return replace(self, pixels=pixels.permute(0, 2, 3, 1).contiguous().numpy())


@dataclass(frozen=True)
class Resolutions:
    """The same images twice: `low`, which are learned from first, and `high`, with more pixels, for fine-tuning."""

    low: Images
    high: Images


def _scale(pixels: Tensor, side: int) -> Tensor:
    """The images U8[n c h w] at U8[n c side side]."""
    scaled = nn.functional.interpolate(pixels.float(), (side, side), mode="bilinear", antialias=True)
    return scaled.round().to(torch.uint8)
