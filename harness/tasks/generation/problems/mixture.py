"""`Mixture`, a distribution whose score is known at every noise level, so that samplers are tested without training."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from harness.tasks.generation.problems.noise import Noise


@dataclass(frozen=True)
class Mixture:
    """Equal parts of Gaussians with means F64[modes dims] and one deviation in all directions."""

    means: np.ndarray
    std: float

    @classmethod
    def drawn(cls, modes: int, dims: int, std: float, rng: np.random.Generator) -> "Mixture":
        """A mixture with means from a uniform distribution over [-1, 1]."""
        return cls(rng.uniform(-1, 1, (modes, dims)), std)

    def sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """F64[n dims]: points drawn from the mixture."""
        modes, dims = self.means.shape
        return self.means[rng.integers(modes, size=n)] + self.std * rng.standard_normal((n, dims))

    def log_density(self, points: np.ndarray) -> np.ndarray:
        """F64[n]: the log-density of points F64[n dims] in nats."""
        x = torch.tensor(points)
        density: np.ndarray = self._terms(x, Noise(x.new_ones(()), x.new_zeros(())))[0].logsumexp(dim=1).numpy()
        return density

    def score(self, x: Tensor, noise: Noise) -> Tensor:
        """F[n dims]: the gradient of the log-density of noisy points F[n dims]."""
        terms, towards, variance = self._terms(x, noise)
        return torch.einsum("nk,nkd->nd", terms.softmax(dim=1), towards) / variance

    def _terms(self, x: Tensor, noise: Noise) -> tuple[Tensor, Tensor, Tensor]:
        """The log-density of each part F[n modes], the way to its mean F[n modes dims], and the variance F[n 1]."""
        scale, std = noise.over(x)
        modes, dims = self.means.shape
        variance = (scale * self.std) ** 2 + std**2
        towards = scale[..., None] * torch.tensor(self.means, dtype=x.dtype, device=x.device) - x[:, None]
        terms = -towards.square().sum(dim=2) / (2 * variance) - dims / 2 * torch.log(2 * math.pi * variance)
        return terms - math.log(modes), towards, variance
