"""The entrants: score models of the three equations."""

import math
from abc import abstractmethod
from typing import Annotated, Literal

import numpy as np
import torch
from annotated_types import Gt

from harness.run import Run
from harness.tasks.generation import (
    Images,
    Process,
    Samples,
    ScoreFunction,
    ScoreModel,
    dequantised,
)
from methods.score_sde.flow import Flow
from methods.score_sde.process import SdeProcess
from methods.score_sde.sampling import Corrector
from methods.score_sde.sde import Sde, SubVpSde, VeSde, VpSde

BATCH = 100
"""The number of images whose equations are solved together."""


class ScoreSde(ScoreModel):
    """A score model of a stochastic differential equation (Song et al., 2021).

    `sampler` is one of `methods.score_sde.sampling.SCHEMES`; `snr` is the corrector's ratio of signal to noise, and
    `snr_alone` that of the corrector without a predictor, both as in the paper's Appendix G. `length` says which of two
    lengths the corrector's steps have for VP and sub-VP; the default is the code's, by which the published numbers were
    made. `weighting` is that of the loss, `divergence` how likelihoods are computed.
    """

    # For an equation of your own. Those below have lists of samplers, which trials exhaust; their correctors keep the
    # paper's steps, since a chosen length would be arbitrary where a sampler without a corrector wins.
    search_space = {
        "sampler": ["reverse_diffusion", "predictor_corrector", "corrector_predictor"],
        "snr": (0.01, 0.3),
    }
    sampler: Literal[
        "reverse_diffusion", "euler_maruyama", "ancestral", "predictor_corrector", "corrector_predictor"
    ] = "predictor_corrector"
    snr: Annotated[float, Gt(0)] = 0.16
    snr_alone: Annotated[float, Gt(0)] = 0.22
    length: Literal["paper", "released"] = "released"
    weighting: Literal["simple", "likelihood"] = "simple"
    divergence: Literal["hutchinson", "exact"] = "hutchinson"

    @abstractmethod
    def equation(self, largest_distance: float) -> Sde:
        """The equation, given the largest distance between training items."""

    def build(self, largest_distance: float) -> Process:
        sde = self.equation(largest_distance)
        together, alone = (Corrector(snr, self.length) for snr in (self.snr, self.snr_alone))
        return SdeProcess(sde, self.sampler, together, alone, self.weighting)

    def bits(self, images: Images, run: Run) -> np.ndarray:
        """Bits per dimension through the probability-flow ODE (Appendix D.2)."""
        generator = run.torch_rng("dequantisation")
        size, parts = images.pixels[0].size, []
        for batch in torch.split(images.brightness.to(run.device), BATCH):
            items = self.process.from_brightness(dequantised(batch, images.levels, generator))
            flow = self._flow(run.settings["bits_tolerance"])
            parts.append(flow.log_density(items, self.divergence, generator).numpy())
        return bits_per_dimension(np.concatenate(parts), size, images.levels, self.process.low)

    def solver(self, tolerance: float, n: int, run: Run) -> Samples:
        generator = torch.Generator(run.device).manual_seed(run.seed("sampling"))
        height, width, channels = self.shape
        score, parts = self.counted(), []
        flow = self._flow(tolerance, score)
        for first in range(0, n, run.settings["sample_batch"]):
            rows = min(n - first, run.settings["sample_batch"])
            z = torch.randn(rows, channels, height, width, generator=generator, device=run.device)
            parts.append(self.images_from(flow.sample(flow.sde.prior_std * z)))
        return Samples(np.concatenate(parts), score.calls / n)

    def round_trip(self, images: Images, run: Run) -> np.ndarray:
        flow = self._flow(run.settings["bits_tolerance"])
        return self.images_from(
            flow.decode(flow.encode(self.process.from_brightness(images.brightness).to(run.device)))
        )

    def _flow(self, tolerance: float, score: ScoreFunction | None = None) -> Flow:
        assert isinstance(self.process, SdeProcess)
        return Flow(self.process.sde, score or self.denoiser.score, tolerance)


def bits_per_dimension(log_densities: np.ndarray, size: int, levels: int, low: float) -> np.ndarray:
    """F64[n]: bits per dimension of images of `size` values, given their log-densities F64[n] where values go from
    `low` to 1 and were dequantised by uniform noise as wide as one of the grey levels."""
    from_zero_to_one = log_densities + size * math.log(1 - low)
    bits: np.ndarray = math.log2(levels) - from_zero_to_one / (size * math.log(2))
    return bits


class VpScoreSde(ScoreSde):
    """The variance-preserving equation, the limit of DDPM's."""

    name = "vp_sde"
    search_space = {"sampler": ["reverse_diffusion", "euler_maruyama", "ancestral", "predictor_corrector"]}
    snr: Annotated[float, Gt(0)] = 0.01
    snr_alone: Annotated[float, Gt(0)] = 0.27

    def equation(self, largest_distance: float) -> Sde:
        return VpSde()


class SubVpScoreSde(ScoreSde):
    """The sub-VP equation, with smaller variances than VP's.

    There is no ancestral sampling for it, and reverse diffusion is the same as Euler's and Maruyama's rule.
    """

    name = "sub_vp_sde"
    search_space = {"sampler": ["euler_maruyama", "predictor_corrector"]}
    snr: Annotated[float, Gt(0)] = 0.01
    snr_alone: Annotated[float, Gt(0)] = 0.27

    def equation(self, largest_distance: float) -> Sde:
        return SubVpSde()


class VeScoreSde(ScoreSde):
    """The variance-exploding equation, the limit of NCSN's.

    `sigma_max` is the largest deviation of the noise; None stands for the largest distance between training images, by
    which the paper chose 50 for CIFAR-10.
    """

    name = "ve_sde"
    search_space = {"sampler": ["reverse_diffusion", "euler_maruyama", "ancestral", "predictor_corrector"]}
    sigma_max: Annotated[float, Gt(0)] | None = None

    def equation(self, largest_distance: float) -> Sde:
        return VeSde(sigma_max=self.sigma_max or largest_distance)
