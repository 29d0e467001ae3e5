"""Dense vectors without their mean, and their leading principal components."""

import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]


def centred(dense: F32) -> F32:
    """F32[V d]: the vectors minus their mean. The mean of skip-gram vectors is more than half as long as they are, and
    would put most words on the same side of any hyperplane through the origin."""
    difference: F32 = dense - dense.mean(axis=0)
    return difference


def principal_components(dense: F32, k: int) -> F32:
    """F32[V k]: the coordinates of the centred vectors F32[V d] on the k axes along which they vary most; k is at most
    d."""
    vectors = centred(dense)
    _, axes = np.linalg.eigh(np.asarray(vectors.T @ vectors, np.float64))
    leading: F32 = vectors @ axes[:, : -k - 1 : -1].astype(np.float32)
    return leading
