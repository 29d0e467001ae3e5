"""The kernel distance between two sets of features."""

import numpy as np


def kernel_distance(real: np.ndarray, generated: np.ndarray) -> float:
    """The unbiased squared maximum mean discrepancy of features F[n d] and F[m d] with the kernel (x y / d + 1)^3
    (KID; Binkowski et al., 2018), over all items at once. It can be slightly negative."""
    n, m = len(real), len(generated)
    within = [_kernel(features, features) for features in (real, generated)]
    means = [(kernel.sum() - np.trace(kernel)) / (k * (k - 1)) for kernel, k in zip(within, (n, m), strict=True)]
    return float(sum(means) - 2 * _kernel(real, generated).mean())


def _kernel(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    kernel: np.ndarray = (first.astype(np.float64) @ second.T.astype(np.float64) / first.shape[1] + 1) ** 3
    return kernel
