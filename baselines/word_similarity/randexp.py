"""Random expansion: the hash of the fruit fly without learning, applied to dense vectors."""

from typing import Annotated

import numpy as np
from annotated_types import Gt, Le
from numpy.typing import NDArray
from scipy.sparse import csr_array

from baselines.word_similarity.principal import centred
from harness.tasks.word_similarity import Binariser, Codes, code_bits, most_active


class RandExp(Binariser):
    """Random expansion and winner-take-all (Dasgupta, Stevens & Navlakha, 2017).

    Each of `units` units sums a few random dimensions of the centred vector, and the k units with the largest sums are
    active. `sampled` is the share of the dimensions that a unit sums.
    """

    name = "randexp"

    units: Annotated[int, Gt(0)] = 400
    sampled: Annotated[float, Gt(0), Le(1)] = 0.1

    def encode(self, dense: NDArray[np.float32], k: int, rng: np.random.Generator) -> Codes:
        """Bool[V units]: the active units. The units and their dimensions are the same for every k."""
        width = dense.shape[1]
        inputs = max(1, round(self.sampled * width))
        drawn = rng.permuted(np.tile(np.arange(width), (self.units, 1)), axis=1)[:, :inputs]
        unit = np.repeat(np.arange(self.units), inputs)
        projection = csr_array((np.ones(unit.size, np.float32), (unit, drawn.ravel())), shape=(self.units, width))
        return most_active((projection @ centred(dense).T).T, k)

    def bits(self, k: int) -> float:
        """The log2 of the number of ways to choose k units."""
        return code_bits(self.units, k)
