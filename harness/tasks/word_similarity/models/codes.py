"""Binary codes, made from activations or from signs, and the information in a code."""

from math import comb, log2

import numpy as np
from numpy.typing import NDArray

from harness.tasks.word_similarity.problems.corpus import F32

Codes = NDArray[np.bool_]


def most_active(activations: F32, k: int) -> Codes:
    """Bool[n m]: exactly the k largest activations of each row F32[n m]; among equal ones those of the lowest index."""
    m = activations.shape[1]
    threshold = np.partition(activations, m - k, axis=1)[:, m - k, None]
    above, equal = activations > threshold, activations == threshold
    active: Codes = above | (equal & (np.cumsum(equal, axis=1) <= k - above.sum(axis=1, keepdims=True)))
    return active


def two_sided(bits: Codes) -> Codes:
    """Bool[n 2k]: each of the bits Bool[n k] as a pair of bits, one for on and one for off, of which exactly one is
    active.

    So k of the 2k bits are active, and two codes share as many active bits as there are bits on which they agree.
    """
    return np.concatenate([bits, ~bits], axis=1)


def code_bits(m: int, k: int) -> float:
    """The log2 of the number of codes with k active bits of m; 0 where there are none or only one."""
    return log2(max(1, comb(m, k)))
