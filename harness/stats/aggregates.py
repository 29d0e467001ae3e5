"""Aggregates over runs and cases, as Agarwal et al. (2021) propose them, and their stratified bootstrap.

Scores are [runs, cases]; the runs of different cases have nothing to do with each other.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from harness.stats.intervals import Floats, Interval
from harness.stats.resampling import RESAMPLES, generator, percentile_interval

TRIMMED = 0.25
"""The share of the lowest and of the highest scores that an interquartile mean leaves out."""


def interquartile_mean(scores: ArrayLike) -> Floats:
    """The mean [...] of the middle half of all scores [..., runs, cases]."""
    from scipy.stats import trim_mean

    array = np.asarray(scores, dtype=np.float64)
    return np.asarray(trim_mean(array.reshape(*array.shape[:-2], -1), TRIMMED, axis=-1))


def probability_of_improvement(of: ArrayLike, over: ArrayLike) -> Floats:
    """How often [...] a run of `of` [..., runs, cases] has a higher score than one of `over` [..., other runs, cases]
    in the same case; a mean over cases. Ties count half."""
    ours, theirs = (np.asarray(scores, dtype=np.float64) for scores in (of, over))
    difference = ours[..., :, None, :] - theirs[..., None, :, :]
    return np.asarray(((difference > 0) + 0.5 * (difference == 0)).mean(axis=(-3, -2, -1)))


def performance_profile(scores: ArrayLike, thresholds: ArrayLike) -> Floats:
    """The share [thresholds] of all scores that lie above each threshold."""
    ordered = np.sort(np.ravel(np.asarray(scores, dtype=np.float64)))
    return np.asarray(
        1 - np.searchsorted(ordered, np.asarray(thresholds, dtype=np.float64), side="right") / len(ordered)
    )


def stratified_interval(statistic: Callable[..., Floats], *samples: ArrayLike, resamples: int = RESAMPLES) -> Interval:
    """The percentile interval of a statistic of samples [runs, cases], whose runs are drawn with replacement, case by
    case and sample by sample. The statistic takes stacks of samples [resamples, runs, cases], one of each sample, and
    returns a number for each [resamples]."""
    arrays = [np.asarray(sample, dtype=np.float64) for sample in samples]
    rng = generator(*arrays)
    drawn = [rng.integers(len(array), size=(resamples, *array.shape)) for array in arrays]
    return percentile_interval(
        statistic(*(np.take_along_axis(array[None], rows, 1) for array, rows in zip(arrays, drawn, strict=True)))
    )
