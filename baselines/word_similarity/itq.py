"""Iterative quantisation: principal components, rotated such that their signs lose the least information."""

from typing import Annotated

import numpy as np
from annotated_types import Ge
from numpy.typing import NDArray

from baselines.word_similarity.principal import principal_components
from harness.tasks.word_similarity import Binariser, Codes, two_sided


class Itq(Binariser):
    """Iterative quantisation (Gong & Lazebnik, 2011).

    The k leading principal components are rotated so that their distance to their own signs becomes small. In each of
    `iterations` iterations, starting from a random rotation, the signs are computed and then the rotation that brings
    the components nearest to these signs (orthogonal Procrustes). There are no codes of more bits than the vectors have
    entries.
    """

    name = "itq"
    from_tier = "small"

    iterations: Annotated[int, Ge(0)] = 50

    def encode(self, dense: NDArray[np.float32], k: int, rng: np.random.Generator) -> Codes:
        """Bool[V 2k]: whether each rotated component is positive, and then the complements."""
        components = principal_components(dense, k)
        rotation = np.linalg.qr(rng.standard_normal((k, k)))[0].astype(np.float32)
        for _ in range(self.iterations):
            signs = np.sign(components @ rotation)
            left, _, right = np.linalg.svd(components.T @ signs)
            rotation = left @ right
        return two_sided(components @ rotation > 0)

    def bits(self, k: int) -> float:
        """k, one bit for each component; 0 where the vectors have fewer components."""
        return float(k) if k <= self.width else 0.0
