"""`Corpus`, the text that every entrant learns from, with the same tokens, vocabulary and window for all."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from harness.core.canonical import array_digest
from harness.core.task import read_only
from harness.run import Run

I32 = NDArray[np.int32]
I64 = NDArray[np.int64]
F32 = NDArray[np.float32]
F64 = NDArray[np.float64]

UNKNOWN = 0
"""The row of the word that stands for all words outside the vocabulary."""
NUMBER = 1
"""The row of the word that stands for all numbers."""


@dataclass(frozen=True, eq=False)
class Corpus:
    """Running text, read-only.

    tokens: I32[n], rows of the vocabulary. sentences: I64[s + 1]; sentence i is
    `tokens[sentences[i]:sentences[i + 1]]`. vocabulary: the V words, the same for every seed; row 0 is `<unk>`, row 1
    is `<num>`. radius: the number of words on either side of a word that are its context, which never reaches beyond
    its sentence.
    """

    tokens: I32
    sentences: I64
    vocabulary: tuple[str, ...]
    radius: int

    def __post_init__(self) -> None:
        read_only(self.tokens, self.sentences)

    @cached_property
    def counts(self) -> I64:
        """I64[V]: how often each word of the vocabulary occurs, which may be 0."""
        return np.bincount(self.tokens, minlength=len(self.vocabulary))

    @cached_property
    def digest(self) -> str:
        """The digest of the text."""
        return array_digest({"tokens": self.tokens, "sentences": self.sentences})

    def passes(self, run: Run) -> Iterator[int]:
        """The numbers 0, 1, ... of the passes over the text that the budget allows. A pass is charged when its number
        is returned."""
        return run.draw(itertools.count(), cost=len(self.tokens))

    def passes_in(self, run: Run) -> int:
        """The number of passes that the whole budget allows."""
        return run.budget.total // len(self.tokens)
