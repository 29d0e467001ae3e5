"""Locality-sensitive hashing: the signs of random projections."""

import numpy as np
from numpy.typing import NDArray

from harness.tasks.word_similarity import Binariser


class Lsh(Binariser):
    """Random hyperplanes (Charikar, 2002)

    On which side of each of k random hyperplanes a vector lies is one bit. A bit is written as two, one for each
    side, of which one is active: so k of 2k bits are, and two codes share as many as they agree in.
    """

    name = "lsh"

    def encode(self, dense: NDArray[np.float32], k: int, rng: np.random.Generator) -> NDArray[np.bool_]:
        """Bool[V 2k]: above each hyperplane, then below it. The hyperplanes of short codes are among those of long."""
        above = dense @ rng.standard_normal((k, dense.shape[1])).astype(np.float32).T > 0
        return np.concatenate([above, ~above], axis=1)

    def bits(self, k: int) -> float:
        """k: one for each hyperplane."""
        return float(k)
