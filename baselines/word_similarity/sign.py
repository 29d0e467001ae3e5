"""The signs of the leading dimensions of dense vectors."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from baselines.word_similarity.principal import principal_components
from harness.tasks.word_similarity import Binariser, Codes, two_sided


class Sign(Binariser):
    """The signs of k dimensions.

    With `axes = "principal"` the k dimensions are the leading principal components of the centred vectors; with
    `"first"` they are simply the first k, which in skip-gram are no better than any others. There are no codes of more
    bits than the vectors have entries.
    """

    name = "sign"

    axes: Literal["principal", "first"] = "principal"

    def encode(self, dense: NDArray[np.float32], k: int, rng: np.random.Generator) -> Codes:
        """Bool[V 2k]: whether each coordinate is positive, and then the complements. Short codes are parts of long
        ones."""
        return two_sided((principal_components(dense, k) if self.axes == "principal" else dense[:, :k]) > 0)

    def bits(self, k: int) -> float:
        """k, one bit for each dimension; 0 where the vectors have fewer."""
        return float(k) if k <= self.width else 0.0
