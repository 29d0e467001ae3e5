"""The raster worlds: a point is steered to where the reward is; shown as a disc, and its goal as a ring."""

from dataclasses import dataclass

import numpy as np

from harness.tasks.control.problems.environment import Environment, Observation, Spaces, Step
from harness.tasks.control.problems.raster import Raster

START = 0.9
"""Points and goals start within this distance from the middle, across and down."""
HIDDEN_GOAL = (0.5, -0.5)
"""The goal of worlds that do not show it."""
DIRECTIONS = np.array([[0, 0], [1, 0], [-1, 0], [0, 1], [0, -1]], dtype=np.float64)
"""What the five discrete actions stand for: stay, and a step to each side."""
POSITION, VELOCITY, GOAL = slice(0, 2), slice(2, 4), slice(4, 6)


@dataclass(frozen=True)
class PointOptions:
    """The physics of a point in [-1, 1] x [-1, 1].

    Without inertia an action of 1 moves it by `speed`; with `inertia`, the share of its velocity that it keeps in a
    step, an action adds to the velocity, so that `speed` is the fastest that a lasting action of 1 can make it. The
    reward of a step is exp(-(d / `reward_width`)^2) at a distance d from the goal. `goal` says whether the goal is
    drawn anew for every episode and shown, or hidden and always at the same place.
    """

    limit: int
    speed: float
    reward_width: float
    inertia: float = 0.0
    goal: bool = True
    discrete: bool = False


class Point:
    """The physics: functions of states F64[n 6], which are position, velocity and goal."""

    def __init__(self, options: PointOptions) -> None:
        self.options = options

    def start(self, rng: np.random.Generator, n: int) -> np.ndarray:
        """n random start states, at rest."""
        states = np.zeros((n, 6))
        places = rng.uniform(-START, START, (n, 2, 2))
        states[:, POSITION] = places[:, 0]
        states[:, GOAL] = places[:, 1] if self.options.goal else HIDDEN_GOAL
        return states

    def move(self, states: np.ndarray, actions: np.ndarray) -> np.ndarray:
        """The states after actions F[n 2] in [-1, 1]. At the edge the point stops."""
        options = self.options
        velocity = options.inertia * states[:, VELOCITY] + (1 - options.inertia) * options.speed * actions
        free = states[:, POSITION] + velocity
        position = np.clip(free, -1, 1)
        velocity[position != free] = 0
        return np.concatenate([position, velocity, states[:, GOAL]], axis=1)

    def reward(self, states: np.ndarray) -> np.ndarray:
        """F64[n]: the rewards of reaching these states."""
        squared = ((states[:, POSITION] - states[:, GOAL]) ** 2).sum(axis=1)
        rewards: np.ndarray = np.exp(-squared / self.options.reward_width**2)
        return rewards

    def oracle(self, states: np.ndarray) -> np.ndarray:
        """F64[n 2]: the actions that lead to the goal, or as near to it as the next step can; with inertia, half of the
        way there, since the point must stop at the goal."""
        keep, share = self.options.inertia, 0.5 if self.options.inertia else 1.0
        wanted = share * (states[:, GOAL] - states[:, POSITION])
        actions: np.ndarray = (wanted - keep * states[:, VELOCITY]) / ((1 - keep) * self.options.speed)
        return actions.clip(-1, 1)


class PointWorld(Environment):
    """Episodes of a point that is steered, drawn on `side` x `side` pixels."""

    def __init__(self, options: PointOptions, side: int) -> None:
        self.point, self.limit = Point(options), options.limit
        self.spaces = Spaces((3, side, side), 6, len(DIRECTIONS) if options.discrete else 2, options.discrete)
        self._raster = Raster(side)

    def reset(self, rng: np.random.Generator, episodes: int) -> Observation:
        self._states, self._steps = self.point.start(rng, episodes), 0
        return self.show(self._states)

    def step(self, actions: np.ndarray) -> Step:
        self._states = self.point.move(self._states, self.forces(actions))
        self._steps += 1
        ended = np.full(len(actions), self._steps >= self.limit)
        return Step(self.show(self._states), self.point.reward(self._states), np.zeros_like(ended), ended)

    def show(self, states: np.ndarray) -> Observation:
        """What states F64[n 6] look like."""
        ring = states[:, GOAL] if self.point.options.goal else None
        return Observation(self._raster.draw(states[:, POSITION], ring), states.astype(np.float32))

    def forces(self, actions: np.ndarray) -> np.ndarray:
        """F64[n 2]: what actions of the environment do to the point."""
        forces: np.ndarray = DIRECTIONS[actions] if self.spaces.discrete else actions.clip(-1, 1).astype(np.float64)
        return forces

    def oracle(self, states: np.ndarray) -> np.ndarray:
        """Of discrete actions the one whose reward is the highest."""
        if not self.spaces.discrete:
            return self.point.oracle(states).astype(np.float32)
        n = len(states)
        rewards = [self.point.reward(self.point.move(states, np.tile(way, (n, 1)))) for way in DIRECTIONS]
        best: np.ndarray = np.argmax(rewards, axis=0)
        return best
