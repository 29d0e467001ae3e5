"""The exact test by hand, and the level that it holds."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.stats.pvalues import attainable_p, signflip_p


def test_p_by_hand() -> None:
    # Of the eight sums of +-1 +-2 +-3 only 6 reaches 6; with -1 in place of 1 the sums 6 and 4 reach 4.
    assert signflip_p([1.0, 2.0, 3.0]) == 1 / 8
    assert signflip_p([-1.0, 2.0, 3.0]) == 2 / 8
    assert signflip_p([1.0, 2.0, 3.0], tau=2.0) == 6 / 8  # of -1, 0, 1: two sums are -2, four 0, two 2


@pytest.mark.parametrize("n", [1, 3, 5, 8])
def test_the_smallest_p_needs_every_seed_above_tau(n: int) -> None:
    assert signflip_p(np.arange(1, n + 1)) == attainable_p(n) == 1 / 2**n


def test_five_seeds_reach_five_per_cent_and_four_do_not() -> None:
    assert attainable_p(5) <= 0.05 < attainable_p(4)
    assert signflip_p([0.1, 0.2, 0.3, 0.4, -0.01]) > 0.05


@given(st.lists(st.integers(-10, 10), min_size=1, max_size=9), st.integers(-3, 3))
def test_p_is_the_share_of_all_sign_flips(values: list[int], tau: int) -> None:
    shifted = np.array(values) - tau
    sums = np.array(list(itertools.product([1, -1], repeat=len(values)))) @ shifted
    assert signflip_p(values, tau) == (sums >= shifted.sum()).mean()


def test_sums_that_are_equal_on_paper_count_as_reached() -> None:
    assert signflip_p([0.1, 0.2, -0.3]) == signflip_p([1.0, 2.0, -3.0]) == 5 / 8


def test_leading_axes_are_samples_of_their_own() -> None:
    samples = np.random.default_rng(0).normal(size=(4, 3, 6))
    p = signflip_p(samples, 0.2)
    assert p.shape == (4, 3)
    assert p[2, 1] == signflip_p(samples[2, 1], 0.2)


def test_twenty_are_counted_exactly_and_more_are_drawn() -> None:
    values = np.linspace(-0.6, 1.0, 21)
    assert signflip_p(np.full(20, 1.0)) == attainable_p(20)
    sums = np.zeros(1)
    for value in values:
        sums = np.concatenate([sums + value, sums - value])
    assert signflip_p(values) == pytest.approx((sums >= values.sum() - 1e-9).mean(), abs=0.002)
    assert signflip_p(np.full(30, 1.0)) > 0


def test_the_drawn_flips_depend_on_the_data_alone() -> None:
    values = np.linspace(-0.5, 1.0, 25)
    np.random.seed(1)
    first = signflip_p(values)
    np.random.seed(2)
    assert signflip_p(values).tobytes() == first.tobytes()


@pytest.mark.parametrize("n", [5, 8])
def test_the_level_holds_for_symmetric_differences(n: int) -> None:
    rng = np.random.default_rng(n)
    for sample in (rng.normal(size=(20_000, n)), rng.standard_t(2, size=(20_000, n)), rng.choice([-1, 1], (20_000, n))):
        assert (signflip_p(sample) <= 0.05).mean() <= 0.055


def test_nan_has_no_p() -> None:
    assert math.isnan(float(signflip_p([1.0, math.nan, 2.0])))
