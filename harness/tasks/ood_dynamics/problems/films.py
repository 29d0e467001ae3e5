"""Films of bouncing balls in black and white, after van Steenkiste et al. (2018)."""

from dataclasses import dataclass

import numpy as np

from harness.core.artefacts import Recipe
from harness.tasks.ood_dynamics.problems.billiards import scatter, simulate


@dataclass(frozen=True)
class BallFilms(Recipe):
    """The recipe of `films` films of `frames` frames of `side` x `side` pixels with `balls` balls.

    `radius` is in units of the side and `speed` in sides per frame. Both are lower and upper bounds; values are drawn
    for every ball. Builds `frames` U8[films frames side side], which are 1 where the centre of a pixel lies in a ball.
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
        """Simulates the balls, then draws the frames."""
        rng = np.random.default_rng([self.seed, self.balls])
        balls = scatter(self.films, self.balls, self.radius, self.speed, rng)
        return {"frames": draw_frames(simulate(balls, self.frames), balls.radius, self.side)}


def draw_frames(positions: np.ndarray, radius: np.ndarray, side: int) -> np.ndarray:
    """U8[n frames side side]: frames with balls at places F64[n frames b 2] (down, right) of radii F64[n b]."""
    centres = (np.arange(side) + 0.5) / side
    frames = np.zeros((*positions.shape[:2], side, side), dtype=np.bool_)
    for position, r in zip(np.moveaxis(positions, 2, 0), radius.T, strict=True):
        down, right = ((centres - position[..., axis, None]) ** 2 for axis in (0, 1))
        frames |= down[..., :, None] + right[..., None, :] <= r[:, None, None, None] ** 2
    return frames.view(np.uint8)


def curtain_mask(side: int) -> np.ndarray:
    """Bool[side side]: the visible pixels. The middle third of the columns is hidden."""
    visible = np.ones((side, side), dtype=np.bool_)
    visible[:, side // 3 : side - side // 3] = False
    return visible
