"""Rows that measure chance and ceiling: noise, a Gaussian fitted to the pixels, and training images themselves."""

import numpy as np

from harness.run import Run
from harness.tasks.generation import FittedGaussian, ImageGenerator, Images, Samples


class NoiseImages(ImageGenerator):
    """Every pixel is drawn by itself, from a uniform distribution."""

    name = "noise"

    def fit(self, images: Images, run: Run, /) -> None:
        self.shape = images.shape

    def generate(self, n: int, run: Run) -> Samples:
        return Samples(run.rng("sampling").random((n, *self.shape), dtype=np.float32), 0)


class GaussianImages(ImageGenerator):
    """A normal distribution with the mean and covariance of the pixels of the training images."""

    name = "gaussian"

    def fit(self, images: Images, run: Run, /) -> None:
        self.fitted = FittedGaussian(images)

    def generate(self, n: int, run: Run) -> Samples:
        return Samples(self.fitted.sample(n, run.rng("sampling")), 0)


class TrainingImages(ImageGenerator):
    """Training images, drawn without replacement: what a generator would reach that had learned them by heart.

    Raises `ValueError` if more images are asked for than there are.
    """

    name = "training_images"

    def fit(self, images: Images, run: Run, /) -> None:
        self.images = images

    def generate(self, n: int, run: Run) -> Samples:
        if n > len(self.images):
            raise ValueError(f"{n} images are asked for, but there are only {len(self.images)} training images")
        rows = run.rng("sampling").permutation(len(self.images))[:n]
        return Samples(self.images.select(rows).brightness.permute(0, 2, 3, 1).numpy(), 0)
