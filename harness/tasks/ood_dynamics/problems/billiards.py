"""Balls that bounce off each other and off the walls of a unit box. Collisions happen at their exact times."""

from itertools import combinations
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

WALL_EVENTS: Final = 2
"""The number of possible wall collisions of a ball: one for each axis."""
TRIES: Final = 30
"""The number of places that are tried for a ball between those placed before it."""


class Balls(NamedTuple):
    """Balls in each of n boxes: `position` and `velocity` F64[n b 2], `radius` F64[n b].

    The mass of a ball is the square of its radius: the balls are discs of one material.
    """

    position: Floats
    velocity: Floats
    radius: Floats

    @property
    def mass(self) -> Floats:
        """F64[n b]."""
        return np.square(self.radius)


def scatter(
    boxes: int, balls: int, radius: tuple[float, float], speed: tuple[float, float], rng: np.random.Generator
) -> Balls:
    """Balls at random places that do not overlap, moving in random directions. Radius and speed (per unit of time) are
    uniform between their bounds."""
    r = rng.uniform(*radius, (boxes, balls))
    angle, pace = rng.uniform(0, 2 * np.pi, (boxes, balls)), rng.uniform(*speed, (boxes, balls))
    velocity = pace[..., None] * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    position = np.empty((boxes, balls, 2))
    todo = np.arange(boxes)
    while len(todo):
        position[todo], is_placed = _try_places(r[todo], rng)
        todo = todo[~is_placed]
    return Balls(position, velocity, r)


def advance(balls: Balls, time: float) -> Balls:
    """The balls after the given time. All boxes advance together, each from one of its collisions to the next."""
    position, velocity, radius = balls.position.copy(), balls.velocity.copy(), balls.radius
    remaining = np.full(len(position), time)
    rows = np.arange(len(position))
    while len(rows):
        now = Balls(position[rows], velocity[rows], radius[rows])
        times = np.concatenate([_wall_times(now), _pair_times(now)], axis=1)
        event = times.argmin(axis=1)
        until = times[np.arange(len(rows)), event]
        collides = until <= remaining[rows]
        step = np.where(collides, until, remaining[rows])
        position[rows] += step[:, None, None] * velocity[rows]
        remaining[rows] -= step
        rows, event = rows[collides], event[collides]
        velocity[rows] = _bounce(Balls(position[rows], velocity[rows], radius[rows]), event)
    return Balls(position, velocity, radius)


def simulate(balls: Balls, frames: int) -> Floats:
    """F64[n frames b 2]: the places of the balls at times 0, 1, ..."""
    positions = [balls.position]
    for _ in range(frames - 1):
        balls = advance(balls, 1.0)
        positions.append(balls.position)
    return np.stack(positions, axis=1)


def _pairs(balls: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    pairs = np.array(list(combinations(range(balls), 2)), dtype=np.intp).reshape(-1, 2)
    return pairs[:, 0], pairs[:, 1]


def _try_places(radius: Floats, rng: np.random.Generator) -> tuple[Floats, NDArray[np.bool_]]:
    """Places F64[n b 2] for balls, chosen one after the other so that they do not overlap; and Bool[n], whether all
    balls of a box found a place. A box without room for its last balls must be tried anew."""
    position = np.empty((*radius.shape, 2))
    is_placed = np.ones(len(radius), dtype=np.bool_)
    for ball in range(radius.shape[1]):
        todo = np.arange(len(radius))
        for _ in range(TRIES):
            ball_radius = radius[todo, ball, None]
            position[todo, ball] = rng.uniform(ball_radius, 1 - ball_radius, (len(todo), 2))
            distance = np.linalg.norm(position[todo, :ball] - position[todo, ball, None], axis=-1)
            todo = todo[(distance <= radius[todo, :ball] + ball_radius).any(axis=1)]
        is_placed[todo] = False
    return position, is_placed


def _wall_times(balls: Balls) -> Floats:
    """F64[n 2b]: the time until each ball reaches the wall that it moves towards, for each axis; infinity if it does
    not move."""
    r = balls.radius[..., None]
    ahead = np.where(balls.velocity > 0, 1 - r - balls.position, balls.position - r)
    with np.errstate(divide="ignore", invalid="ignore"):
        times = np.where(balls.velocity == 0, np.inf, ahead / np.abs(balls.velocity))
    # Rounding may leave a ball slightly outside.
    return times.clip(0).reshape(len(times), -1)


def _pair_times(balls: Balls) -> Floats:
    """F64[n pairs]: the time until two balls touch, when `|separation + t velocity|` is the sum of their radii;
    infinity if they never do."""
    i, j = _pairs(balls.position.shape[1])
    separation, relative = balls.position[:, i] - balls.position[:, j], balls.velocity[:, i] - balls.velocity[:, j]
    closing = -(separation * relative).sum(axis=-1)
    fast = (relative**2).sum(axis=-1)
    gap = (separation**2).sum(axis=-1) - (balls.radius[:, i] + balls.radius[:, j]) ** 2
    root = closing**2 - fast * gap
    touching = (closing > 0) & (root >= 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        # The smaller root of the quadratic equation, in the form that loses no digits when the balls nearly touch.
        times = gap / (closing + np.sqrt(root))
    return np.where(touching, times, np.inf).clip(0)


def _bounce(balls: Balls, event: NDArray[np.intp]) -> Floats:
    """F64[n b 2]: the velocities after one elastic collision in each box, with a wall or between two balls."""
    velocity = balls.velocity.copy()
    boxes, count = velocity.shape[:2]
    at_wall = event < WALL_EVENTS * count
    rows = np.arange(boxes)[at_wall]
    ball, axis = np.divmod(event[at_wall], WALL_EVENTS)
    velocity[rows, ball, axis] *= -1
    rows = np.arange(boxes)[~at_wall]
    first, second = (side[event[~at_wall] - WALL_EVENTS * count] for side in _pairs(count))
    normal = balls.position[rows, first] - balls.position[rows, second]
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
    first_mass, second_mass = balls.mass[rows, first], balls.mass[rows, second]
    closing = ((velocity[rows, first] - velocity[rows, second]) * normal).sum(axis=-1)
    impulse = (2 * first_mass * second_mass / (first_mass + second_mass) * closing)[:, None] * normal
    velocity[rows, first] -= impulse / first_mass[:, None]
    velocity[rows, second] += impulse / second_mass[:, None]
    return velocity
