"""What an entrant of the task implements: `ImageGenerator`, or the component `ScoreModel`."""

from abc import abstractmethod
from collections.abc import Callable
from typing import NamedTuple, TypeAlias, final

import numpy as np
import torch
from torch import Tensor

from harness.core.entrant import Entrant, capability
from harness.core.errors import BadOutput
from harness.core.task import checked_instance, checked_number
from harness.nn.returned import returned_like, returned_tensor
from harness.run import Run
from harness.tasks.generation.models.denoiser import Denoiser
from harness.tasks.generation.models.process import Constraint, Process, Sampling, check_samplers
from harness.tasks.generation.problems.images import Images
from harness.tasks.generation.problems.mixture import Mixture
from harness.tasks.generation.problems.noise import Noise, ScoreFunction
from harness.tasks.generation.training.denoising import largest_distance, learn


class Samples(NamedTuple):
    """Generated images: `values` F32[n h w c], 0 for black and 1 for white, not yet clipped; and how often the network
    was evaluated for each image."""

    values: np.ndarray
    evaluations: float


Guide: TypeAlias = Callable[[Tensor, Tensor, Tensor], Tensor]
"""The log-probability F32[n] of labels I64[n], given the brightness F32[n c h w] of noisy images and the deviation
F32[n] of their noise; the labels come last. It can be differentiated."""


class ImageGenerator(Entrant):
    """Learns from images and generates others like them."""

    @abstractmethod
    def fit(self, images: Images, run: Run, /) -> None:
        """Learn from images, drawn through `run.draw` at a cost of one example each."""

    @abstractmethod
    def generate(self, n: int, run: Run) -> Samples:
        """So many new images, by the entrant's own sampler with the setting `evaluations` as its limit. Random numbers
        come from the run's streams."""

    @capability
    def samplers(self) -> tuple[str, ...]:
        """The names of all samplers of the entrant. Others are compared with the first."""
        raise NotImplementedError

    @capability
    def generate_by(self, sampler: str, evaluations: int, n: int, run: Run) -> Samples:
        """So many new images, by one of the samplers with so many evaluations of the network for each image."""
        raise NotImplementedError

    @capability
    def solve(self, mixture: Mixture, sampler: str, evaluations: int, n: int, run: Run) -> np.ndarray:
        """F32[n dims]: points of a mixture, by one of the samplers ("" stands for the entrant's own) with the exact
        score in place of a network."""
        raise NotImplementedError

    @capability
    def of_classes(self, labels: np.ndarray, guide: Guide, run: Run) -> Samples:
        """A new image of each of the labels I64[n], by the gradient of a guide. Asked for together with `inpaint`."""
        raise NotImplementedError

    @capability
    def inpaint(self, images: Images, known: np.ndarray, run: Run) -> Samples:
        """The images, whose pixels outside `known` Bool[h w] are generated."""
        raise NotImplementedError

    @capability
    def bits(self, images: Images, run: Run) -> np.ndarray:
        """F64[n]: minus the logarithm (base 2) of each image's probability, divided by its number of values; the grey
        levels are dequantised by uniform noise."""
        raise NotImplementedError

    @capability
    def solver(self, tolerance: float, n: int, run: Run) -> Samples:
        """So many new images, by an adaptive solver at a relative and absolute tolerance."""
        raise NotImplementedError

    @capability
    def round_trip(self, images: Images, run: Run) -> np.ndarray:
        """F32[n h w c]: the images with values from 0 to 1, encoded as noise and decoded again."""
        raise NotImplementedError


class ScoreModel(ImageGenerator):
    """A process of adding noise and of taking it away again, around the task's network.

    The network and its preconditioning, the data and their order, steps, optimizer and average of weights are fixed by
    the task.
    """

    @abstractmethod
    def build(self, largest_distance: float) -> Process:
        """The process. `largest_distance` is that between training items whose values go from 0 to 1."""

    @final
    def fit(self, images: Images, run: Run, /) -> None:
        """Train the task's denoiser on the noise of the entrant's process."""
        self.process = self._built(largest_distance(images))
        self.shape = images.shape
        self.denoiser: Denoiser = learn(images, self.process, run)

    @final
    def generate(self, n: int, run: Run) -> Samples:
        """Images by the process's own sampler."""
        return self.generate_by(self.process.sampler, run.settings["evaluations"], n, run)

    @final
    def samplers(self) -> tuple[str, ...]:
        """The process's samplers."""
        return self._built(1.0).samplers

    @final
    def generate_by(self, sampler: str, evaluations: int, n: int, run: Run) -> Samples:
        """Images by one of the process's samplers. Every sampler begins with the same random numbers."""
        return self._sampled(n, run, sampler, evaluations)

    @final
    def solve(self, mixture: Mixture, sampler: str, evaluations: int, n: int, run: Run) -> np.ndarray:
        """Points of the mixture. Every sampler begins with the same random numbers."""
        generator = torch.Generator().manual_seed(run.seed("sampling"))
        process = self._built(float(torch.pdist(torch.tensor(mixture.means)).max()))
        sampling, shape = Sampling(sampler or process.sampler, evaluations, generator), (n, mixture.means.shape[1])
        points = returned_tensor("sample", process.sample(mixture.score, shape, sampling), shape)
        return points.numpy()

    @final
    def of_classes(self, labels: np.ndarray, guide: Guide, run: Run) -> Samples:
        """Images with the guide's gradient added to the score (Song et al., 2021, equation 14)."""
        process, asked = self.process, torch.tensor(labels, device=run.device)

        def guidance(rows: slice) -> ScoreFunction:
            def gradient(x: Tensor, noise: Noise) -> Tensor:
                sigma = (noise.sigma / (1 - process.low)).expand(len(x))
                with torch.enable_grad():
                    x = x.detach().clone().requires_grad_()
                    brightness = process.to_brightness(x / noise.over(x).scale)
                    (slope,) = torch.autograd.grad(guide(brightness, sigma, asked[rows]).sum(), x)
                return slope

            return gradient

        return self._sampled(len(labels), run, guidance=guidance)

    @final
    def inpaint(self, images: Images, known: np.ndarray, run: Run) -> Samples:
        """Known pixels are set to the image with fresh noise of the present level after every step (Song et al., 2021,
        Appendix I.2)."""
        truth = self.process.from_brightness(images.brightness).to(run.device)
        mask = torch.tensor(known, device=run.device)

        def constraint(rows: slice, generator: torch.Generator) -> Constraint:
            def constrained(x: Tensor, noise: Noise) -> Tensor:
                z = torch.randn(x.shape, generator=generator, device=x.device)
                noisy = noise.scale * truth[rows] + noise.std * z
                return torch.where(mask, noisy, x)

            return constrained

        samples = self._sampled(len(images), run, constraint=constraint)
        exact = images.brightness.permute(0, 2, 3, 1).numpy()
        return samples._replace(values=np.where(known[..., None], exact, samples.values))

    @final
    def counted(self) -> "CountedScore":
        """The score by the trained network, counting its evaluations."""
        return CountedScore(self.denoiser)

    @final
    def images_from(self, x: Tensor) -> np.ndarray:
        """F32[n h w c] from 0 to 1: items F32[n c h w] of the process as brightness."""
        brightness = returned_like("to_brightness", self.process.to_brightness(x), x)
        values: np.ndarray = brightness.permute(0, 2, 3, 1).cpu().numpy()
        return values

    def _built(self, largest_distance: float) -> Process:
        """The process from `build`. Raises `BadOutput` if it does not say what a process must say of itself."""
        process = checked_instance("build", self.build(largest_distance), Process)  # type: ignore[type-abstract]
        checked_number("build (low)", process.low)
        if process.sampler not in check_samplers("build (samplers)", process.samplers):
            raise BadOutput(f"build returned a process with the sampler '{process.sampler}', not of {process.samplers}")
        return process

    def _sampled(
        self,
        n: int,
        run: Run,
        sampler: str = "",
        evaluations: int = 0,
        guidance: Callable[[slice], ScoreFunction] | None = None,
        constraint: Callable[[slice, torch.Generator], Constraint] | None = None,
    ) -> Samples:
        """Images in batches, from random numbers that are the same for every sampler. What is added to the score, and
        what is known, is asked for batch by batch."""
        generator = torch.Generator(run.device).manual_seed(run.seed("sampling"))
        height, width, channels = self.shape
        parts, counted = [], self.counted()
        for first in range(0, n, run.settings["sample_batch"]):
            rows = slice(first, min(n, first + run.settings["sample_batch"]))
            sampling = Sampling(
                sampler=sampler or self.process.sampler,
                evaluations=evaluations or run.settings["evaluations"],
                generator=generator,
                constraint=None if constraint is None else constraint(rows, generator),
            )
            counted.guidance = None if guidance is None else guidance(rows)
            shape = (rows.stop - rows.start, channels, height, width)
            items = returned_tensor("sample", self.process.sample(counted, shape, sampling), shape)
            parts.append(self.images_from(items))
        return Samples(np.concatenate(parts), counted.calls / n)


class CountedScore:
    """The score by a denoiser, plus what guides it; counts for how many images it was evaluated."""

    def __init__(self, denoiser: Denoiser) -> None:
        self.denoiser = denoiser
        self.guidance: ScoreFunction | None = None
        self.calls = 0

    def __call__(self, x: Tensor, noise: Noise) -> Tensor:
        self.calls += len(x)
        with torch.inference_mode():
            score = self.denoiser.score(x, noise)
        return score if self.guidance is None else score + self.guidance(x, noise)
