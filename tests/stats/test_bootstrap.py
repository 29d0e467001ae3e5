"""The bootstrap over items: coverage, pairing, and the same bytes for the same numbers."""

import numpy as np
import pytest

from harness.stats.resampling import item_bootstrap, percentile_interval


def test_item_bootstrap_covers_ninety_per_cent() -> None:
    rng = np.random.default_rng(3)
    covered = [lo <= 0.0 <= hi for lo, hi in (_interval(rng.normal(size=(2, 60))) for _ in range(600))]
    assert np.mean(covered) == pytest.approx(0.9, abs=0.035)


def test_item_bootstrap_is_paired() -> None:
    # Items differ widely, but each is better by the same amount: the difference is certain.
    hard = np.random.default_rng(0).normal(scale=10, size=(3, 50))
    lo, hi = percentile_interval(item_bootstrap(hard + 0.5, hard))
    assert (lo, hi) == pytest.approx((0.5, 0.5))


def test_measurements_of_the_same_items_are_drawn_together() -> None:
    one, other = np.random.default_rng(0).normal(size=(2, 3, 40))
    together = item_bootstrap(np.concatenate([one, other], axis=0))
    assert together == pytest.approx((item_bootstrap(one) + item_bootstrap(other)) / 2)


def test_item_bootstrap_averages_seeds_first() -> None:
    items = np.array([[0.0, 1.0, 0.0, 1.0], [1.0, 0.0, 1.0, 0.0]])
    assert np.all(item_bootstrap(items) == 0.5)


def test_same_numbers_same_bytes() -> None:
    items = np.random.default_rng(1).normal(size=(3, 40))
    np.random.seed(1)
    first = item_bootstrap(items).tobytes()
    np.random.seed(2)
    np.random.random(5)
    assert item_bootstrap(items).tobytes() == first
    assert item_bootstrap(items + 1e-9).tobytes() != first


def _interval(items: np.ndarray) -> tuple[float, float]:
    return percentile_interval(item_bootstrap(items, resamples=500))
