"""Generators for resampling, each derived from the numbers that it resamples: the same numbers, the same bytes."""

import hashlib
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats: TypeAlias = NDArray[np.float64]


def generator(*samples: ArrayLike) -> np.random.Generator:
    """A generator seeded by the SHA-256 of the samples' shapes and float64 values."""
    digest = hashlib.sha256()
    for sample in samples:
        values = np.ascontiguousarray(sample, dtype="<f8") + 0.0  # adding zero makes -0.0 and 0.0 one number
        digest.update(str(values.shape).encode())
        digest.update(values.tobytes())
    return np.random.default_rng(int.from_bytes(digest.digest()))
