"""Bootstraps: known values, coverage, and the same bytes for the same numbers."""

import math

import numpy as np
import pytest

from harness.stats.bootstrap import (
    interquartile_mean,
    item_bootstrap,
    percentile_interval,
    probability_of_improvement,
    stratified_bootstrap,
)

RETURNS = [np.array([0.0, 0.1, 0.2, 0.3]), np.array([0.4, 0.5, 0.6, 2.0])]


def test_interquartile_mean_of_the_published_example() -> None:
    assert interquartile_mean(RETURNS) == pytest.approx(0.35)


def test_interquartile_mean_is_scipys_trimmed_mean() -> None:
    from scipy.stats import trim_mean

    for n in range(1, 13):
        values = np.random.default_rng(n).normal(size=n)
        assert interquartile_mean([values]) == pytest.approx(trim_mean(values, 0.25))


def test_a_missing_run_is_not_trimmed_away() -> None:
    assert math.isnan(float(interquartile_mean([np.array([1.0, 2.0, 3.0, math.nan, 5.0])])))
    assert math.isnan(float(probability_of_improvement([np.array([1.0, math.nan])], [np.array([0.0, 0.0])])))
    assert str(stratified_bootstrap([np.array([1.0, math.nan, 2.0])], interquartile_mean)) == "n/a"


def test_probability_of_improvement_by_hand() -> None:
    # 3 beats 1 and 2; 2 beats 1 and ties with 2: 3.5 of 4 pairs. The second task is lost outright.
    assert probability_of_improvement([np.array([3.0, 2.0])], [np.array([1.0, 2.0])]) == 0.875
    better = probability_of_improvement(
        [np.array([3.0, 2.0]), np.array([0.0])], [np.array([1.0, 2.0]), np.array([1.0, 2.0, 3.0])]
    )
    assert better == 0.4375


def test_runs_are_drawn_within_their_task() -> None:
    # Tasks without spread of their own have none in the interval, however far apart they are.
    tasks = [np.full(5, 0.0), np.full(5, 100.0), np.full(5, 200.0), np.full(5, 300.0)]
    assert stratified_bootstrap(tasks, interquartile_mean) == (150.0, 150.0)


def test_one_run_a_task_has_no_interval() -> None:
    assert str(stratified_bootstrap([np.array([1.0]), np.array([2.0, 3.0])], interquartile_mean)) == "n/a"


def test_interval_of_the_probability_of_improvement() -> None:
    of, over = [np.arange(8.0), np.arange(8.0)], [np.arange(8.0) - 0.5, np.arange(8.0) - 5.5]
    lo, hi = stratified_bootstrap([*of, *over], lambda s: probability_of_improvement(s[:2], s[2:]))
    assert 0.5 < lo < probability_of_improvement(of, over) < hi < 1


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
    first = item_bootstrap(items).tobytes(), stratified_bootstrap(RETURNS, interquartile_mean)
    np.random.seed(2)
    np.random.random(5)
    assert (item_bootstrap(items).tobytes(), stratified_bootstrap(RETURNS, interquartile_mean)) == first
    assert item_bootstrap(items + 1e-9).tobytes() != first[0]


def _interval(items: np.ndarray) -> tuple[float, float]:
    return percentile_interval(item_bootstrap(items, resamples=500))
