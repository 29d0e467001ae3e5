"""Intervals: `Interval`, Student's t over seeds, and the exact interval of a share."""

import math
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats: TypeAlias = NDArray[np.float64]

ALPHA = 0.05
"""Error of each side. The two-sided interval has level 1 - 2 alpha: 90 %, and is printed as such."""


ROUNDING = 1e-12
"""Numbers that differ by a smaller share are the same, computed in another way."""


class Interval(NamedTuple):
    """Two bounds; both NaN, shown as `n/a`, where there is no interval."""

    lo: float
    hi: float

    def cut(self, least: float, most: float) -> "Interval":
        """The part of the interval that lies between two values, beyond which the quantity cannot lie."""
        return Interval(max(self.lo, least), min(self.hi, most)) if self.lo <= self.hi else self

    def __str__(self) -> str:
        return "n/a" if math.isnan(self.lo) or math.isnan(self.hi) else f"[{self.lo:.4g}, {self.hi:.4g}]"


NO_INTERVAL = Interval(math.nan, math.nan)


def varies(values: ArrayLike) -> NDArray[np.bool_]:
    """Whether numbers [..., n] differ by more than what rounding makes of equal ones."""
    sample = np.asarray(values, dtype=np.float64)
    differ: NDArray[np.bool_] = np.ptp(sample, axis=-1) > ROUNDING * np.abs(sample).max(axis=-1)
    return differ


def t_bounds(values: ArrayLike, alpha: float = ALPHA) -> Floats:
    """Bounds [..., 2] of the mean of `values` [..., n]: mean -+ t(1 - alpha, n - 1) s / sqrt(n).

    NaN where n < 2, and where the values do not vary: what does not vary with the seed has no interval over
    seeds, rather than an infinitely narrow one.
    """
    from scipy.special import stdtrit

    sample = np.asarray(values, dtype=np.float64)
    n = sample.shape[-1]
    if n < 2:
        return np.full((*sample.shape[:-1], 2), np.nan)
    half = stdtrit(n - 1, 1 - alpha) * sample.std(axis=-1, ddof=1) / math.sqrt(n)
    half = np.where(varies(sample), half, np.nan)
    mean = sample.mean(axis=-1)
    return np.stack([mean - half, mean + half], axis=-1)


def t_interval(values: ArrayLike, alpha: float = ALPHA) -> Interval:
    """The t interval of the mean of `values` [n], one number a seed; `NO_INTERVAL` where there is none."""
    return Interval(*t_bounds(np.ravel(np.asarray(values)), alpha).tolist())


def share_interval(correct: float, total: float, alpha: float = ALPHA) -> Interval:
    """The exact interval of a share of `correct` in `total` items (Clopper & Pearson, 1934).

    It has a width where all items agree: 1,000 of 1,000 give [.997, 1].
    """
    from scipy.special import betaincinv

    if not 0 <= correct <= total or total == 0:
        return NO_INTERVAL
    lo = 0.0 if correct == 0 else float(betaincinv(correct, total - correct + 1, alpha))
    hi = 1.0 if correct == total else float(betaincinv(correct + 1, total - correct, 1 - alpha))
    return Interval(lo, hi)
