"""`Sight`: what an agent sees of what an environment shows."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from harness.tasks.control.problems.environment import Observation, Spaces

Observes: TypeAlias = Literal["pixels", "state"]


@dataclass(frozen=True)
class Sight:
    """Whether an agent sees pixels, of `stack` frames, or the state. Its replay has a border of `pad` pixels."""

    observes: Observes
    stack: int = 1
    pad: int = 0

    def look(self, observation: Observation) -> np.ndarray:
        """[n c h w]: pixels U8, or states F32 as pictures of one pixel."""
        return observation.pixels if self.observes == "pixels" else observation.state[..., None, None]

    def shape(self, spaces: Spaces) -> tuple[int, int, int]:
        """The shape (c, h, w) of an observation, of all frames that are stacked."""
        channels, height, width = spaces.pixels
        return (channels * self.stack, height, width) if self.observes == "pixels" else (spaces.state, 1, 1)
