"""p-values: how often random signs would make differences sum as high as they did, and the correction for many."""

import math

import numpy as np
from numpy.typing import ArrayLike

from harness.stats.intervals import Floats
from harness.stats.resampling import generator

MOST_EXACT = 20
"""Largest number of differences whose 2^n sign flips are all counted."""
FLIPS = 1 << 16
"""Random sign flips beyond that."""
_AT_ONCE = 64
"""How many differences' random signs are held in memory at a time."""


def signflip_p(values: ArrayLike, tau: float = 0.0) -> Floats:
    """One-sided p [...] of `values` [..., n] lying above `tau`; a single sample gives a scalar array.

    The share of the 2^n sign flips of (value - tau) whose sum is at least the observed sum, exact to n = 20; beyond, a
    Monte-Carlo estimate that counts the observed flip itself, so that it is never 0. NaN where a value is NaN. Valid
    where the differences are symmetric about their centre.
    """
    shifted = np.asarray(values, dtype=np.float64) - tau
    n = shifted.shape[-1]
    observed = shifted.sum(axis=-1)
    # Sums that are equal on paper may differ in their last bits: they count as reached.
    reached = (observed - 1e-12 * np.abs(shifted).sum(axis=-1))[..., None]
    if n <= MOST_EXACT:
        p = (_all_flips(shifted) >= reached).mean(axis=-1)
    else:
        p = (1 + (_random_flips(shifted) >= reached).sum(axis=-1)) / (1 + FLIPS)
    return np.asarray(np.where(np.isnan(observed), np.nan, p))


def attainable_p(n: int) -> float:
    """The smallest p that `n` seeds can reach: 1 / 2^n, when every one of them lies above tau."""
    return 0.5**n


def attainable_level(n: int, alpha: float) -> float:
    """The largest p of at most `alpha` that `n` differences can have, with which the exact test errs where they are
    symmetric: 1/32 for 5 seeds and .05."""
    return math.floor(alpha * 2.0**n + 1e-9) / 2.0**n


def holm(p: ArrayLike) -> Floats:
    """Adjusted p-values [m] of a family `p` [m] (Holm, 1979); a NaN stays NaN and does not count in the family."""
    raw = np.asarray(p, dtype=np.float64)
    adjusted = np.full(raw.shape, np.nan)
    known = np.flatnonzero(~np.isnan(raw))
    order = known[np.argsort(raw[known], kind="stable")]
    steps = raw[order] * np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return adjusted


def _all_flips(shifted: Floats) -> Floats:
    """Sums [..., 2^n] of all sign flips of `shifted` [..., n]."""
    sums = np.zeros((*shifted.shape[:-1], 1))
    for i in range(shifted.shape[-1]):
        one = shifted[..., i : i + 1]
        sums = np.concatenate([sums + one, sums - one], axis=-1)
    return sums


def _random_flips(shifted: Floats) -> Floats:
    """Sums [..., FLIPS] of random sign flips of `shifted` [..., n]."""
    rng = generator(shifted)
    kept = np.zeros((*shifted.shape[:-1], FLIPS))
    for start in range(0, shifted.shape[-1], _AT_ONCE):
        part = shifted[..., start : start + _AT_ONCE]
        bits = np.unpackbits(np.frombuffer(rng.bytes(part.shape[-1] * FLIPS // 8), dtype=np.uint8))
        kept += part @ bits.reshape(-1, FLIPS).astype(np.float64)
    # What keeps its sign minus what does not.
    return np.asarray(2 * kept - shifted.sum(axis=-1, keepdims=True))
