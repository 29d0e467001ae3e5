"""Masking: the budget in tokens, the lot that a unit shares, and what is never masked."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.core.errors import BadOutput
from harness.tasks.mlm.problems.pieces import MASK, SPECIAL
from harness.tasks.mlm.training.masking import MaskingOptions, Tally, check_units, draw_units, mask

VOCABULARY = 1000
SIZES = st.lists(st.integers(1, 12), min_size=1, max_size=60)


@pytest.fixture
def many(blocks):
    """200 blocks of 20 words, of one to three pieces."""
    rng = np.random.default_rng(0)
    return blocks(*rng.integers(1, 4, (200, 20)).tolist())


def masked(blocks, units=None, rate=0.15, seed=0, tally=None):
    units = blocks.words.astype(np.int64) if units is None else units
    return mask(blocks, units, VOCABULARY, MaskingOptions(rate), np.random.default_rng(seed), tally or Tally())


@settings(max_examples=100, deadline=None)
@given(SIZES, st.floats(0.05, 0.9), st.integers(0, 9))
def test_a_unit_that_would_exceed_the_budget_is_skipped_and_others_fill_it(sizes, rate, seed):
    sizes = np.array(sizes)
    drawn = draw_units(sizes, MaskingOptions(rate), np.random.default_rng(seed))
    budget = round(rate * sizes.sum())
    assert drawn.any()
    assert sizes[drawn].sum() <= budget or drawn.sum() == 1
    assert (sizes[~drawn] > budget - sizes[drawn].sum()).all()


@settings(max_examples=100, deadline=None)
@given(SIZES, st.floats(0.05, 0.9), st.integers(0, 9))
def test_or_it_is_taken_as_the_last_one(sizes, rate, seed):
    sizes = np.array(sizes)
    drawn = draw_units(sizes, MaskingOptions(rate, "take"), np.random.default_rng(seed))
    budget = max(1, round(rate * sizes.sum()))
    assert budget <= sizes[drawn].sum() < budget + sizes[drawn].max()


def test_units_are_drawn_alike_whatever_their_size():
    sizes = np.array([1, 2, 4] * 200)
    shares = [draw_units(sizes, MaskingOptions(), np.random.default_rng(seed)) for seed in range(50)]
    for size in (1, 2, 4):
        assert np.mean([drawn[sizes == size].mean() for drawn in shares]) == pytest.approx(0.15, abs=0.005)


def test_the_share_of_masked_tokens_is_15_percent_within_a_unit(many):
    tokens = (many.words >= 0).sum()
    assert abs(masked(many).masked.sum() - 0.15 * tokens) <= 3


def test_special_tokens_and_tokens_without_a_unit_are_never_masked(many):
    units = np.where(many.words % 2 == 0, many.words, -1).astype(np.int64)
    batch = masked(many, units, rate=0.9)
    assert not batch.masked[units < 0].any()
    np.testing.assert_array_equal(batch.tokens[units < 0], many.tokens[units < 0])


def test_only_tokens_that_are_to_be_predicted_change(many):
    batch = masked(many)
    np.testing.assert_array_equal(batch.tokens[~batch.masked], many.tokens[~batch.masked])


def test_a_unit_is_masked_whole_and_all_its_tokens_share_a_lot(many):
    batch, words = masked(many, rate=0.5), many.words
    lots = {"mask": 0, "replaced": 0, "kept": 0}
    for word in np.unique(words[batch.masked]):
        at = words == word
        assert batch.masked[at].all()
        new, old = batch.tokens[at], many.tokens[at]
        lots["mask" if (new == MASK).all() else "kept" if (new == old).all() else "replaced"] += 1
        assert (new == MASK).all() or not (new == MASK).any()
    shares = np.array(list(lots.values())) / sum(lots.values())
    assert shares == pytest.approx([0.8, 0.1, 0.1], abs=0.025)


def test_each_token_of_a_replaced_unit_gets_a_piece_of_its_own(blocks):
    many = blocks(*[[40]] * 100)
    batch = masked(many, rate=1.0)
    changed = (batch.tokens != many.tokens) & (batch.tokens != MASK)
    replaced = batch.tokens[changed]
    assert replaced.min() >= len(SPECIAL)
    assert replaced.max() < VOCABULARY
    for row in np.flatnonzero(changed.any(axis=1)):
        assert len(np.unique(batch.tokens[row, changed[row]])) > 20


def test_equal_numbers_in_other_rows_are_other_units(blocks):
    both = blocks([4], [4])
    units = np.where(both.words >= 0, 0, -1)
    assert masked(both, units, rate=0.5).masked.sum() == 4


def test_the_tally_counts_tokens_by_the_words_of_their_unit(blocks):
    rows = blocks([2, 1, 3], [1, 1, 1])
    units = np.where(rows.words >= 0, np.array([[0], [9]]), -1)
    units[0, 4:7] = 1  # the third word is a unit of its own
    tally = Tally()
    masked(rows, units, rate=1.0, tally=tally)
    masked(rows, units, rate=1.0, tally=tally)
    assert tally.tokens[:4].tolist() == [0, 6, 6, 6]
    assert tally.rates == {1: 1.0, 2: 1.0, 3: 1.0}
    assert (tally.rate, tally.coverage) == (1.0, pytest.approx(12 / 18))


def test_pieces_of_a_word_as_units_count_as_units_of_one_word(blocks):
    rows = blocks([3, 2])
    tally = Tally()
    masked(rows, np.where(rows.words >= 0, np.arange(rows.words.shape[1]), -1), rate=0.4, tally=tally)
    assert (tally.tokens[1], tally.masked[1], tally.tokens[2:].sum()) == (5, 2, 0)


def test_units_that_cannot_be_masked_are_refused(blocks):
    rows = blocks([1, 1])
    with pytest.raises(BadOutput, match="units put 3 special tokens into units"):
        check_units(np.zeros(rows.words.shape, np.int64), rows)
    with pytest.raises(BadOutput, match="units put no token of the batch into a unit"):
        check_units(np.full(rows.words.shape, -1), rows)
    with pytest.raises(BadOutput, match="units returned shape"):
        check_units(np.zeros((1, 2), np.int64), rows)
    with pytest.raises(BadOutput, match="units returned dtype float64"):
        check_units(np.zeros(rows.words.shape), rows)
