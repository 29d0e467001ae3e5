"""Sampling by steps on a fixed grid of times: predictors, correctors, and both in turn (Algorithm 1)."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, TypeAlias

import torch
from torch import Tensor

from harness.tasks.generation import Sampling, ScoreFunction
from methods.score_sde.sde import Sde, VeSde
from methods.score_sde.steps import PREDICTORS, Predictor, langevin

Length: TypeAlias = Literal["paper", "released"]


@dataclass(frozen=True)
class Scheme:
    """What is done at every time: a step of a predictor, or none; so many steps of the corrector, after the predictor
    as in Algorithm 1, or before it as in the released code (`corrector_first`). With `denoise` no noise is added in the
    last step, as in the released code."""

    predictor: Predictor | None
    correctors: int = 0
    corrector_first: bool = False
    denoise: bool = True

    @property
    def evaluations(self) -> int:
        """How often the score is evaluated at every time."""
        return self.correctors + (self.predictor is not None)


SCHEMES: Mapping[str, Scheme] = {
    "reverse_diffusion": Scheme("reverse_diffusion"),
    "euler_maruyama": Scheme("euler_maruyama"),
    "ancestral": Scheme("ancestral"),
    "probability_flow": Scheme("probability_flow"),
    "noisy_end": Scheme("reverse_diffusion", denoise=False),
    "corrector": Scheme(None, correctors=2),
    "predictor_corrector": Scheme("reverse_diffusion", correctors=1),
    "corrector_predictor": Scheme("reverse_diffusion", correctors=1, corrector_first=True),
}
"""The samplers by name. The corrector alone takes two steps at every time, as the paper's C2000."""


@dataclass(frozen=True)
class Corrector:
    """The size of the corrector's steps: `snr` is their ratio of signal to noise, and `length` says which alpha they
    are multiplied by for VP and sub-VP: the squared scale of the image at that time (`paper`), or the squared ratio of
    the scales before and after the predictor's step (`released`). For VE alpha is 1."""

    snr: float
    length: Length

    def alpha(self, sde: Sde, t: Tensor, passed: Tensor) -> Tensor:
        """alpha at a time, where a step of the predictor takes the time `passed`."""
        scale = sde.noise(t).scale
        if self.length == "paper" or isinstance(sde, VeSde):
            return scale**2
        return (scale / sde.noise((t - passed).clamp(min=0)).scale) ** 2


def sample_on_grid(
    sde: Sde, score: ScoreFunction, shape: tuple[int, ...], scheme: Scheme, corrector: Corrector, sampling: Sampling
) -> Tensor:
    """F32[shape]: items, by a scheme on a grid of equally distant times from 1 down to the end of the equation.

    Raises `ValueError` if there are fewer evaluations than one time needs.
    """
    times_number = sampling.evaluations // scheme.evaluations
    if not times_number:
        raise ValueError(f"{sampling.sampler} needs at least {scheme.evaluations} evaluations")
    times = torch.linspace(1, sde.end, times_number + 1, device=sampling.generator.device)
    x = sde.prior_std * sampling.normal(shape)
    for i, (t, earlier) in enumerate(pairwise(times)):
        parts = _parts(scheme)
        for j, part in enumerate(parts):
            is_last = i == times_number - 1 and j == len(parts) - 1
            z = sampling.normal(shape)
            if part is None:
                at = t if scheme.corrector_first else earlier
                alpha = corrector.alpha(sde, at, t - earlier)
                move = langevin(score(x, sde.noise(at)), x, z, corrector.snr, alpha)
            else:
                at = earlier
                move = PREDICTORS[part](sde, score(x, sde.noise(t)), x, t, earlier)
            x = move.mean if is_last and scheme.denoise else move.drawn(z)
            x = sampling.constrained(x, sde.noise(at))
    return x


def _parts(scheme: Scheme) -> list[Predictor | None]:
    """The steps at one time, in order; None stands for the corrector."""
    predictors = [scheme.predictor] if scheme.predictor else []
    correctors: list[Predictor | None] = [None] * scheme.correctors
    return [*correctors, *predictors] if scheme.corrector_first else [*predictors, *correctors]
