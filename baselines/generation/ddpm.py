"""Denoising diffusion in discrete steps, with ancestral sampling."""

from typing import Annotated, Literal

import torch
from annotated_types import Gt
from torch import Tensor

from harness.tasks.generation import Drawn, Noise, Process, Sampling, ScoreFunction, ScoreModel


class Ddpm(ScoreModel):
    """Denoising diffusion probabilistic models (Ho et al., 2020), with `steps` steps in training.

    With fewer evaluations than steps it samples on equally distant ones of them (Nichol and Dhariwal, 2021).
    `variance` is that of the noise in sampling: the upper bound beta, or the lower one, both from Section 3.2.
    """

    name = "ddpm"
    search_space = {"variance": ["upper", "lower"]}
    steps: Annotated[int, Gt(1)] = 1000
    variance: Literal["upper", "lower"] = "lower"

    def build(self, largest_distance: float) -> Process:
        return DdpmProcess(self.steps, self.variance)


class DdpmProcess(Process):
    """beta grows linearly from 1e-4 to 0.02 over 1,000 steps, and in proportion over another number of steps."""

    low = -1.0
    sampler = "ancestral"
    samplers = ("ancestral",)

    def __init__(self, steps: int, variance: Literal["upper", "lower"]) -> None:
        self.variance = variance
        betas = torch.linspace(0.1 / steps, 20 / steps, steps, dtype=torch.float64)
        self.kept = (1 - betas).cumprod(dim=0)
        """F64[steps]: the share of the image's variance that is left after each step (alpha-bar)."""

    def draw(self, n: int, generator: torch.Generator) -> Drawn:
        kept = self.kept.float().to(generator.device)
        chosen = kept[torch.randint(len(kept), (n,), generator=generator, device=generator.device)]
        return Drawn(_noise(chosen), torch.ones_like(chosen))

    def sample(self, score: ScoreFunction, shape: tuple[int, ...], sampling: Sampling) -> Tensor:
        if sampling.sampler not in self.samplers:
            raise KeyError(sampling.sampler)
        steps = torch.linspace(0, len(self.kept) - 1, min(sampling.evaluations, len(self.kept))).round().long()
        kept = self.kept[steps].to(sampling.generator.device)
        before = torch.cat([kept.new_ones(1), kept[:-1]])
        x = sampling.normal(shape)
        for now, earlier in zip(kept.flip(0).float(), before.flip(0).float(), strict=True):
            beta = 1 - now / earlier
            mean = (x + beta * score(x, _noise(now))) / torch.sqrt(1 - beta)
            variance = beta if self.variance == "upper" else beta * (1 - earlier) / (1 - now)
            # No noise is added in the last step.
            x = mean + torch.sqrt(variance) * sampling.normal(shape) if earlier < 1 else mean
            x = sampling.constrained(x, _noise(earlier))
        return x


def _noise(kept: Tensor) -> Noise:
    return Noise(kept.sqrt(), (1 - kept).sqrt())
