"""Holm's correction for contrasts that nobody stated beforehand."""

import numpy as np
from numpy.typing import ArrayLike

from harness.stats.resampling import Floats


def holm(p: ArrayLike) -> Floats:
    """Adjusted p-values [m] of a family `p` [m] (Holm, 1979); a NaN stays NaN and does not count in the family."""
    raw = np.asarray(p, dtype=np.float64)
    adjusted = np.full(raw.shape, np.nan)
    known = np.flatnonzero(~np.isnan(raw))
    order = known[np.argsort(raw[known], kind="stable")]
    steps = raw[order] * np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return adjusted
