"""Soft actor-critic without augmentation: from pixels, and from the state."""

from typing import ClassVar, Literal

import numpy as np

from harness.tasks.control import AugmentedSac, Minibatch, Views


class SacPixels(AugmentedSac):
    """Soft actor-critic from pixels as they are (Haarnoja et al., 2018)."""

    name = "sac_pixels"

    def views(self, batch: Minibatch, rng: np.random.Generator) -> Views:
        return Views([batch.now.centre()], [batch.later.centre()])


class SacState(SacPixels):
    """Soft actor-critic from the state that pixels show: what an agent reaches that need not learn to see."""

    name = "sac_state"
    observes: ClassVar[Literal["pixels", "state"]] = "state"
