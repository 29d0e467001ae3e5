"""Locality-sensitive hashing: the signs of random projections."""

import numpy as np
from numpy.typing import NDArray

from baselines.word_similarity.principal import centred
from harness.tasks.word_similarity import Binariser, Codes, two_sided


class Lsh(Binariser):
    """Random hyperplanes (Charikar, 2002)

    On which side of each of k random hyperplanes a centred vector lies is one bit, written as two, one for each side.
    """

    name = "lsh"

    def encode(self, dense: NDArray[np.float32], k: int, rng: np.random.Generator) -> Codes:
        """Bool[V 2k]: above each hyperplane, then below it. The hyperplanes of short codes are among those of long."""
        return two_sided(centred(dense) @ rng.standard_normal((k, dense.shape[1])).astype(np.float32).T > 0)

    def bits(self, k: int) -> float:
        """k: one for each hyperplane."""
        return float(k)
