"""The metrics of linking by hand, the chance of guessing, and rankings that are refused."""

import numpy as np
import pytest

from harness.core.errors import BadOutput
from harness.tasks.entity_linking.problems.mentions import INVALID, NIL, Candidates, Catalogue, Linked, Mentions
from harness.tasks.entity_linking.scores.metrics import by_guessing, check_ranking, holds, micro_f1, right_within


def test_micro_f1_by_hand():
    """Four gold links, three predictions that are not NIL, two of them right."""
    scored = micro_f1(np.array([1, 2, 5, NIL]), np.array([1, 2, 3, 4]))
    assert (scored.precision, scored.recall, scored.f1) == pytest.approx((0.667, 0.5, 0.5714), abs=5e-4)
    assert (scored.n_pred, scored.n_gold) == (3, 4)


def test_an_invalid_answer_is_a_wrong_link_and_nil_is_none():
    assert micro_f1(np.array([1, INVALID]), np.array([1, 2])).n_pred == 2
    assert micro_f1(np.array([1, NIL]), np.array([1, 2])).n_pred == 1
    assert micro_f1(np.array([NIL, NIL]), np.array([1, 2])).precision == 0


def test_f1_refuses_an_empty_gold_set():
    for predicted, gold in (([], []), ([1], [NIL])):
        with pytest.raises(ValueError, match="without gold links"):
            micro_f1(np.array(predicted, np.int64), np.array(gold, np.int64))


def test_recall_counts_the_first_k():
    ranked, gold = np.array([[3, 1], [2, NIL]]), np.array([1, 2])
    assert right_within(ranked, gold, 1).tolist() == [0, 1]
    assert right_within(ranked, gold, 2).tolist() == [1, 1]


def split_of(candidates, entities, names=8):
    count = len(entities)
    places = np.arange(count)
    catalogue = Catalogue.of([f"n{i}" for i in range(names)])
    mentions = Mentions(["x"] * count, places, np.zeros(count, np.int64), np.ones(count, np.int64), candidates)
    return Linked(catalogue, mentions, np.array(entities), {})


def test_chance_is_measured_among_the_candidates():
    candidates = Candidates(np.array([0, 2, 5, 5]), np.array([1, 3, 0, 2, 4]))
    split = split_of(candidates, [3, 7, 5])
    assert by_guessing(split, 1).tolist() == [1 / 2, 0, 1 / 8]
    assert by_guessing(split, 2).tolist() == [1, 0, 2 / 8]
    assert by_guessing(split_of(None, [3]), 10).tolist() == [1]
    assert holds(candidates, split.entities).tolist() == [True, False, False]


@pytest.mark.parametrize(
    ("ranked", "said"),
    [
        ([[5, NIL]], "outside"),
        ([[-3, NIL]], "outside"),
        ([[NIL, 1]], "after a -1"),
        ([[2, 2]], "twice"),
    ],
)
def test_rankings_that_are_none_are_refused(ranked, said):
    with pytest.raises(BadOutput, match=said):
        check_ranking(np.array(ranked), 5)
    check_ranking(np.array([[4, 0], [INVALID, 2], [NIL, NIL]]), 5)
