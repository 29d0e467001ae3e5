"""Resampling: generators derived from the numbers that they resample (the same numbers, the same bytes), and the
bootstrap over a test set's items, with seeds averaged."""

import hashlib
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike

from harness.stats.intervals import ALPHA, NO_INTERVAL, Floats, Interval

RESAMPLES = 2000
_MOST_DRAWN = 1 << 22
"""Indices drawn at a time, which bounds memory."""


def generator(*samples: ArrayLike) -> np.random.Generator:
    """A generator seeded by the SHA-256 of the samples' shapes and float64 values."""
    digest = hashlib.sha256()
    for sample in samples:
        values = np.ascontiguousarray(sample, dtype="<f8") + 0.0  # adding zero makes -0.0 and 0.0 one number
        digest.update(str(values.shape).encode())
        digest.update(values.tobytes())
    return np.random.default_rng(int.from_bytes(digest.digest()))


def item_bootstrap(of: ArrayLike, over: ArrayLike | None = None, resamples: int = RESAMPLES) -> Floats:
    """Means [resamples] of the items' scores, or of their paired differences, over items drawn with replacement.

    `of` and `over` are [seeds, items], the same items in the same order; the metric is the mean over items. Seeds are
    averaged first: what varies is which items the test set happens to hold. Equally many items are drawn in the same
    way, so that means of several measurements of the same items may be averaged.
    """
    means = _means_of_resamples(of, resamples)
    return means if over is None else means - _means_of_resamples(over, resamples)


def _means_of_resamples(scores: ArrayLike, resamples: int) -> Floats:
    array = np.asarray(scores, dtype=np.float64)
    # The scores are added before anything is divided: sums of right (1) and wrong (0) are exact on every processor.
    return np.asarray(_times_drawn(array.shape[1], resamples) @ array.sum(axis=0) / array.size)


@lru_cache(maxsize=2)
def _times_drawn(n: int, resamples: int) -> Floats:
    """How often [resamples, n] each resample draws each of n items. Claims on one test set share the counts; those
    of some tasks take turns between two test sets."""
    rng = generator(np.array([float(n)]))
    counts = np.empty((resamples, n), dtype=np.float64)
    for first in range(0, resamples, at_once := max(1, _MOST_DRAWN // n)):
        block = counts[first : first + at_once]
        starts = n * np.arange(len(block))[:, None]
        drawn = rng.integers(0, n, size=block.shape) + starts
        block[:] = np.bincount(drawn.ravel(), minlength=block.size).reshape(block.shape)
    return counts


def percentile_interval(draws: ArrayLike, alpha: float = ALPHA) -> Interval:
    """The central 1 - 2 alpha of a bootstrap's draws; `NO_INTERVAL` where one of them is NaN."""
    lo, hi = np.quantile(np.asarray(draws, dtype=np.float64), [alpha, 1 - alpha])
    return Interval(float(lo), float(hi)) if lo <= hi else NO_INTERVAL
