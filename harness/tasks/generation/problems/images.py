"""`Images`, which generators learn from; how many grey levels they have, and how they are scaled."""

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Images:
    """Labelled images: `pixels` U8[n h w c] below `levels`, and `labels` I64[n] below `classes`."""

    pixels: np.ndarray
    labels: np.ndarray
    classes: int
    levels: int = 256

    def __post_init__(self) -> None:
        if self.pixels.dtype != np.uint8 or self.pixels.ndim != 4:
            raise ValueError(f"images must be U8[n h w c], not {self.pixels.dtype}{list(self.pixels.shape)}")
        if len(self.labels) != len(self.pixels):
            raise ValueError(f"{len(self.pixels)} images have {len(self.labels)} labels")
        if self.pixels.size and int(self.pixels.max()) >= self.levels:
            raise ValueError(f"a pixel is {self.pixels.max()}, but pixels must be below {self.levels}")

    def __len__(self) -> int:
        return len(self.pixels)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels."""
        _, height, width, channels = self.pixels.shape
        return height, width, channels

    @property
    def brightness(self) -> Tensor:
        """F32[n c h w] between 0 for black and 1 for white: the middle of each pixel's grey level."""
        return (channels_first(self.pixels).float() + 0.5) / self.levels

    def select(self, rows: np.ndarray) -> "Images":
        """The images of the rows I64[k] or Bool[n]."""
        return replace(self, pixels=self.pixels[rows], labels=self.labels[rows])

    def shrunk(self, side: int) -> "Images":
        """The images at `side` x `side` pixels, each the rounded mean over the area that it covers."""
        if self.shape[:2] == (side, side):
            return self
        pixels = torch.tensor(self.pixels).permute(0, 3, 1, 2).float()
        means = nn.functional.adaptive_avg_pool2d(pixels, side).round().to(torch.uint8)
        return replace(self, pixels=means.permute(0, 2, 3, 1).contiguous().numpy())


def dequantised(brightness: Tensor, levels: int, generator: torch.Generator) -> Tensor:
    """F32[n c h w]: brightness with uniform noise as wide as one of the grey levels, so that it has a density."""
    noise = torch.rand(brightness.shape, generator=generator, device=brightness.device)
    return brightness + (noise - 0.5) / levels


def quantised(values: np.ndarray, levels: int) -> np.ndarray:
    """U8[n h w c] below `levels`: values F32[n h w c] cut to grey levels, which undoes `dequantised`, too. What lies
    outside [0, 1) is clipped."""
    pixels: np.ndarray = np.clip(np.floor(values * levels), 0, levels - 1).astype(np.uint8)
    return pixels


def channels_first(pixels: np.ndarray) -> Tensor:
    """U8[n c h w] from U8[n h w c]."""
    return torch.tensor(pixels).permute(0, 3, 1, 2).contiguous()
