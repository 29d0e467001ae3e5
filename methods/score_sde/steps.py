"""Steps of samplers: predictors, which go back in time, and the corrector, which stays where it is."""

from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple, TypeAlias

import torch
from torch import Tensor

from methods.score_sde.sde import Sde, VpSde

Predictor: TypeAlias = Literal["euler_maruyama", "reverse_diffusion", "ancestral", "probability_flow"]


class Move(NamedTuple):
    """Where a step leads: its mean, and the deviation of the noise around it."""

    mean: Tensor
    std: Tensor

    def drawn(self, z: Tensor) -> Tensor:
        """The mean plus noise, from standard normal numbers."""
        return self.mean + self.std * z


def euler_maruyama(sde: Sde, score: Tensor, x: Tensor, t: Tensor, earlier: Tensor) -> Move:
    """x - [f - g^2 score] dt + g sqrt(dt) z."""
    passed, diffusion = t - earlier, sde.diffusion(t)
    return Move(x - (sde.rate(t) * x - diffusion**2 * score) * passed, diffusion * passed.sqrt())


def reverse_diffusion(sde: Sde, score: Tensor, x: Tensor, t: Tensor, earlier: Tensor) -> Move:
    """x - f_i + G_i^2 score + G_i z, discretised like the step forward (equation 46)."""
    keep, std = sde.transition(earlier, t)
    return Move((2 - keep) * x + std**2 * score, std)


def ancestral(sde: Sde, score: Tensor, x: Tensor, t: Tensor, earlier: Tensor) -> Move:
    """The mean of x at the earlier time given x now and the denoised x, with DDPM's larger variance beta_i for VP
    (equation 4) and the variance of the same distribution for VE (equation 47)."""
    keep, std = sde.transition(earlier, t)
    around = std if isinstance(sde, VpSde) else std * sde.noise(earlier).std / sde.noise(t).std
    return Move((x + std**2 * score) / keep, around)


def probability_flow(sde: Sde, score: Tensor, x: Tensor, t: Tensor, earlier: Tensor) -> Move:
    """The same without noise and with half the score: x - f_i + G_i^2 score / 2."""
    keep, std = sde.transition(earlier, t)
    return Move((2 - keep) * x + std**2 * score / 2, torch.zeros_like(std))


PREDICTORS: Mapping[Predictor, Callable[[Sde, Tensor, Tensor, Tensor, Tensor], Move]] = {
    "euler_maruyama": euler_maruyama,
    "reverse_diffusion": reverse_diffusion,
    "ancestral": ancestral,
    "probability_flow": probability_flow,
}


def langevin(score: Tensor, x: Tensor, z: Tensor, snr: float, alpha: Tensor) -> Move:
    """A step of Langevin dynamics of length 2 alpha (snr |z| / |score|)^2, with the norms' means over the batch
    (Algorithms 4 and 5)."""
    norms = [vectors.flatten(1).norm(dim=1).mean() for vectors in (z, score)]
    length = 2 * alpha * (snr * norms[0] / norms[1]) ** 2
    return Move(x + length * score, torch.sqrt(2 * length))
