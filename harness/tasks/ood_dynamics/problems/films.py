"""Films of bouncing balls in black and white, after van Steenkiste et al. (2018)."""

from dataclasses import dataclass

import numpy as np

from harness.core.artefacts import Recipe
from harness.tasks.ood_dynamics.problems.billiards import filmed, scattered


@dataclass(frozen=True)
class BallFilms(Recipe):
    """So many `films` of `frames` frames of `side` pixels squared with so many `balls`.

    `radius` is in shares of the side, `speed` in sides a frame; both are drawn for every ball, between bounds. Builds
    `frames` U8[films frames side side], 1 where a pixel's centre lies in a ball.
    """

    version: int
    seed: int
    films: int
    frames: int
    side: int
    balls: int
    radius: tuple[float, float]
    speed: tuple[float, float]

    def build(self) -> dict[str, np.ndarray]:
        """Simulate, then draw."""
        rng = np.random.default_rng([self.seed, self.balls])
        balls = scattered(self.films, self.balls, self.radius, self.speed, rng)
        return {"frames": drawn(filmed(balls, self.frames), balls.radius, self.side)}


def drawn(places: np.ndarray, radius: np.ndarray, side: int) -> np.ndarray:
    """U8[n frames side side] of balls at places F64[n frames b 2] (down, right) with radii F64[n b]."""
    centres = (np.arange(side) + 0.5) / side
    frames = np.zeros((*places.shape[:2], side, side), dtype=np.bool_)
    for place, r in zip(np.moveaxis(places, 2, 0), radius.T, strict=True):
        down, right = ((centres - place[..., axis, None]) ** 2 for axis in (0, 1))
        frames |= down[..., :, None] + right[..., None, :] <= r[:, None, None, None] ** 2
    return frames.view(np.uint8)


def behind_a_curtain(side: int) -> np.ndarray:
    """Bool[side side]: False in the middle third of the columns."""
    visible = np.ones((side, side), dtype=np.bool_)
    visible[:, side // 3 : side - side // 3] = False
    return visible
