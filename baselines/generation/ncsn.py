"""Noise-conditional score networks, sampled by annealed Langevin dynamics."""

from typing import Annotated

import numpy as np
import torch
from annotated_types import Gt
from torch import Tensor

from harness.tasks.generation import Drawn, Noise, Process, Sampling, ScoreFunction, ScoreModel


class Ncsn(ScoreModel):
    """Noise-conditional score networks (Song and Ermon, 2019), with the largest level of their second paper (2020).

    `levels` noise levels are a geometric sequence from `sigma_max` (None: the largest distance between training images)
    to `sigma_min`. At each level as many steps of Langevin dynamics are taken as the evaluations allow. `step` is the
    length of a step divided by the squared noise level. In the first paper it is 2e-5 / 0.01^2 = 0.2 for 100 steps at
    each level; with a tenth of them that leaves noise behind even where the score is known exactly, and 1 does not.
    """

    name = "ncsn"
    search_space = {"step": [0.5, 1.0], "levels": [10, 48]}
    levels: Annotated[int, Gt(1)] = 10
    sigma_min: Annotated[float, Gt(0)] = 0.01
    sigma_max: Annotated[float, Gt(0)] | None = None
    step: Annotated[float, Gt(0)] = 1.0

    def build(self, largest_distance: float) -> Process:
        sigmas = np.geomspace(self.sigma_max or largest_distance, self.sigma_min, self.levels)
        return NcsnProcess(torch.tensor(sigmas, dtype=torch.float32), self.step)


class NcsnProcess(Process):
    """Noise levels F32[levels], the largest first."""

    low = 0.0
    sampler = "annealed_langevin"
    samplers = ("annealed_langevin",)

    def __init__(self, sigmas: Tensor, step: float) -> None:
        self.sigmas, self.step = sigmas, step

    def draw(self, n: int, generator: torch.Generator) -> Drawn:
        sigmas = self.sigmas.to(generator.device)
        chosen = sigmas[torch.randint(len(sigmas), (n,), generator=generator, device=generator.device)]
        return Drawn(_noise(chosen), torch.ones_like(chosen))

    def sample(self, score: ScoreFunction, shape: tuple[int, ...], sampling: Sampling) -> Tensor:
        """Annealed Langevin dynamics (Algorithm 1), with a last denoising step, which takes one evaluation (Song and
        Ermon, 2020). It starts from noise of the largest level.

        Raises `ValueError` if there are fewer evaluations than levels.
        """
        if sampling.sampler not in self.samplers:
            raise KeyError(sampling.sampler)
        steps = (sampling.evaluations - 1) // len(self.sigmas)
        if not steps:
            raise ValueError(f"{len(self.sigmas)} noise levels need at least {len(self.sigmas) + 1} evaluations")
        x = self.sigmas[0] * sampling.normal(shape)
        for sigma in self.sigmas.to(x.device):
            noise, length = _noise(sigma), self.step * sigma**2
            for _ in range(steps):
                x = x + length / 2 * score(x, noise) + length.sqrt() * sampling.normal(shape)
                x = sampling.constrained(x, noise)
        denoised: Tensor = x + sigma**2 * score(x, noise)
        return denoised


def _noise(sigma: Tensor) -> Noise:
    return Noise(torch.ones_like(sigma), sigma)
