"""Binary codes: made of activations or of signs, and how much one of them can say."""

from math import comb, log2

import numpy as np
from numpy.typing import NDArray

from harness.tasks.word_similarity.problems.corpus import F32

Codes = NDArray[np.bool_]


def most_active(activations: F32, k: int) -> Codes:
    """Bool[n m]: the k largest of each row of F32[n m], of equals those with the lowest number; exactly k."""
    m = activations.shape[1]
    threshold = np.partition(activations, m - k, axis=1)[:, m - k, None]
    above, level = activations > threshold, activations == threshold
    active: Codes = above | (level & (np.cumsum(level, axis=1) <= k - above.sum(axis=1, keepdims=True)))
    return active


def two_sided(bits: Codes) -> Codes:
    """Bool[n 2k]: each of the bits Bool[n k] written as two, one for on and one for off, of which one is active. So k
    of 2k are, and two codes share as many active bits as they agree in."""
    return np.concatenate([bits, ~bits], axis=1)


def code_bits(m: int, k: int) -> float:
    """log2 of the number of codes with k active bits of m; 0 where there are none or only one."""
    return log2(max(1, comb(m, k)))
