"""`SdeProcess`: an equation as the task's process, trained at random times and sampled by any scheme."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

import torch
from torch import Tensor

from harness.tasks.generation import Drawn, Process, Sampling, ScoreFunction
from methods.score_sde.sampling import SCHEMES, Corrector, sample_on_grid
from methods.score_sde.sde import LEAST_TIME, Sde, SubVpSde

Weighting: TypeAlias = Literal["simple", "likelihood"]


@dataclass
class SdeProcess(Process):
    """An equation, the sampler that is used by default, the corrector after a predictor and the one without, and the
    weighting of the loss: by the variance of the noise, which weighs the predicted noise equally at all times
    (`simple`), or by the squared diffusion (`likelihood`)."""

    sde: Sde
    sampler: str
    corrector: Corrector
    corrector_alone: Corrector
    weighting: Weighting

    def __post_init__(self) -> None:
        self.low = self.sde.low
        # The paper has no ancestral sampling for sub-VP.
        without = {"ancestral"} if isinstance(self.sde, SubVpSde) else set()
        self.samplers = tuple(name for name in SCHEMES if name not in without)

    def draw(self, n: int, generator: torch.Generator) -> Drawn:
        t = LEAST_TIME + (1 - LEAST_TIME) * torch.rand(n, generator=generator, device=generator.device)
        noise = self.sde.noise(t)
        if self.weighting == "simple":
            return Drawn(noise, torch.ones_like(t))
        return Drawn(noise, (self.sde.diffusion(t) / noise.std) ** 2)

    def sample(self, score: ScoreFunction, shape: tuple[int, ...], sampling: Sampling) -> Tensor:
        if sampling.sampler not in self.samplers:
            raise KeyError(sampling.sampler)
        scheme = SCHEMES[sampling.sampler]
        corrector = self.corrector if scheme.predictor else self.corrector_alone
        return sample_on_grid(self.sde, score, shape, scheme, corrector, sampling)
