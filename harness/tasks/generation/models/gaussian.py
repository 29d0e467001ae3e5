"""`FittedGaussian`: images whose pixels have the mean and covariance of real ones, which is what chance means here."""

import numpy as np

from harness.tasks.generation.problems.images import Images

RIDGE = 1e-6


class FittedGaussian:
    """A normal distribution over all pixels of an image, with values from 0 to 1."""

    def __init__(self, images: Images) -> None:
        values = images.brightness.permute(0, 2, 3, 1).flatten(1).double().numpy()
        self.shape = images.shape
        self.mean = values.mean(axis=0)
        # Pixels that never change have no variance.
        self.root = np.linalg.cholesky(np.cov(values, rowvar=False) + RIDGE * np.eye(values.shape[1]))

    def sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """F32[n h w c]: images, not clipped."""
        values = self.mean + rng.standard_normal((n, len(self.mean))) @ self.root.T
        images: np.ndarray = values.reshape(n, *self.shape).astype(np.float32)
        return images
