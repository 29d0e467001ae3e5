"""Spans of a text that n-grams on a list, or titles, make."""

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.core.task import checked
from harness.tasks.mlm.problems.ngrams import F64, NGrams, NGramTable, count_ngrams
from harness.tasks.mlm.problems.words import I32, Mask, Words

Spans: TypeAlias = NDArray[np.int8]
"""I8[words of a text]: the number of words of the span that begins at each word, or 0. No span lies inside another."""

SHARES: Final[Mapping[int, float]] = {2: 0.5, 3: 0.25, 4: 0.125, 5: 0.125}
"""The share of a list that has n-grams of each length (Levine et al., 2021)."""
COMMON: Final = 100
"""The number of words that are too frequent to begin or end a title."""


def list_spans(
    table: NGramTable, at: Mapping[int, I32], rank: Callable[[NGrams], F64], alphabetic: Mask, size: int
) -> Spans:
    """The spans of the `size` n-grams of the highest scores, length by length in fixed shares, of those that consist of
    words with `alphabetic` Bool[V]. `at` says where the table's n-grams begin in the text."""
    listed: dict[int, Mask] = {}
    for n, ngrams in table.of_length.items():
        scores = checked("rank", rank(ngrams), (len(ngrams.words),))
        (candidates,) = np.nonzero(alphabetic[ngrams.words].all(axis=1))
        listed[n] = np.zeros(len(scores), np.bool_)
        listed[n][candidates[np.argsort(-scores[candidates], kind="stable")[: round(SHARES[n] * size)]]] = True
    return _spans(at, listed)


def title_spans(titles: Words, training: Words, texts: Mapping[str, Words], least: int) -> dict[str, Spans]:
    """The spans of titles, each a document of `titles`, in other texts. Of titles of 2 to 5 words, those that occur at
    least `least` times in the training text, consist of letters and digits, and neither begin nor end with one of the
    most frequent words, as `The Ring` does, which may be no name where it occurs."""
    table = NGramTable.restore(count_ngrams(titles, 1))
    lengths, in_training = np.diff(titles.documents), table.locate(training)
    listed: dict[int, Mask] = {}
    for n, ngrams in table.of_length.items():
        at = in_training[n]
        is_title = np.zeros(len(ngrams.words), np.bool_)
        is_title[table.at[n][titles.documents[:-1][lengths == n]]] = True
        is_frequent = np.bincount(at[at >= 0], minlength=len(ngrams.words)) >= least
        is_named = (ngrams.words[:, [0, -1]] >= COMMON).all(axis=1)
        listed[n] = is_title & is_frequent & is_named & titles.alphabetic[ngrams.words].all(axis=1)
    return {name: _spans(table.locate(text), listed) for name, text in texts.items()}


def pmi(ngrams: NGrams) -> F64:
    """F64[k]: the pointwise mutual information of n-grams against their most probable parts (Levine et al., 2021,
    equation 3), by which the evaluation mask `pmi` is made."""
    scores: F64 = ngrams.log_p - ngrams.log_p_parts.max(axis=1)
    return scores


def _spans(at: Mapping[int, I32], listed: Mapping[int, Mask]) -> Spans:
    """The spans of listed n-grams that do not lie inside another one, of those that begin at a word the longest."""
    spans = np.zeros(len(at[2]), np.int8)
    for n in sorted(listed):
        spans[np.append(listed[n], False)[at[n]]] = n  # -1, which stands for no n-gram, is the appended entry
    ends = np.where(spans > 0, np.arange(len(spans)) + spans, 0)
    furthest = np.maximum.accumulate(np.append(0, ends[:-1]))
    return np.where(ends > furthest, spans, np.int8(0))
