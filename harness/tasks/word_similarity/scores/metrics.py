"""The metrics: rank correlation with human judgements and its items, codes of equal information, thresholds."""

import numpy as np
from numpy.typing import NDArray

from harness.core.errors import BadOutput
from harness.core.task import checked_number
from harness.tasks.word_similarity.interface import WordEmbedder
from harness.tasks.word_similarity.models.codes import Codes
from harness.tasks.word_similarity.problems.corpus import F32, F64

DECIMALS = 6
"""Similarities are rounded to this many decimals, because cosines of equal overlaps differ in their last bits."""


def cosine(first: F32, second: F32) -> F64:
    """F64[n]: the cosines between corresponding rows of two arrays [n d]; 0 where a row is zero."""
    first, second = first.astype(np.float64), second.astype(np.float64)
    lengths = np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1)
    cosines: F64 = np.round((first * second).sum(axis=1) / np.where(lengths > 0, lengths, 1.0), DECIMALS)
    return cosines


def spearman(predicted: F64, judged: F64) -> tuple[float, F64]:
    """Spearman's rank correlation, with ties at their mean rank; and F64[n], the pairs' shares in it, whose mean it is.

    A share is the correlation plus the pair's influence on it, to first order and given the ranks. So a bootstrap over
    the shares approximates a bootstrap over the pairs. For constant predictions the correlation is 0.
    """
    x, y = (_standardised_ranks(values) for values in (predicted, judged))
    correlation = float(np.mean(x * y))
    shares: F64 = correlation + x * y - correlation * (x**2 + y**2) / 2
    return correlation, shares


def _standardised_ranks(values: F64) -> F64:
    """The ranks with mean 0 and variance 1; zeros where all values are tied."""
    from scipy.stats import rankdata

    centred: F64 = rankdata(values) - (len(values) + 1) / 2
    spread = float(np.std(centred))
    return centred / spread if spread else centred


def check_codes(codes: Codes, k: int) -> None:
    """Raise `BadOutput` unless every row has exactly k active bits."""
    active = codes.sum(axis=1)
    if wrong := int((active != k).sum()):
        row = int(np.flatnonzero(active != k)[0])
        raise BadOutput(
            f"codes({k}) returned {wrong} rows without {k} active bits, the first is row {row}: {active[row]}"
        )


def information(system: WordEmbedder, k: int) -> float:
    """The bits of information in a code with k active bits; 0 where there are no such codes."""
    return checked_number(f"bits({k})", system.bits(k), least=0)


def longest_within(system: WordEmbedder, bits: int) -> int:
    """The k of the most informative codes that carry at most `bits` bits of information; 0 if there are none."""
    carried = {k: information(system, k) for k in range(1, bits + 1)}
    fitting = (k for k, in_code in carried.items() if 0 < in_code <= bits)
    return max(fitting, key=carried.__getitem__, default=0)


def bytes_a_word(system: WordEmbedder, vectors: F32) -> float:
    """The bytes of a word's vector: 4 for each entry, or, for vectors that are codes of the system, their information
    in bits divided by 8."""
    k = int(vectors[0].sum()) if np.isin(vectors, (0, 1)).all() else 0
    is_code = k > 0 and bool((vectors.sum(axis=1) == k).all()) and "bits" in type(system).capabilities()
    return information(system, k) / 8 if is_code else 4.0 * vectors.shape[1]


def best_threshold(values: F64, labels: NDArray[np.bool_]) -> float:
    """The threshold t for which `values > t` agrees with most labels: half-way between two values, and the lowest of
    several equally good ones."""
    order = np.argsort(values, kind="stable")
    ordered, true = values[order], labels[order]
    correct = np.r_[true.sum(), true.sum() + np.cumsum(np.where(true, -1, 1))]
    edges = np.r_[ordered[0] - 1, (ordered[:-1] + ordered[1:]) / 2, ordered[-1] + 1]
    possible = np.r_[True, ordered[1:] > ordered[:-1], True]
    return float(edges[possible][np.argmax(correct[possible])])
