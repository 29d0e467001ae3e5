"""Fixed replays: transitions with random actions, and the true value of another policy, the oracle, in each of them."""

from dataclasses import dataclass

import numpy as np

from harness.tasks.control.problems.environment import Observation, random_actions
from harness.tasks.control.problems.episodes import World
from harness.tasks.control.problems.point import PointWorld

HORIZON_LEFT = 1e-6
"""True values leave out rewards that count for less than this."""


@dataclass(frozen=True)
class Transitions:
    """n transitions with random actions, and the values of the oracle's policy.

    `now` and `later` are what is shown before and after `actions` F32[n a], which gave `rewards` F32[n];
    `later_actions` F32[n a] are the oracle's actions afterwards, and `values` F64[n] the true values of the actions:
    the sum of the discounted rewards of an episode without end, where the oracle acts from the second step on.
    """

    now: Observation
    actions: np.ndarray
    rewards: np.ndarray
    later: Observation
    later_actions: np.ndarray
    values: np.ndarray

    def __len__(self) -> int:
        return len(self.actions)


@dataclass(frozen=True)
class FixedReplay:
    """What critics learn from without an environment: transitions, whose policy to evaluate is the oracle's."""

    transitions: Transitions
    world: World


@dataclass(frozen=True)
class HeldOut:
    """What critics are tested on: transitions that they have not learned from, and those that they have."""

    held_out: Transitions
    learned: Transitions
    discount: float


def collect(world: PointWorld, n: int, discount: float, rng: np.random.Generator) -> Transitions:
    """n transitions from random states, each with a random action and its true value."""
    point = world.point
    states = point.start(rng, n)
    actions = random_actions(world.spaces, n, rng)
    later = point.move(states, world.forces(actions))
    rewards = point.reward(later)
    later_actions = world.oracle(later)
    values, following, weight = rewards.copy(), later, discount
    while weight > HORIZON_LEFT:
        following = point.move(following, world.forces(world.oracle(following)))
        values += weight * point.reward(following)
        weight *= discount
    now, afterwards = world.show(states), world.show(later)
    return Transitions(now, actions, rewards.astype(np.float32), afterwards, later_actions, values)
