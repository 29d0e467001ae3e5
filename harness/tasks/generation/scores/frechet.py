"""The Frechet distance between two sets of features, from statistics that are summed up batch by batch."""

import numpy as np


class Moments:
    """The mean and covariance of features, summed up batch by batch in float64.

    Sums are taken around the first batch's mean, so that no digits are lost where means are large.
    """

    def __init__(self, dims: int) -> None:
        self.n = 0
        self._centre = np.zeros(dims)
        self._sum = np.zeros(dims)
        self._products = np.zeros((dims, dims))

    def add(self, features: np.ndarray) -> None:
        """Take in features F[n dims]. Nothing is dropped, however small the batch is."""
        features = features.astype(np.float64)
        if self.n == 0:
            self._centre = features.mean(axis=0)
        centred = features - self._centre
        self.n += len(features)
        self._sum += centred.sum(axis=0)
        self._products += centred.T @ centred

    @property
    def mean(self) -> np.ndarray:
        """F64[dims]."""
        mean: np.ndarray = self._centre + self._sum / self.n
        return mean

    @property
    def covariance(self) -> np.ndarray:
        """F64[dims dims], unbiased. Raises `ValueError` if there are not more items than dimensions, for then it is
        singular and the distance has no meaning."""
        if self.n <= len(self._sum):
            raise ValueError(
                f"{self.n} images are too few for a Frechet distance over {len(self._sum)} features; "
                f"take more than {len(self._sum)}"
            )
        shift = self._sum / self.n
        covariance: np.ndarray = (self._products - self.n * np.outer(shift, shift)) / (self.n - 1)
        return covariance


def moments(features: np.ndarray) -> Moments:
    """The moments of features F[n dims]."""
    collected = Moments(features.shape[1])
    collected.add(features)
    return collected


def frechet_distance(first: Moments, second: Moments) -> float:
    """|m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2)) (Heusel et al., 2017).

    The trace of the root is the sum of the roots of the eigenvalues of C1^(1/2) C2 C1^(1/2), which is symmetric.
    """
    covariance, other = first.covariance, second.covariance
    values, vectors = np.linalg.eigh(covariance)
    root = vectors * np.sqrt(values.clip(0)) @ vectors.T
    shared = np.sqrt(np.linalg.eigvalsh(root @ other @ root).clip(0)).sum()
    apart = ((first.mean - second.mean) ** 2).sum()
    return float(apart + np.trace(covariance) + np.trace(other) - 2 * shared)
