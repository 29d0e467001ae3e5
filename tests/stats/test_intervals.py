"""Intervals by hand, and their coverage."""

import math

import numpy as np
import pytest

from harness.stats.intervals import NO_INTERVAL, share_interval, t_bounds, t_interval, varies


def test_t_interval_by_hand() -> None:
    lo, hi = t_interval([1.0, 2.0, 3.0])  # mean 2, s 1, t(.95, 2) = 2.91999
    assert lo == pytest.approx(2 - 2.91999 / math.sqrt(3), abs=1e-5)
    assert hi == pytest.approx(2 + 2.91999 / math.sqrt(3), abs=1e-5)


def test_one_seed_has_no_interval() -> None:
    assert all(math.isnan(bound) for bound in t_interval([0.7]))
    assert str(t_interval([0.7])) == "n/a"
    assert str(NO_INTERVAL) == "n/a"


def test_what_does_not_vary_has_no_interval() -> None:
    assert str(t_interval([0.1 + 0.2] * 5)) == "n/a"
    assert np.isnan(t_bounds([[0.3] * 5, [0.1, 0.2, 0.3, 0.4, 0.5]])).tolist() == [[True, True], [False, False]]


def test_nan_never_becomes_a_bound() -> None:
    assert str(t_interval([0.1, math.nan, 0.3])) == "n/a"


@pytest.mark.parametrize("n", [2, 3, 5, 8])
def test_t_interval_covers_ninety_per_cent(n: int) -> None:
    bounds = t_bounds(np.random.default_rng(n).normal(1.0, 2.0, size=(40_000, n)))
    covered = ((bounds[:, 0] <= 1.0) & (bounds[:, 1] >= 1.0)).mean()
    assert covered == pytest.approx(0.9, abs=0.006)


def test_interval_of_a_share_has_a_width_where_all_items_agree() -> None:
    lo, hi = share_interval(1000, 1000)
    assert lo == pytest.approx(0.05 ** (1 / 1000))
    assert hi == 1.0
    assert share_interval(0, 1000) == pytest.approx((0.0, 1 - lo))


def test_interval_of_a_share_is_the_published_one() -> None:
    # Clopper & Pearson, 95 %: 4 of 10 gives .1216 to .7376.
    assert share_interval(4, 10, alpha=0.025) == pytest.approx((0.1216, 0.7376), abs=1e-4)


def test_interval_of_a_share_of_nothing_is_not_a_number() -> None:
    assert str(share_interval(0, 0)) == "n/a"


def test_what_rounding_makes_of_equal_numbers_does_not_vary() -> None:
    differences = [right / 2000 - (right - 1) / 2000 for right in (1603, 1608, 1597, 1611, 1604)]
    assert np.ptp(differences) > 0
    assert t_interval(differences) == pytest.approx((math.nan, math.nan), nan_ok=True)
    assert not varies(differences)
    assert varies([0.1, 0.1 + 1e-9])
