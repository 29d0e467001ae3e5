"""Aggregates over runs and cases: by hand, and against their definitions."""

import numpy as np
import pytest

from harness.stats.aggregates import (
    interquartile_mean,
    performance_profile,
    probability_of_improvement,
    stratified_interval,
)


def test_an_interquartile_mean_by_hand() -> None:
    """Of eight scores the middle four are .2, .3, .4, .5: .35, where the mean is .5125."""
    scores = [[0, 0.1, 0.2, 0.3], [0.4, 0.5, 0.6, 2.0]]
    assert interquartile_mean(scores) == pytest.approx(0.35)
    assert np.mean(scores) == pytest.approx(0.5125)


def test_one_outlier_does_not_move_an_interquartile_mean() -> None:
    scores = np.arange(20.0)
    moved = np.append(scores[:-1], 1e9)
    assert interquartile_mean(scores) == interquartile_mean(moved) == pytest.approx(9.5)


def test_a_probability_of_improvement_by_hand() -> None:
    """In the first case 3 of 4 pairs and a tie, in the second 1 of 4."""
    of, over = [[2.0, 1.0], [3.0, 5.0]], [[1.0, 3.0], [2.0, 6.0]]
    assert probability_of_improvement(of, over) == pytest.approx((3.5 / 4 + 1 / 4) / 2)


def test_improvements_of_both_sides_add_up_to_one() -> None:
    rng = np.random.default_rng(0)
    of, over = rng.integers(5, size=(7, 3)), rng.integers(5, size=(4, 3))
    assert probability_of_improvement(of, over) + probability_of_improvement(over, of) == pytest.approx(1)
    assert probability_of_improvement(of, of) == 0.5


def test_numbers_of_runs_may_differ_and_cases_weigh_the_same() -> None:
    assert probability_of_improvement([[1.0, 0.0]], [[0.0, 1.0], [0.0, 1.0]]) == 0.5


def test_a_profile_is_the_share_of_scores_above_each_threshold() -> None:
    scores = [[0.0, 1.0], [2.0, 3.0]]
    assert performance_profile(scores, [-1, 0, 0.5, 2.5, 3]).tolist() == [1.0, 0.75, 0.75, 0.25, 0.0]


def test_an_interval_holds_the_statistic_and_is_the_same_every_time() -> None:
    scores = np.random.default_rng(1).normal(size=(10, 4))
    first, again = (stratified_interval(interquartile_mean, scores, resamples=300) for _ in range(2))
    assert first == again
    assert first.lo < interquartile_mean(scores) < first.hi


def test_runs_are_drawn_within_their_case() -> None:
    """Cases of different levels whose runs agree: nothing varies, though pooled scores differ."""
    scores = np.tile([0.0, 1.0, 5.0, 9.0], (6, 1))
    interval = stratified_interval(interquartile_mean, scores, resamples=50)
    assert interval == (3.0, 3.0)


def test_intervals_cover_the_truth_about_as_often_as_they_say() -> None:
    """The interquartile mean of a symmetric distribution is its centre; 90 % intervals of ten runs cover somewhat less
    often."""
    rng = np.random.default_rng(2)
    hits = 0
    for _ in range(60):
        interval = stratified_interval(interquartile_mean, rng.normal(size=(10, 3)), resamples=100)
        hits += interval.lo <= 0 <= interval.hi
    assert 0.75 <= hits / 60 <= 0.99
