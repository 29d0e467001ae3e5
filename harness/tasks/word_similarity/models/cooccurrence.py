"""How often words stand near each other: the counts that PPMI, and whatever else factorises counts, starts from."""

from collections.abc import Sequence

import numpy as np
from scipy.sparse import csr_array

from harness.tasks.word_similarity.problems.corpus import UNKNOWN, Corpus

AT_ONCE = 1 << 22
"""Pairs that are turned into counts together: bounds the memory."""


def cooccurrences(corpus: Corpus, weights: Sequence[float]) -> csr_array:
    """F32[V V], symmetric: summed over all pairs of words of one sentence that stand d apart, weights[d - 1].

    Unknown words are not counted, but hold their place.
    """
    size, n = len(corpus.vocabulary), len(corpus.tokens)
    sentence = np.repeat(np.arange(len(corpus.sentences) - 1, dtype=np.int32), np.diff(corpus.sentences))
    total = csr_array((size, size), dtype=np.float32)
    for distance, weight in enumerate(weights, start=1):
        for start in range(0, n - distance, AT_ONCE):
            stop = min(start + AT_ONCE, n - distance)
            first, second = corpus.tokens[start:stop], corpus.tokens[start + distance : stop + distance]
            together = sentence[start:stop] == sentence[start + distance : stop + distance]
            together &= (first != UNKNOWN) & (second != UNKNOWN)
            pairs = first[together], second[together]
            values = np.full(len(pairs[0]), weight, np.float32)
            total = csr_array(total + csr_array((values, pairs), shape=(size, size)))
    return csr_array(total + total.T)
