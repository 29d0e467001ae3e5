"""Spans: of overlapping ones a random choice is kept, and units follow from it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.tasks.mlm.training.spans import choose_disjoint, spans_in_blocks, starts_of_spans, units_of_starts


def chosen(lengths, seed=0):
    return choose_disjoint(np.array([lengths]), np.random.default_rng(seed))[0].tolist()


def test_of_two_overlapping_spans_each_is_kept_half_of_the_time():
    lengths = np.tile([3, 3, 0, 0], (4000, 1))  # "by the way out" with "by the way" and "the way out"
    kept = choose_disjoint(lengths, np.random.default_rng(0))
    assert (kept.sum(axis=1) == 1).all()
    assert kept[:, 0].mean() == pytest.approx(0.5, abs=0.03)


def test_spans_that_do_not_overlap_are_all_kept():
    assert chosen([2, 0, 3, 0, 0, 2, 0]) == [True, False, True, False, False, True, False]


def test_of_a_chain_either_the_middle_or_both_ends_are_kept():
    lengths = np.tile([3, 0, 3, 0, 3, 0, 0], (3000, 1))
    kept = choose_disjoint(lengths, np.random.default_rng(0))[:, [0, 2, 4]]
    is_middle, are_ends = (kept == [False, True, False]).all(axis=1), (kept == [True, False, True]).all(axis=1)
    assert (is_middle | are_ends).all()
    assert is_middle.mean() == pytest.approx(1 / 3, abs=0.03)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from([0, 0, 2, 3, 4, 5]), min_size=1, max_size=25), st.integers(0, 99))
def test_the_choice_is_that_of_taking_spans_one_by_one_in_random_order(lengths, seed):
    lengths = [length if i + length <= len(lengths) else 0 for i, length in enumerate(lengths)]
    priority = np.random.default_rng(seed).random((1, len(lengths)))[0]
    taken, covered = [False] * len(lengths), set()
    for start in np.argsort(-priority):
        span = set(range(start, start + lengths[start]))
        if span and not span & covered:
            taken[start] = True
            covered |= span
    assert chosen(lengths, seed) == taken


def test_kept_spans_are_units_and_so_is_every_other_word(blocks):
    rows = blocks([1, 2, 1, 1, 3], [2, 1])
    lengths = np.array([[0, 3, 0, 0, 0], [2, 0, 0, 0, 0]])
    units = units_of_starts(rows, starts_of_spans(lengths > 0, lengths))
    found = [units[row][rows.words[row] >= 0].tolist() for row in (0, 1)]
    assert found == [[1, 2, 2, 2, 2, 3, 3, 3], [1, 1, 1]]
    assert (units[rows.words < 0] == -1).all()


def test_a_span_that_the_end_of_a_block_cuts_is_left_out(blocks):
    rows = blocks([1, 1, 1], [1, 1])
    spans = np.array([2, 0, 2, 2, 2], np.int8)
    assert spans_in_blocks(rows, spans).tolist() == [[2, 0, 0], [2, 0, 0]]
