"""DrQ for discrete actions: Efficient DQN from randomly shifted images."""

from typing import Annotated

import numpy as np
import torch
from annotated_types import Ge
from torch import Tensor

from harness.tasks.control import AugmentedDqn, Frames, Minibatch, Views

MOST_DEVIATIONS = 2.0
"""Where the noise of intensities is cut off."""


class DrqDqn(AugmentedDqn):
    """Random shifts, and random intensities, on Efficient DQN, with the target averaged over `k` versions and the loss
    over `m`.

    `pad` is how far an image is shifted at most, in pixels; None stands for the task's setting. An observation is
    multiplied by 1 + `intensity` * s, where s is drawn from a standard normal distribution cut off at -2 and 2. The
    paper has .05; with 0 there are shifts alone.
    """

    name = "drq_dqn"
    k: Annotated[int, Ge(1)] = 1
    m: Annotated[int, Ge(1)] = 1
    pad: Annotated[int, Ge(0)] | None = None
    intensity: Annotated[float, Ge(0)] = 0.05

    def padding(self, pad: int) -> int:
        return pad if self.pad is None else self.pad

    def views(self, batch: Minibatch, rng: np.random.Generator) -> Views:
        return Views(
            [self._augmented(batch.now, rng) for _ in range(self.m)],
            [self._augmented(batch.later, rng) for _ in range(self.k)],
        )

    def _augmented(self, frames: Frames, rng: np.random.Generator) -> Tensor:
        shifted = frames.crop_at_random(rng)
        return random_intensity(shifted, rng, self.intensity) if self.intensity else shifted


def random_intensity(images: Tensor, rng: np.random.Generator, scale: float) -> Tensor:
    """F32[B c h w]: each observation multiplied by a random number around 1."""
    noise = rng.standard_normal(len(images), dtype=np.float32).clip(-MOST_DEVIATIONS, MOST_DEVIATIONS)
    factors = torch.from_numpy(1 + np.float32(scale) * noise).to(images.device)
    return images.float() * factors[:, None, None, None]
