"""The measures of the task `word_similarity`, against scipy, brute force and their definitions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr

from harness.tasks.word_similarity.scores.metrics import best_threshold, cosine, spearman


@given(n=st.integers(3, 60), levels=st.integers(2, 30), seed=st.integers(0, 10**6))
def test_spearman_with_ties_is_that_of_scipy(n: int, levels: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    predicted, judged = rng.integers(levels, size=n).astype(float), rng.integers(levels, size=n).astype(float)
    predicted[:2], judged[:2] = [0, 1], [0, 1]
    value, shares = spearman(predicted, judged)
    assert value == pytest.approx(spearmanr(predicted, judged).statistic, abs=1e-12)
    assert shares.mean() == pytest.approx(value, abs=1e-12)


def test_constant_predictions_correlate_with_nothing() -> None:
    value, shares = spearman(np.ones(9), np.arange(9.0))
    assert value == 0
    assert not shares.any()


@pytest.mark.parametrize("noise", [0.3, 1.0, 4.0])
def test_bootstrap_over_shares_stands_for_one_over_pairs(noise: float) -> None:
    rng = np.random.default_rng(0)
    judged = rng.normal(size=300)
    predicted = judged + noise * rng.normal(size=300)
    _, shares = spearman(predicted, judged)
    draws = rng.integers(300, size=(600, 300))
    over_pairs = np.std([spearman(predicted[draw], judged[draw])[0] for draw in draws])
    assert np.std(shares[draws].mean(axis=1)) == pytest.approx(over_pairs, rel=0.25)


def test_cosine_of_zeros_is_zero() -> None:
    rows = np.array([[0, 0], [3, 4], [1, 0]], np.float32)
    assert cosine(rows, rows[[1, 1, 0]]).tolist() == [0, 1, 0]


def test_equal_overlaps_are_tied() -> None:
    codes = np.random.default_rng(0).permuted(np.tile(np.arange(400) < 51, (50, 1)), axis=1).astype(np.float32)
    first, second = codes[:-1], codes[1:]
    assert len(set(cosine(first, second).tolist())) == len(set((first * second).sum(axis=1).tolist()))


@given(n=st.integers(1, 30), levels=st.integers(1, 10), seed=st.integers(0, 10**6))
def test_threshold_agrees_with_most_labels(n: int, levels: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    values, labels = rng.integers(levels, size=n).astype(float), rng.random(n) < 0.5
    found = ((values > best_threshold(values, labels)) == labels).mean()
    assert found == max(((values > edge) == labels).mean() for edge in [-1, *np.unique(values)])
