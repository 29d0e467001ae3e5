"""Words in context: the uses of words that people judged, as rows of the vocabulary."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from harness.tasks.word_similarity.problems.corpus import F64, I64, UNKNOWN
from harness.tasks.word_similarity.problems.text import Vocabulary, words

Context = tuple[Sequence[str], int]
"""The tokens of a text, and the index of the token that is meant."""


class Uses(NamedTuple):
    """Uses of words, of which 2i and 2i + 1 are a pair.

    tokens: I64[2n L], the text of each use, -1 after its end. position: I64[2n], the place of the word in its text.
    """

    tokens: I64
    position: I64

    @property
    def targets(self) -> I64:
        """I64[2n]: the words that are used."""
        return self.tokens[np.arange(len(self.tokens)), self.position]


class Senses(NamedTuple):
    """Pairs of uses of one word. same: Bool[n], whether both uses have the same sense."""

    uses: Uses
    same: NDArray[np.bool_]


class RatedUses(NamedTuple):
    """Pairs of uses of two words. judged: F64[n], how similar people find them. expected: the number of published
    pairs, including those with a word that the vocabulary lacks."""

    uses: Uses
    judged: F64
    expected: int


def senses(split: str, vocabulary: Vocabulary) -> Senses:
    """All items of a split of Word in Context; unknown words are `<unk>`."""
    from harness.data.sets import wic

    items = wic.items(split)
    contexts = (use for item in items for use in zip(item.contexts, item.at, strict=True))
    return Senses(_uses(contexts, vocabulary), np.array([item.same for item in items]))


def rated_uses(vocabulary: Vocabulary) -> RatedUses:
    """The pairs of Stanford's contextual word similarities whose words, in the form in which they are used, are in the
    vocabulary."""
    from harness.data.sets import scws

    items = scws.items()
    uses = _uses((use for item in items for use in zip(item.contexts, item.at, strict=True)), vocabulary)
    known = (uses.targets != UNKNOWN).reshape(-1, 2).all(axis=1)
    both = known.repeat(2)
    judged = np.array([item.score for item in items])[known]
    return RatedUses(Uses(uses.tokens[both], uses.position[both]), judged, len(items))


def rows_around(context: Sequence[str], at: int, vocabulary: Vocabulary) -> tuple[list[int], int]:
    """The rows of a text that is given as tokens, without punctuation as in the corpus, and the new place of the token
    `at`. If that token has no letters or digits, it becomes `<unk>`."""
    words_of_token = [words(token) for token in context]
    words_of_token[at] = words_of_token[at] or [""]
    rows = [vocabulary.row(word) for part in words_of_token for word in part]
    return rows, sum(map(len, words_of_token[:at]))


def _uses(contexts: Iterable[Context], vocabulary: Vocabulary) -> Uses:
    texts = [rows_around(tokens, at, vocabulary) for tokens, at in contexts]
    tokens = np.full((len(texts), max(len(rows) for rows, _ in texts)), -1)
    for use, (rows, _) in enumerate(texts):
        tokens[use, : len(rows)] = rows
    return Uses(tokens, np.array([at for _, at in texts]))
