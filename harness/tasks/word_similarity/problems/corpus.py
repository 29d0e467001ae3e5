"""`Corpus`, the text that every entrant learns from: the same tokens, vocabulary and window for all."""

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
"""The word that stands for all those outside the vocabulary."""
NUMBER = 1
"""The word that stands for all numbers."""


@dataclass(frozen=True, eq=False)
class Corpus:
    """Running text, read-only.

    tokens: I32[n], rows of the vocabulary. sentences: I64[s + 1], sentence i is tokens[sentences[i]:sentences[i + 1]].
    vocabulary: the V words, the same for every seed; row 0 is `<unk>`, row 1 `<num>`. radius: how many words on either
    side of a word are its context, which never reaches beyond its sentence.
    """

    tokens: I32
    sentences: I64
    vocabulary: tuple[str, ...]
    radius: int

    def __post_init__(self) -> None:
        read_only(self.tokens, self.sentences)

    @cached_property
    def counts(self) -> I64:
        """I64[V]: how often each word of the vocabulary occurs; 0 is possible."""
        return np.bincount(self.tokens, minlength=len(self.vocabulary))

    @cached_property
    def digest(self) -> str:
        """Digest of the text."""
        return array_digest({"tokens": self.tokens, "sentences": self.sentences})

    def passes(self, run: Run) -> Iterator[int]:
        """Numbers 0, 1, ...: one for every pass over the text that the budget allows, charged when it is handed out."""
        return run.draw(itertools.count(), cost=len(self.tokens))

    def passes_in(self, run: Run) -> int:
        """How many passes the whole budget allows."""
        return run.budget.total // len(self.tokens)
