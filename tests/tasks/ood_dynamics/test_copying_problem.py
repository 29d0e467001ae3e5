"""Copying: what is asked, and what knowing nothing of the symbols scores."""

import math

import numpy as np
import pytest

from harness.tasks.ood_dynamics.problems.copying import BLANK, Copying
from harness.tasks.ood_dynamics.problems.sequences import Sequences
from harness.tasks.ood_dynamics.scores.metrics import compute_metrics

GAME = Copying(copied=10, alphabet=8)


def posed(delay: int, game: Copying = GAME) -> Sequences:
    shown = game.draw(300, np.random.default_rng(0))
    return Sequences(*game.pose(shown, delay), game.vocabulary, game.classes, game.copied)


def memoryless(items: Sequences) -> np.ndarray:
    """Knows when to answer, and guesses among the symbols."""
    n, steps = items.targets.shape
    logits = np.full((n, steps, items.classes), -100.0, dtype=np.float32)
    logits[:, : -items.answers, BLANK] = 0
    logits[:, -items.answers :, 1:] = 0
    return logits


@pytest.mark.parametrize(("delay", "over_all"), [(50, 0.29706), (200, 0.09452)])
def test_a_guess_without_memory_scores_the_known_losses(delay: int, over_all: float) -> None:
    items = posed(delay)
    found = compute_metrics(memoryless(items), items)
    assert found["cross_entropy"].value == pytest.approx(2.0794, abs=5e-5)
    assert found["all_cross_entropy"].value == pytest.approx(over_all, abs=5e-6)


def test_symbols_come_first_and_the_marker_after_the_delay() -> None:
    items = posed(50)
    assert items.symbols.shape == items.targets.shape == (300, 70)
    assert set(np.unique(items.symbols[:, :10])) == set(range(1, 9))
    assert (items.symbols[:, 10:59] == BLANK).all()
    assert (items.symbols[:, 59] == GAME.marker).all()
    assert (items.symbols[:, 60:] == BLANK).all()


def test_the_answer_repeats_the_shown_symbols() -> None:
    items = posed(50)
    assert (items.targets[:, :60] == BLANK).all()
    np.testing.assert_array_equal(items.targets[:, 60:], items.symbols[:, :10])


def test_a_perfect_answer_scores_zero_and_one_wrong_symbol_costs_the_sequence() -> None:
    items = posed(5)
    logits = 200.0 * np.eye(items.classes, dtype=np.float32)[items.targets]
    found = compute_metrics(logits, items)
    assert found["cross_entropy"].value == pytest.approx(0, abs=1e-6)
    assert found["accuracy"].value == 1
    logits[:30, -3] = 200.0 * np.eye(items.classes)[BLANK]
    assert compute_metrics(logits, items)["accuracy"].value == 0.9


def test_chance_of_a_whole_answer() -> None:
    game = Copying(copied=1, alphabet=4)
    items = posed(3, game)
    guess = compute_metrics(memoryless(items), items)
    assert guess["cross_entropy"].value == pytest.approx(math.log(4))
