"""How much of the generated images is like real ones, and how much of the real images is generated."""

from typing import NamedTuple

import numpy as np
from scipy.spatial.distance import cdist


class Manifolds(NamedTuple):
    """`precision`: the share of generated images within reach of a real image, whose reach is the distance to its k-th
    nearest real neighbour. `recall`: the same with the roles changed (Kynkäänniemi et al., 2019). `coverage`: the share
    of real images with a generated image within reach (Naeem et al., 2020)."""

    precision: float
    recall: float
    coverage: float


def compare_manifolds(real: np.ndarray, generated: np.ndarray, k: int) -> Manifolds:
    """The three shares for features F[n d] and F[m d]. Raises `ValueError` unless both are more than k."""
    if min(len(real), len(generated)) <= k:
        raise ValueError(f"{min(len(real), len(generated))} images do not have {k} neighbours each; take more images")
    between = cdist(real, generated)
    real_reach, generated_reach = _reach(real, k), _reach(generated, k)
    return Manifolds(
        precision=float((between <= real_reach[:, None]).any(axis=0).mean()),
        recall=float((between <= generated_reach).any(axis=1).mean()),
        coverage=float((between.min(axis=1) <= real_reach).mean()),
    )


def _reach(features: np.ndarray, k: int) -> np.ndarray:
    """F64[n]: the distance of each item to its k-th nearest other item."""
    # The nearest item of all is the item itself.
    reach: np.ndarray = np.partition(cdist(features, features), k, axis=1)[:, k]
    return reach
