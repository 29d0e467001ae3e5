"""Blocks: documents as rows of pieces, which the network reads."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from harness.core.errors import UserError
from harness.tasks.mlm.problems.pieces import END, LONGEST_WORD, PAD, START, Pieces
from harness.tasks.mlm.problems.words import I32, I64, Words


@dataclass(frozen=True, eq=False)
class Blocks:
    """b blocks of consecutive words of one document each: `[CLS]`, the pieces of the words, `[SEP]`, padding.

    tokens: I32[b L], pieces. words: I32[b L], for each token the position of its word in the text; -1 for special
    tokens, which are padding and the tokens at both ends.
    """

    tokens: I32
    words: I32

    def __len__(self) -> int:
        return len(self.tokens)

    @classmethod
    def cut(cls, words: Words, pieces: Pieces, length: int) -> Self:
        """Cuts documents into blocks of at most `length` tokens, each with as many whole words as fit. A document of
        any length becomes as many blocks as it needs; none of its words is lost. Raises `UserError` if a word may not
        fit into a block."""
        if length < LONGEST_WORD + 2:
            raise UserError(
                f"length = {length}: a block needs at least {LONGEST_WORD + 2} tokens, for a word of {LONGEST_WORD} "
                "pieces between [CLS] and [SEP]"
            )
        sizes = pieces.lengths[words.ids]
        starts = _block_starts(words, sizes, length - 2)
        first_piece = np.cumsum(sizes) - sizes
        total = int(sizes.sum())
        at = np.arange(total) - (first_piece - pieces.offsets[words.ids]).repeat(sizes)
        block = np.zeros(len(words.ids), np.int64)
        block[starts] = 1
        row = (np.cumsum(block) - 1).repeat(sizes)
        column = 1 + np.arange(total) - first_piece[starts][row]
        tokens = np.full((len(starts), length), PAD, np.int32)
        positions = np.full((len(starts), length), -1, np.int32)
        tokens[row, column] = pieces.ids[at]
        positions[row, column] = np.arange(len(sizes)).repeat(sizes)
        tokens[:, 0] = START
        tokens[np.arange(len(starts)), (positions >= 0).sum(axis=1) + 1] = END
        return cls(tokens, positions)

    @property
    def first(self) -> I32:
        """I32[b]: the position of the first word of each block."""
        first: I32 = self.words[:, 1]
        return first

    @property
    def sizes(self) -> I32:
        """I32[b]: the number of words of each block."""
        sizes: I32 = self.words.max(axis=1) - self.first + 1
        return sizes

    def select(self, rows: I64) -> Self:
        """Some of the blocks."""
        return type(self)(self.tokens[rows], self.words[rows])


def _block_starts(words: Words, sizes: I64, capacity: int) -> I64:
    """The words at which blocks begin."""
    ends = np.cumsum(sizes)
    # For each word, the first word that does not fit into a block that begins with it.
    beyond = np.searchsorted(ends, ends - sizes + capacity, side="right")
    following = np.minimum(beyond, np.arange(len(sizes)) + words.room).tolist()
    starts, word = [], 0
    while word < len(sizes):
        starts.append(word)
        word = following[word]
    return np.array(starts, np.int64)
