"""The leading principal components of dense vectors."""

import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]


def principal_components(dense: F32, k: int) -> F32:
    """F32[V k]: the centred vectors F32[V d] on the k axes along which they vary most; k at most d."""
    centred = dense - dense.mean(axis=0)
    _, axes = np.linalg.eigh(np.asarray(centred.T @ centred, np.float64))
    leading: F32 = centred @ axes[:, : -k - 1 : -1].astype(np.float32)
    return leading
