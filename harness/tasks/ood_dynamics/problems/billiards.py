"""Balls that bounce off each other and off the walls of a unit box: collisions at their exact times, film by film."""

from itertools import combinations
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

WALLS: Final = 2
"""Events of a ball with walls: one an axis."""
TRIES: Final = 30
"""Places that are tried for a ball between those before it."""


class Balls(NamedTuple):
    """So many balls in each of n boxes: `place` and `velocity` F64[n b 2], `radius` F64[n b]. A mass is the square of
    its radius: discs of one material."""

    place: Floats
    velocity: Floats
    radius: Floats

    @property
    def mass(self) -> Floats:
        """F64[n b]."""
        return np.square(self.radius)


def scattered(
    boxes: int, balls: int, radius: tuple[float, float], speed: tuple[float, float], rng: np.random.Generator
) -> Balls:
    """Balls anywhere, apart from each other, in any direction; radius and speed (per unit of time) between bounds."""
    r = rng.uniform(*radius, (boxes, balls))
    angle, pace = rng.uniform(0, 2 * np.pi, (boxes, balls)), rng.uniform(*speed, (boxes, balls))
    velocity = pace[..., None] * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    place = np.empty((boxes, balls, 2))
    todo = np.arange(boxes)
    while len(todo):
        place[todo], found = _tried(r[todo], rng)
        todo = todo[~found]
    return Balls(place, velocity, r)


def moved(balls: Balls, time: float) -> Balls:
    """The balls so much later. All boxes go on together, each from one collision of its own to its next."""
    place, velocity, radius = balls.place.copy(), balls.velocity.copy(), balls.radius
    left = np.full(len(place), time)
    rows = np.arange(len(place))
    while len(rows):
        now = Balls(place[rows], velocity[rows], radius[rows])
        times = np.concatenate([_wall_times(now), _pair_times(now)], axis=1)
        event = times.argmin(axis=1)
        until = times[np.arange(len(rows)), event]
        collides = until <= left[rows]
        step = np.where(collides, until, left[rows])
        place[rows] += step[:, None, None] * velocity[rows]
        left[rows] -= step
        rows, event = rows[collides], event[collides]
        velocity[rows] = _bounced(Balls(place[rows], velocity[rows], radius[rows]), event)
    return Balls(place, velocity, radius)


def filmed(balls: Balls, frames: int) -> Floats:
    """F64[n frames b 2]: where the balls are at times 0, 1, ..."""
    places = [balls.place]
    for _ in range(frames - 1):
        balls = moved(balls, 1.0)
        places.append(balls.place)
    return np.stack(places, axis=1)


def _pairs(balls: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    pairs = np.array(list(combinations(range(balls), 2)), dtype=np.intp).reshape(-1, 2)
    return pairs[:, 0], pairs[:, 1]


def _tried(radius: Floats, rng: np.random.Generator) -> tuple[Floats, NDArray[np.bool_]]:
    """Places F64[n b 2] for balls, one after the other where no earlier one is; and in which boxes all found theirs. A
    box that its first balls have filled is to be tried anew."""
    place = np.empty((*radius.shape, 2))
    found = np.ones(len(radius), dtype=np.bool_)
    for ball in range(radius.shape[1]):
        todo = np.arange(len(radius))
        for _ in range(TRIES):
            own = radius[todo, ball, None]
            place[todo, ball] = rng.uniform(own, 1 - own, (len(todo), 2))
            apart = np.linalg.norm(place[todo, :ball] - place[todo, ball, None], axis=-1)
            todo = todo[(apart <= radius[todo, :ball] + own).any(axis=1)]
        found[todo] = False
    return place, found


def _wall_times(balls: Balls) -> Floats:
    """F64[n 2b]: when each ball, by axis, reaches the wall that it moves to; infinity if it rests."""
    r = balls.radius[..., None]
    ahead = np.where(balls.velocity > 0, 1 - r - balls.place, balls.place - r)
    with np.errstate(divide="ignore", invalid="ignore"):
        times = np.where(balls.velocity == 0, np.inf, ahead / np.abs(balls.velocity))
    # Rounding may leave a ball a hair outside.
    return times.clip(0).reshape(len(times), -1)


def _pair_times(balls: Balls) -> Floats:
    """F64[n pairs]: when two balls touch, |apart + t velocity| = the sum of radii; infinity if never."""
    i, j = _pairs(balls.place.shape[1])
    apart, relative = balls.place[:, i] - balls.place[:, j], balls.velocity[:, i] - balls.velocity[:, j]
    closing = -(apart * relative).sum(axis=-1)
    fast = (relative**2).sum(axis=-1)
    far = (apart**2).sum(axis=-1) - (balls.radius[:, i] + balls.radius[:, j]) ** 2
    root = closing**2 - fast * far
    touching = (closing > 0) & (root >= 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        # The smaller root, in the form that loses no digits when the balls nearly touch.
        times = far / (closing + np.sqrt(root))
    return np.where(touching, times, np.inf).clip(0)


def _bounced(balls: Balls, event: NDArray[np.intp]) -> Floats:
    """F64[n b 2]: velocities after one elastic collision in each box: with a wall, or of a pair."""
    velocity = balls.velocity.copy()
    boxes, count = velocity.shape[:2]
    at_wall = event < WALLS * count
    rows = np.arange(boxes)[at_wall]
    ball, axis = np.divmod(event[at_wall], WALLS)
    velocity[rows, ball, axis] *= -1
    rows = np.arange(boxes)[~at_wall]
    first, second = (side[event[~at_wall] - WALLS * count] for side in _pairs(count))
    normal = balls.place[rows, first] - balls.place[rows, second]
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
    one, other = balls.mass[rows, first], balls.mass[rows, second]
    closing = ((velocity[rows, first] - velocity[rows, second]) * normal).sum(axis=-1)
    impulse = (2 * one * other / (one + other) * closing)[:, None] * normal
    velocity[rows, first] -= impulse / one[:, None]
    velocity[rows, second] += impulse / other[:, None]
    return velocity
