"""Bootstraps: over a test set's items with seeds averaged, and over runs within tasks (Agarwal et al., 2021)."""

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from harness.stats.intervals import ALPHA, NO_INTERVAL, Interval
from harness.stats.resampling import Floats, generator

RESAMPLES = 2000
_MOST_DRAWN = 1 << 22
"""Indices drawn at a time, which bounds memory."""

Strata: TypeAlias = Sequence[Floats]
Statistic: TypeAlias = Callable[[Strata], Floats]
"""From strata, each [..., runs], to a number [...] for each leading index."""


def item_bootstrap(of: ArrayLike, over: ArrayLike | None = None, resamples: int = RESAMPLES) -> Floats:
    """Means [resamples] of the items' scores, or of their paired differences, over items drawn with replacement.

    `of` and `over` are [seeds, items], the same items in the same order; the metric is the mean over items. Seeds are
    averaged first: what varies is which items the test set happens to hold. Equally many items are drawn in the same
    way, so that means of several measurements of the same items may be averaged.
    """
    items = np.mean(np.asarray(of, dtype=np.float64), axis=0)
    if over is not None:
        items = items - np.mean(np.asarray(over, dtype=np.float64), axis=0)
    n = len(items)
    rng = generator(np.array([float(n)]))
    at_once = max(1, _MOST_DRAWN // n)
    means = [
        items[rng.integers(0, n, size=(min(at_once, resamples - done), n))].mean(axis=1)
        for done in range(0, resamples, at_once)
    ]
    return np.concatenate(means)


def percentile_interval(draws: ArrayLike, alpha: float = ALPHA) -> Interval:
    """The central 1 - 2 alpha of a bootstrap's draws; `NO_INTERVAL` where one of them is NaN."""
    lo, hi = np.quantile(np.asarray(draws, dtype=np.float64), [alpha, 1 - alpha])
    return Interval(float(lo), float(hi)) if lo <= hi else NO_INTERVAL


def stratified_bootstrap(
    strata: Strata, statistic: Statistic, resamples: int = RESAMPLES, alpha: float = ALPHA
) -> Interval:
    """Percentile interval of a statistic over runs drawn with replacement within each stratum [runs] (a task)."""
    tasks = [np.asarray(stratum, dtype=np.float64) for stratum in strata]
    if any(len(task) < 2 for task in tasks):
        return NO_INTERVAL
    rng = generator(*tasks)
    drawn = [task[rng.integers(0, len(task), size=(resamples, len(task)))] for task in tasks]
    return percentile_interval(statistic(drawn), alpha)


def interquartile_mean(strata: Strata) -> Floats:
    """Mean of the middle half of all runs [...] of all tasks, pooled (a 25 % trimmed mean); NaN if a run is NaN."""
    pooled = np.sort(np.concatenate([np.asarray(stratum, dtype=np.float64) for stratum in strata], axis=-1), axis=-1)
    n = pooled.shape[-1]
    cut = n // 4
    mean = pooled[..., cut : n - cut].mean(axis=-1)
    return np.asarray(np.where(np.isnan(pooled[..., -1]), np.nan, mean))  # a sort puts NaN last


def probability_of_improvement(of: Strata, over: Strata) -> Floats:
    """Mean over tasks of P(a run of `of` scores above a run of `over`), ties counting half; higher is better.

    For its interval: `stratified_bootstrap([*of, *over], lambda s: probability_of_improvement(s[:k], s[k:]))` with k
    tasks.
    """
    chances = []
    for x, y in zip(of, over, strict=True):
        a, b = np.asarray(x, dtype=np.float64)[..., :, None], np.asarray(y, dtype=np.float64)[..., None, :]
        wins = (a > b) + 0.5 * (a == b)
        chances.append(np.where(np.isnan(a + b), np.nan, wins).mean(axis=(-2, -1)))
    return np.asarray(np.mean(chances, axis=0))
