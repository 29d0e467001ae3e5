"""Counts of words that occur near each other, from which PPMI and other factorisations start."""

from collections.abc import Sequence

import numpy as np
from scipy.sparse import csr_array

from harness.tasks.word_similarity.problems.corpus import UNKNOWN, Corpus

PAIRS_AT_ONCE = 1 << 22
"""The number of pairs that are counted together, which bounds the memory."""


def cooccurrences(corpus: Corpus, weights: Sequence[float]) -> csr_array:
    """F32[V V], symmetric: for two words, the sum of weights[d - 1] over all occurrences in one sentence at a distance
    d.

    Unknown words are not counted, but they do count for the distances of other words.
    """
    size, n = len(corpus.vocabulary), len(corpus.tokens)
    sentence = np.repeat(np.arange(len(corpus.sentences) - 1, dtype=np.int32), np.diff(corpus.sentences))
    total = csr_array((size, size), dtype=np.float32)
    for distance, weight in enumerate(weights, start=1):
        for start in range(0, n - distance, PAIRS_AT_ONCE):
            stop = min(start + PAIRS_AT_ONCE, n - distance)
            first, second = corpus.tokens[start:stop], corpus.tokens[start + distance : stop + distance]
            counted = sentence[start:stop] == sentence[start + distance : stop + distance]
            counted &= (first != UNKNOWN) & (second != UNKNOWN)
            pairs = first[counted], second[counted]
            values = np.full(len(pairs[0]), weight, np.float32)
            total = csr_array(total + csr_array((values, pairs), shape=(size, size)))
    return csr_array(total + total.T)
