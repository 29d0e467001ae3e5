"""From prose to rows of a vocabulary: words, sentences, and the tokenised text of whole data sets as an artefact."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain, count

import numpy as np

from harness.core.artefacts import Recipe
from harness.tasks.word_similarity.problems.corpus import I64, NUMBER, UNKNOWN

SPECIAL = ("<unk>", "<num>")
MIN_DOCUMENTS = 10
"""The number of documents in which a word of the vocabulary must occur, so that practically no seed's 90 % of the
documents lack it (a probability of 10^-10 per word)."""

_SENTENCE_END = re.compile(r"(?<=[.!?])(?<!\b[A-Z]\.)[\"')]*\s+(?=[\"'(]*[A-Z0-9])|\n+")
_WORD = re.compile(r"[^\W\d_]+|\d+(?:[.,]\d+)*")


def words(text: str) -> list[str]:
    """Runs of letters, in lower case, and numbers. Punctuation is left out and separates words."""
    return _WORD.findall(text.lower())


def sentences(text: str) -> Iterator[list[str]]:
    """The words of each sentence. A sentence ends at the end of a line, or at . ! ? before a capital letter or a digit,
    except after initials."""
    return filter(None, map(words, _SENTENCE_END.split(text)))


class Vocabulary:
    """The words by row; `<unk>` is the first and `<num>` the second."""

    def __init__(self, entries: tuple[str, ...]) -> None:
        self.words = entries
        self._rows = {word: row for row, word in enumerate(entries)}

    def __len__(self) -> int:
        return len(self.words)

    def __contains__(self, word: str) -> bool:
        return word in self._rows

    def row(self, word: str) -> int:
        """The row of a word in lower case: that of `<num>` for a number, and that of `<unk>` for an unknown word."""
        return NUMBER if word[:1].isdigit() else self._rows.get(word, UNKNOWN)


def documents(source: str) -> Iterator[str]:
    """The prose of a data set, document by document, with the end of a line ending a sentence. Raises `KeyError` for a
    data set without prose."""
    from harness.data.sets import imdb, newsgroups, wikipedia

    read: dict[str, Callable[[], Iterator[str]]] = {
        "wikipedia": lambda: (article.text for article in wikipedia.articles()),
        "imdb": lambda: (review.text.replace("<br />", "\n") for review in imdb.reviews()),
        "newsgroups20": lambda: (post.body for post in newsgroups.posts()),
    }
    return read[source]()


@dataclass(frozen=True, kw_only=True)
class Prose(Recipe):
    """The recipe of the tokenised documents of data sets.

    Builds `tokens` I32[n]; `sentences` I64[s + 1], offsets into the tokens; `documents` I64[d + 1], offsets into the
    sentences; and `vocabulary` str[V], the most frequent words of those that occur in at least 10 documents. `sources`
    are the data sets, `contents` their content digests, and `size` the size of the vocabulary, including `<unk>` and
    `<num>`.
    """

    sources: tuple[str, ...]
    contents: tuple[str, ...]
    size: int

    def build(self) -> dict[str, np.ndarray]:
        """Reads and tokenises all documents."""
        rows: defaultdict[str, int] = defaultdict(count().__next__)
        documents_tokens: list[np.ndarray] = []
        lengths: list[int] = []
        ends = [0]
        for document in chain.from_iterable(map(documents, self.sources)):
            sentence_words = list(sentences(document))
            lengths += map(len, sentence_words)
            ends.append(len(lengths))
            document_rows = [rows[word] for sentence in sentence_words for word in sentence]
            documents_tokens.append(np.array(document_rows, np.int32))
        tokens = np.concatenate(documents_tokens)
        document_of_token = np.repeat(np.arange(len(documents_tokens)), list(map(len, documents_tokens)))
        vocabulary, table = _most_frequent(list(rows), tokens, document_of_token, self.size)
        return {
            "tokens": table[tokens],
            "sentences": np.concatenate([[0], np.cumsum(lengths)]),
            "documents": np.array(ends),
            "vocabulary": vocabulary,
        }


def _most_frequent(
    all_words: list[str], tokens: np.ndarray, document_of_token: I64, size: int
) -> tuple[np.ndarray, np.ndarray]:
    """The vocabulary of at most `size` words, with ties in alphabetical order; and the row in it of each of the
    words."""
    frequency = np.bincount(tokens, minlength=len(all_words))
    pairs = np.unique(document_of_token * len(all_words) + tokens)  # distinct pairs of document and word
    in_documents = np.bincount(pairs % len(all_words), minlength=len(all_words))
    names = np.array(all_words)
    numbers = np.array([word[0].isdigit() for word in all_words])
    frequency[numbers | (in_documents < MIN_DOCUMENTS)] = 0
    chosen = np.lexsort((names, -frequency))[: size - len(SPECIAL)]
    chosen = chosen[frequency[chosen] > 0]
    table = np.full(len(all_words), UNKNOWN, np.int32)
    table[numbers] = NUMBER
    table[chosen] = np.arange(len(chosen)) + len(SPECIAL)
    return np.concatenate([SPECIAL, names[chosen]]), table
