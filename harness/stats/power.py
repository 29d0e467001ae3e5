"""Power: how often experiments would show what a hypothesis asks, were the effect as large as its margin."""

import math

import numpy as np

from harness.stats.intervals import ALPHA
from harness.stats.regions import FEWEST_SEEDS, MOST_SEEDS, Region

_NODES = 1000
"""Into so many equally likely parts the distribution of the sample's deviation is cut: errors are below .001."""


def power(region: Region, deviation: float, seeds: int) -> float:
    """The share of experiments with so many seeds, at least 5, whose interval would show what a region requires.

    The numbers by seed are taken to be normal with a standard `deviation` on the region's scale. Their mean is the
    margin for `greater`, and 0, no difference, for `noninferior` and `equivalent`. NaN for `within` and without a
    margin: these name no effect that should be found.
    """
    from scipy.special import chdtri, ndtr, stdtrit

    if region.kind == "within" or not region.margin > 0:
        return math.nan
    # Given the sample's deviation, the interval lies between the limits if the sample's mean keeps half of the
    # interval's width from them; that probability is averaged over the distribution of the sample's deviation.
    lower, upper = region.limits
    effect = region.margin if region.kind == "greater" else 0.0
    shares = (np.arange(_NODES) + 0.5) / _NODES
    of_samples = deviation * np.sqrt(chdtri(seeds - 1, shares) / (seeds - 1))
    error = deviation / math.sqrt(seeds)
    half = stdtrit(seeds - 1, 1 - ALPHA) * of_samples / math.sqrt(seeds)
    within = ndtr((upper - half - effect) / error) - ndtr((lower + half - effect) / error)
    return float(np.maximum(within, 0.0).mean())


def seeds_for_power(region: Region, deviation: float, wanted: float) -> float:
    """The fewest seeds, at least 5, with which the power is at least `wanted`; infinity beyond 99, NaN where the
    power is."""
    if math.isnan(power(region, deviation, FEWEST_SEEDS)):
        return math.nan
    numbers = range(FEWEST_SEEDS, MOST_SEEDS + 1)
    return next((float(number) for number in numbers if power(region, deviation, number) >= wanted), math.inf)
