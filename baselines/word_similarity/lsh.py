"""Locality-sensitive hashing: the signs of random projections."""

import numpy as np
from numpy.typing import NDArray

from baselines.word_similarity.principal import centred
from harness.tasks.word_similarity import Binariser, Codes, two_sided


class Lsh(Binariser):
    """Random hyperplanes (Charikar, 2002).

    The side of each of k random hyperplanes on which a centred vector lies is one bit, written as two bits, one for
    each side.
    """

    name = "lsh"

    def encode(self, dense: NDArray[np.float32], k: int, rng: np.random.Generator) -> Codes:
        """Bool[V 2k]: whether a word is above each hyperplane, and then the complements. Short codes use the first
        hyperplanes of long ones."""
        return two_sided(centred(dense) @ rng.standard_normal((k, dense.shape[1])).astype(np.float32).T > 0)

    def bits(self, k: int) -> float:
        """k, one bit for each hyperplane."""
        return float(k)
