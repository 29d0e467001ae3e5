"""Blocks: whole words, no document crossed, nothing lost."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.core.errors import UserError
from harness.tasks.mlm.problems.blocks import Blocks
from harness.tasks.mlm.problems.pieces import END, PAD, START, Pieces
from harness.tasks.mlm.problems.words import Words

LENGTH = 18
SIZES = [1, 2, 3, 16]
PIECES = Pieces(np.arange(5, 5 + sum(SIZES), dtype=np.int32), np.cumsum([0, *SIZES]), tuple(map(str, range(40))))


def words_of(documents):
    ids = np.array([word for document in documents for word in document], np.int32)
    return Words(ids, np.cumsum([0, *map(len, documents)]), ["one", "two", "three", "long"])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.integers(0, 3), min_size=1, max_size=60), min_size=1, max_size=4))
def test_blocks_hold_every_piece_once_and_in_order(documents):
    words = words_of(documents)
    blocks = Blocks.cut(words, PIECES, LENGTH)
    inside = blocks.words >= 0
    expected = np.concatenate([np.arange(PIECES.offsets[w], PIECES.offsets[w + 1]) for w in words.ids])
    np.testing.assert_array_equal(blocks.tokens[inside], PIECES.ids[expected])
    np.testing.assert_array_equal(blocks.words[inside], np.arange(len(words.ids)).repeat(PIECES.lengths[words.ids]))
    assert (blocks.tokens[:, 0] == START).all()
    assert ((blocks.tokens == END).sum(axis=1) == 1).all()
    assert (blocks.tokens[~inside & (blocks.tokens != START) & (blocks.tokens != END)] == PAD).all()
    document = np.searchsorted(words.documents, np.arange(len(words.ids)), side="right")
    for row in blocks.words:
        held = np.unique(row[row >= 0])
        assert len(set(document[held])) == 1
    # Each word begins and ends in the same block, and each block is as full as its next word allows.
    assert len(np.unique(np.stack([np.nonzero(inside)[0], blocks.words[inside]]), axis=1).T) == len(words.ids)
    for here, following in zip(blocks.words, blocks.words[1:], strict=False):
        first = following[1]
        if document[first] == document[here[1]]:
            assert (here >= 0).sum() + PIECES.lengths[words.ids[first]] > LENGTH - 2


def test_a_document_longer_than_the_model_becomes_several_blocks():
    blocks = Blocks.cut(words_of([[0] * 100]), PIECES, LENGTH)
    assert len(blocks) == 7
    assert blocks.sizes.tolist() == [16] * 6 + [4]
    assert blocks.first.tolist() == list(range(0, 100, 16))


def test_a_model_that_is_shorter_than_a_word_is_refused():
    with pytest.raises(UserError, match="length = 10: a block needs at least 18 tokens"):
        Blocks.cut(words_of([[0]]), PIECES, 10)


def test_a_text_without_words_has_no_blocks():
    assert len(Blocks.cut(words_of([[], []]), PIECES, LENGTH)) == 0


def test_selected_blocks_keep_the_places_of_their_words():
    blocks = Blocks.cut(words_of([[0] * 40]), PIECES, LENGTH).select(np.array([1]))
    assert (len(blocks), blocks.first.tolist()) == (1, [16])
