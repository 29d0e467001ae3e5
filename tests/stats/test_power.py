"""How often experiments show an effect as large as the margin."""

import math

import numpy as np
import pytest
from scipy.stats import nct, t

from harness.stats.intervals import t_bounds
from harness.stats.power import power, seeds_for_power
from harness.stats.regions import Region

GREATER, NONINFERIOR, EQUIVALENT = (
    Region("greater", margin=0.01),
    Region("noninferior", margin=0.01),
    Region("equivalent", margin=0.01),
)


@pytest.mark.parametrize("seeds", [5, 8, 20])
@pytest.mark.parametrize("deviation", [0.005, 0.02, 0.1])
def test_one_limit_has_the_power_of_the_t_test(deviation: float, seeds: int) -> None:
    known = 1 - nct.cdf(t.ppf(0.95, seeds - 1), seeds - 1, 0.01 * math.sqrt(seeds) / deviation)
    assert power(GREATER, deviation, seeds) == pytest.approx(known, abs=0.001)
    assert power(NONINFERIOR, deviation, seeds) == pytest.approx(known, abs=0.001)


@pytest.mark.parametrize("deviation", [0.004, 0.01, 0.03])
def test_two_limits_have_the_power_that_a_simulation_finds(deviation: float) -> None:
    bounds = t_bounds(np.random.default_rng(0).normal(0, deviation, size=(100_000, 6)))
    simulated = ((bounds[:, 0] > -0.01) & (bounds[:, 1] < 0.01)).mean()
    assert power(EQUIVALENT, deviation, 6) == pytest.approx(simulated, abs=0.006)


def test_the_fewest_seeds_with_half_of_the_power() -> None:
    needed = seeds_for_power(GREATER, 0.02, 0.5)
    assert power(GREATER, 0.02, int(needed)) >= 0.5 > power(GREATER, 0.02, int(needed) - 1)
    assert seeds_for_power(GREATER, 0.001, 0.5) == 5
    assert math.isinf(seeds_for_power(GREATER, 1.0, 0.5))


@pytest.mark.parametrize("region", [Region("within", lower=0.1), Region("greater", margin=0.0)], ids=str)
def test_where_no_effect_is_named_there_is_no_power(region: Region) -> None:
    assert math.isnan(power(region, 0.01, 5))
    assert math.isnan(seeds_for_power(region, 0.01, 0.5))
