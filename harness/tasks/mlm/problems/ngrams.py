"""N-grams of words: how often the frequent ones occur, where, and how probable their parts are."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import combinations, pairwise
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from harness.core.artefacts import Recipe
from harness.core.canonical import array_digest
from harness.tasks.mlm.problems.words import I32, I64, Words

F64 = NDArray[np.float64]

LONGEST: Final = 5
"""The largest number of words of an n-gram."""


@dataclass(frozen=True, eq=False)
class NGrams:
    """The k frequent n-grams of one length in a text.

    words: I32[k n], indices into the vocabulary. keys: I64[k], rising: the index of the first n - 1 words among the
    n-grams of that length, times the size of the vocabulary, plus the last word. counts: I64[k]. log_p: F64[k], the
    logarithm of the share of all n-grams of this length. log_p_parts: F64[k 2^(n-1)-1], for each way to cut an n-gram
    into two or more parts, the sum of the logarithms of the shares of the parts; the last way cuts it into single
    words.
    """

    words: I32
    keys: I64
    counts: I64
    log_p: F64
    log_p_parts: F64

    @property
    def n(self) -> int:
        """The number of words of an n-gram."""
        return int(self.words.shape[1])


@dataclass(frozen=True, kw_only=True)
class NGramCounts(Recipe):
    """The recipe of the n-grams of 2 to `LONGEST` words that occur at least `least` times. None crosses a document.

    For each length n, the arrays of `NGrams` as `words_n`, `keys_n` and so on, and `at_n`, I32[words of the
    text]: the n-gram that begins at each word, -1 if it is not frequent.
    """

    text: str
    least: int
    words: Words = field(compare=False, repr=False)

    @classmethod
    def of(cls, words: Words, least: int) -> Self:
        """The recipe for the n-grams of a text."""
        text = array_digest({"ids": words.ids, "documents": words.documents})
        return cls(text=text, least=least, words=words)

    def build(self) -> dict[str, np.ndarray]:
        """Counts the n-grams."""
        return count_ngrams(self.words, self.least)


@dataclass(frozen=True, eq=False)
class NGramTable:
    """The frequent n-grams of a text by length, and where they begin in it: `at[n]` I32[words of the text], an index
    into the n-grams of n words or -1."""

    of_length: Mapping[int, NGrams]
    at: Mapping[int, I32]

    @classmethod
    def restore(cls, stored: Mapping[str, np.ndarray]) -> Self:
        """The table from the arrays of an artefact."""
        lengths = range(2, LONGEST + 1)
        fields = ("words", "keys", "counts", "log_p", "log_p_parts")
        of_length = {n: NGrams(**{name: stored[f"{name}_{n}"] for name in fields}) for n in lengths}
        return cls(of_length, {n: stored[f"at_{n}"] for n in lengths})

    def locate(self, words: Words) -> dict[int, I32]:
        """Where the n-grams begin in another text with the same vocabulary of words, by length: as `at`."""
        at: dict[int, I32] = {1: words.ids}
        for n, ngrams in self.of_length.items():
            starts, keys = _candidates(at[n - 1], words, n)
            at[n] = _placed(starts, _index_of(ngrams.keys, keys), len(words.ids))
        return {n: at[n] for n in self.of_length}


def count_ngrams(words: Words, least: int) -> dict[str, np.ndarray]:
    """The arrays that `NGramCounts` describes.

    All parts of a frequent n-gram are frequent, so that each length is counted only where the one before it is.
    """
    size = len(words.ids)
    log_p = {1: np.log(np.maximum(words.counts, 1) / max(size, 1))}
    at = {1: np.where(words.counts[words.ids] >= least, words.ids, -1).astype(np.int32)}
    built: dict[str, np.ndarray] = {}
    for n in range(2, LONGEST + 1):
        starts, keys = _candidates(at[n - 1], words, n)
        distinct, counts = np.unique(keys, return_counts=True)
        distinct, counts = distinct[counts >= least], counts[counts >= least]
        at[n] = _placed(starts, _index_of(distinct, keys), size)
        first = np.zeros(len(distinct), np.int64)
        occurrences = np.flatnonzero(at[n] >= 0)
        first[at[n][occurrences]] = occurrences
        total = int(np.count_nonzero(words.room >= n))
        log_p[n] = np.log(counts / max(1, total))
        parts = [np.sum([log_p[m][at[m][first + start]] for start, m in cut], axis=0) for cut in cuts(n)]
        built |= {
            f"words_{n}": words.ids[first[:, None] + np.arange(n)],
            f"keys_{n}": distinct,
            f"counts_{n}": counts,
            f"log_p_{n}": log_p[n],
            f"log_p_parts_{n}": np.column_stack(parts),
            f"at_{n}": at[n],
        }
    return built


def cuts(n: int) -> Iterator[tuple[tuple[int, int], ...]]:
    """The 2^(n-1) - 1 ways to cut n words into two or more parts, each a (start, length); the last cuts all apart."""
    for number in range(1, n):
        for inner in combinations(range(1, n), number):
            yield tuple((start, stop - start) for start, stop in pairwise((0, *inner, n)))


def _candidates(shorter: I32, words: Words, n: int) -> tuple[I64, I64]:
    """The starts I64[m] of n-grams whose first and last n - 1 words are frequent, and a key of each n-gram."""
    follows = np.append(shorter[1:], np.int32(-1))
    starts = np.flatnonzero((shorter >= 0) & (follows >= 0) & (words.room >= n))
    return starts, shorter[starts].astype(np.int64) * len(words.vocabulary) + words.ids[starts + n - 1]


def _index_of(known: I64, keys: I64) -> I32:
    """I32[m]: the index of each key in the sorted keys `known`, -1 if it is not there."""
    if not len(known):
        return np.full(len(keys), -1, np.int32)
    index = np.minimum(np.searchsorted(known, keys), len(known) - 1)
    found: I32 = np.where(known[index] == keys, index, -1).astype(np.int32)
    return found


def _placed(starts: I64, index: I32, size: int) -> I32:
    at = np.full(size, -1, np.int32)
    at[starts] = index
    return at
