"""Images as sequences of black and white pixels, row by row, at any resolution."""

from typing import Final

import numpy as np

VOCABULARY: Final = 2
CLASSES: Final = 10


def resize(images: np.ndarray, side: int, method: str) -> np.ndarray:
    """F64[n side side]: images U8[n h h] at another resolution.

    With the method `area` every new pixel is the mean over the square that it covers, parts of pixels included. With
    `nearest` it is the original pixel that contains its centre, as in the authors' code. Raises `ValueError` for
    another method.
    """
    original = images.shape[1]
    if method == "nearest":
        rows = ((np.arange(side) + 0.5) * original / side).astype(np.intp)
        return images[:, rows[:, None], rows].astype(np.float64)
    if method != "area":
        raise ValueError(f"images are resized by 'area' or 'nearest', not by '{resize}'")
    weights = _overlaps(side, original)
    return np.asarray(weights @ images @ weights.T)


def binarise(images: np.ndarray, threshold: float, brightest: int) -> np.ndarray:
    """U8[n hw]: 1 where a pixel has at least the share `threshold` of the brightest value."""
    bright: np.ndarray = images >= threshold * brightest
    return bright.reshape(len(images), -1).astype(np.uint8)


def _overlaps(side: int, original: int) -> np.ndarray:
    """F64[side original]: along one axis, the share of each new pixel that each original pixel covers."""
    edges = np.arange(side + 1) * original / side
    old = np.arange(original + 1)
    ends = np.minimum(edges[1:, None], old[1:]) - np.maximum(edges[:-1, None], old[:-1])
    return np.asarray(ends.clip(0) * side / original)
