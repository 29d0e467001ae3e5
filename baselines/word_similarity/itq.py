"""Iterative quantisation: principal components, rotated until their signs lose least."""

from typing import Annotated

import numpy as np
from annotated_types import Ge
from numpy.typing import NDArray

from baselines.word_similarity.principal import principal_components
from harness.tasks.word_similarity import Binariser, Codes, two_sided


class Itq(Binariser):
    """Iterative quantisation (Gong & Lazebnik, 2011)

    The k leading principal components are rotated so that their distance to their own signs becomes small: by turns
    the signs are taken, and the rotation that brings the components nearest to these (orthogonal Procrustes).
    `iterations`: such turns, from a random rotation on. There are no codes with more bits than the vectors are wide.
    """

    name = "itq"
    from_tier = "small"

    iterations: Annotated[int, Ge(0)] = 50

    def encode(self, dense: NDArray[np.float32], k: int, rng: np.random.Generator) -> Codes:
        """Bool[V 2k]: on the positive side of each rotated component, then on the other."""
        components = principal_components(dense, k)
        rotation = np.linalg.qr(rng.standard_normal((k, k)))[0].astype(np.float32)
        for _ in range(self.iterations):
            signs = np.sign(components @ rotation)
            left, _, right = np.linalg.svd(components.T @ signs)
            rotation = left @ right
        return two_sided(components @ rotation > 0)

    def bits(self, k: int) -> float:
        """k: one for each component; 0 where there are fewer."""
        return float(k) if k <= self.width else 0.0
