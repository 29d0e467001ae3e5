"""Words in context: the uses of words that people judged, as rows of the vocabulary."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from harness.tasks.word_similarity.problems.corpus import F64, I64, UNKNOWN
from harness.tasks.word_similarity.problems.text import Vocabulary, words

Context = tuple[Sequence[str], int]
"""Tokens, and which of them is meant."""


class Uses(NamedTuple):
    """Uses of words, two a pair: 2i and 2i + 1. tokens: I64[2n L], a row each, -1 after the end; position: I64[2n]."""

    tokens: I64
    position: I64

    @property
    def targets(self) -> I64:
        """I64[2n]: the words that are used."""
        return self.tokens[np.arange(len(self.tokens)), self.position]


class Senses(NamedTuple):
    """Pairs of uses of one word. same: Bool[n], whether both have one sense."""

    uses: Uses
    same: NDArray[np.bool_]


class RatedUses(NamedTuple):
    """Pairs of uses of two words. judged: F64[n], how similar they are. `expected` counts the published pairs, with
    those of a word that the vocabulary lacks."""

    uses: Uses
    judged: F64
    expected: int


def senses(split: str, vocabulary: Vocabulary) -> Senses:
    """Word in Context: all items of a split, an unknown word being `<unk>`."""
    from harness.data.sets import wic

    items = wic.items(split)
    contexts = (use for item in items for use in zip(item.contexts, item.at, strict=True))
    return Senses(_uses(contexts, vocabulary), np.array([item.same for item in items]))


def rated_uses(vocabulary: Vocabulary) -> RatedUses:
    """Stanford's contextual word similarities: the pairs whose words, as they are used, are in the vocabulary."""
    from harness.data.sets import scws

    items = scws.items()
    uses = _uses((use for item in items for use in zip(item.contexts, item.at, strict=True)), vocabulary)
    known = (uses.targets != UNKNOWN).reshape(-1, 2).all(axis=1)
    both = known.repeat(2)
    judged = np.array([item.score for item in items])[known]
    return RatedUses(Uses(uses.tokens[both], uses.position[both]), judged, len(items))


def rows_around(context: Sequence[str], at: int, vocabulary: Vocabulary) -> tuple[list[int], int]:
    """The rows of a text given as tokens, its punctuation left out as in the corpus, and where token `at` is then;
    a token without letters or digits at that place is `<unk>`."""
    split = [words(token) for token in context]
    split[at] = split[at] or [""]
    return [vocabulary.row(word) for part in split for word in part], sum(map(len, split[:at]))


def _uses(contexts: Iterable[Context], vocabulary: Vocabulary) -> Uses:
    found = [rows_around(tokens, at, vocabulary) for tokens, at in contexts]
    tokens = np.full((len(found), max(len(rows) for rows, _ in found)), -1)
    for use, (rows, _) in enumerate(found):
        tokens[use, : len(rows)] = rows
    return Uses(tokens, np.array([at for _, at in found]))
