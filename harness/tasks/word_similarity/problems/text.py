"""From prose to rows of a vocabulary: words, sentences, and the text of whole data sets as an artefact."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain, count

import numpy as np

from harness.core.artefacts import Recipe
from harness.tasks.word_similarity.problems.corpus import I64, NUMBER, UNKNOWN

SPECIAL = ("<unk>", "<num>")
LEAST_DOCUMENTS = 10
"""Documents that a word of the vocabulary occurs in, so that no seed's 90 % of them lack it (10^-10 a word)."""

_SENTENCE_END = re.compile(r"(?<=[.!?])(?<!\b[A-Z]\.)[\"')]*\s+(?=[\"'(]*[A-Z0-9])|\n+")
_WORD = re.compile(r"[^\W\d_]+|\d+(?:[.,]\d+)*")


def words(text: str) -> list[str]:
    """Runs of letters in lower case, and numbers; punctuation is left out and parts what it joins."""
    return _WORD.findall(text.lower())


def sentences(text: str) -> Iterator[list[str]]:
    """The words of each sentence: it ends at a line's end, or at . ! ? before a capital or digit, initials apart."""
    return filter(None, map(words, _SENTENCE_END.split(text)))


class Vocabulary:
    """Words by row, `<unk>` first and `<num>` second."""

    def __init__(self, entries: tuple[str, ...]) -> None:
        self.words = entries
        self._rows = {word: row for row, word in enumerate(entries)}

    def __len__(self) -> int:
        return len(self.words)

    def __contains__(self, word: str) -> bool:
        return word in self._rows

    def row(self, word: str) -> int:
        """The row of a word in lower case, of `<num>` for a number, of `<unk>` for an unknown word."""
        return NUMBER if word[:1].isdigit() else self._rows.get(word, UNKNOWN)


def documents(source: str) -> Iterator[str]:
    """The prose of a data set, document by document, a line's end ending a sentence (`KeyError` if it has none)."""
    from harness.data.sets import imdb, newsgroups, wikipedia

    read: dict[str, Callable[[], Iterator[str]]] = {
        "wikipedia": lambda: (article.text for article in wikipedia.articles()),
        "imdb": lambda: (review.text.replace("<br />", "\n") for review in imdb.reviews()),
        "newsgroups20": lambda: (post.body for post in newsgroups.posts()),
    }
    return read[source]()


@dataclass(frozen=True, kw_only=True)
class Prose(Recipe):
    """The tokenised documents of data sets: `tokens` I32[n], `sentences` I64[s + 1] into these, `documents` I64[d + 1]
    into the sentences, `vocabulary` str[V]: the most frequent words of those in at least 10 documents.

    `sources` are the data sets, `contents` their content digests, `size` the vocabulary's, `<unk>` and `<num>`
    included.
    """

    sources: tuple[str, ...]
    contents: tuple[str, ...]
    size: int

    def build(self) -> dict[str, np.ndarray]:
        """Reads and tokenises all documents."""
        rows: defaultdict[str, int] = defaultdict(count().__next__)
        found: list[np.ndarray] = []
        lengths: list[int] = []
        ends = [0]
        for document in chain.from_iterable(map(documents, self.sources)):
            split = list(sentences(document))
            lengths += map(len, split)
            ends.append(len(lengths))
            found.append(np.array([rows[word] for sentence in split for word in sentence], np.int32))
        tokens = np.concatenate(found)
        owner = np.repeat(np.arange(len(found)), list(map(len, found)))
        vocabulary, table = _most_frequent(list(rows), tokens, owner, self.size)
        return {
            "tokens": table[tokens],
            "sentences": np.concatenate([[0], np.cumsum(lengths)]),
            "documents": np.array(ends),
            "vocabulary": vocabulary,
        }


def _most_frequent(every: list[str], tokens: np.ndarray, owner: I64, size: int) -> tuple[np.ndarray, np.ndarray]:
    """The vocabulary of at most `size` words, ties in alphabetical order; and the row in it of each word of `every`."""
    frequency = np.bincount(tokens, minlength=len(every))
    spread = np.bincount(np.unique(owner * len(every) + tokens) % len(every), minlength=len(every))
    names = np.array(every)
    numbers = np.array([word[0].isdigit() for word in every])
    frequency[numbers | (spread < LEAST_DOCUMENTS)] = 0
    chosen = np.lexsort((names, -frequency))[: size - len(SPECIAL)]
    chosen = chosen[frequency[chosen] > 0]
    table = np.full(len(every), UNKNOWN, np.int32)
    table[numbers] = NUMBER
    table[chosen] = np.arange(len(chosen)) + len(SPECIAL)
    return np.concatenate([SPECIAL, names[chosen]]), table
