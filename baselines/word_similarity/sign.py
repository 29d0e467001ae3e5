"""Signs of the leading dimensions of dense vectors."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from baselines.word_similarity.principal import principal_components
from harness.tasks.word_similarity import Binariser, Codes, two_sided


class Sign(Binariser):
    """The signs of k dimensions

    `axes`: the k dimensions are the leading `principal` components of the centred vectors, or simply the `first` ones,
    which for skip-gram are k of many that are all alike. There are no codes with more bits than the vectors are wide.
    """

    name = "sign"

    axes: Literal["principal", "first"] = "principal"

    def encode(self, dense: NDArray[np.float32], k: int, rng: np.random.Generator) -> Codes:
        """Bool[V 2k]: on the positive side of each axis, then on the other. Short codes are parts of long ones."""
        return two_sided((principal_components(dense, k) if self.axes == "principal" else dense[:, :k]) > 0)

    def bits(self, k: int) -> float:
        """k: one for each dimension; 0 where there are fewer."""
        return float(k) if k <= self.width else 0.0
