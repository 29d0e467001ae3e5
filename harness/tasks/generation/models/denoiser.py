"""`Denoiser`: the network around which every process is built, preconditioned in the same way for all."""

import torch
from torch import Tensor, nn

from harness.tasks.generation.problems.noise import Noise


class Denoiser(nn.Module):
    """Predicts the noise in noisy images, at any noise level.

    `network` (F32[n c h w], F32[n]) -> F32[n c h w] sees the images at unit variance and the logarithm of sigma / 4. It
    predicts, at unit variance, what remains of the noise after the best linear guess, which knows the `mean` and the
    deviation `std` of all pixels (the preconditioning of Karras et al., 2022, Table 1, for noise at any scale).
    """

    mean: Tensor
    std: Tensor

    def __init__(self, network: nn.Module, mean: float, std: float) -> None:
        super().__init__()
        if not std > 0:
            raise ValueError("all pixels of the training images are equal: there is nothing to learn")
        self.network = network
        self.register_buffer("mean", torch.tensor(mean))
        self.register_buffer("std", torch.tensor(std))

    def forward(self, x: Tensor, noise: Noise) -> Tensor:
        """F32[n c h w]: the predicted noise z in images x = scale * image + std * z, F32[n c h w]."""
        levels = noise.over(x)
        sigma = levels.sigma
        total = (self.std**2 + sigma**2).sqrt()
        centred = (x / levels.scale - self.mean) / total
        seen = (noise.sigma.log() / 4).expand(len(x))
        predicted: Tensor = sigma / total * centred - self.std / total * self.network(centred, seen)
        return predicted

    def score(self, x: Tensor, noise: Noise) -> Tensor:
        """F32[n c h w]: the gradient of the log-density of noisy images."""
        score: Tensor = -self(x, noise) / noise.over(x).std
        return score
