"""Images as sequences of black and white pixels, row by row, at any resolution."""

from typing import Final

import numpy as np

VOCABULARY: Final = 2
CLASSES: Final = 10


def resized(images: np.ndarray, side: int, resize: str) -> np.ndarray:
    """F64[n side side]: images U8[n h h] at another resolution.

    `area`: every pixel is the mean over the square that it covers, parts of pixels included. `nearest`: it is the pixel
    in whose square its centre lies, as in the authors' code.
    """
    original = images.shape[1]
    if resize == "nearest":
        rows = ((np.arange(side) + 0.5) * original / side).astype(np.intp)
        return images[:, rows[:, None], rows].astype(np.float64)
    if resize != "area":
        raise ValueError(f"images are resized by 'area' or 'nearest', not by '{resize}'")
    weights = _overlaps(side, original)
    return np.asarray(weights @ images @ weights.T)


def inked(images: np.ndarray, threshold: float, brightest: int) -> np.ndarray:
    """`symbols` U8[n hw]: 1 where a pixel has at least this share of the brightest one."""
    lit: np.ndarray = images >= threshold * brightest
    return lit.reshape(len(images), -1).astype(np.uint8)


def _overlaps(side: int, original: int) -> np.ndarray:
    """F64[side original]: the share of each new pixel, along one axis, that each original pixel fills."""
    edges = np.arange(side + 1) * original / side
    old = np.arange(original + 1)
    ends = np.minimum(edges[1:, None], old[1:]) - np.maximum(edges[:-1, None], old[:-1])
    return np.asarray(ends.clip(0) * side / original)
