"""Playing episodes with a policy; and the `World`s and `Episodes` that agents learn in and are tested on."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np

from harness.core.errors import UserError
from harness.tasks.control.problems.environment import Environment, Observation, Spaces, Step, random_actions

Policy: TypeAlias = Callable[[Observation], np.ndarray]
"""The actions for what n episodes show: F32[n a] or I64[n]."""

FILMED = 3
"""The number of episodes that are kept as films."""


@dataclass(frozen=True)
class World:
    """What an agent learns in: `make` gives an environment of its own, whose observations are of `stack` frames."""

    make: Callable[[], Environment]
    spaces: Spaces
    stack: int


class Scale(NamedTuple):
    """The returns that are normalised to 0 and 1."""

    random: float
    oracle: float

    def normalise(self, returns: np.ndarray) -> np.ndarray:
        """(return - random) / (oracle - random)."""
        normalised: np.ndarray = (returns - self.random) / (self.oracle - self.random)
        return normalised


@dataclass(frozen=True)
class Episodes:
    """What an agent is tested on: so many episodes, whose start states are drawn from `seed`.

    `as_learned` says whether agents learn in the same environment. If not, as in Atari games, whose rewards are clipped
    in training, the returns of training are on another scale.
    """

    world: World
    seed: int
    number: int
    scale: Scale
    as_learned: bool = True

    def play(self, policy: Policy) -> "Played":
        """Play the episodes with a policy."""
        return play(self.world, policy, self.seed, self.number)

    def starts(self) -> Observation:
        """What the episodes show at first."""
        observation = self.world.make().reset(np.random.default_rng(self.seed), self.number)
        return FrameStack(self.world.stack).begin(observation)


class Played(NamedTuple):
    """Returns F64[n], and films of the first episodes, U8[steps+1 h w 3] each; frames of one channel are grey."""

    returns: np.ndarray
    films: list[np.ndarray]


class FrameStack:
    """Joins the pixels of the last frames of n episodes; before the beginning, the first frame is repeated."""

    def __init__(self, frames: int) -> None:
        self._frames: deque[np.ndarray] = deque(maxlen=frames)

    def begin(self, observation: Observation) -> Observation:
        """The observation at the beginning of episodes."""
        for _ in range(self._frames.maxlen or 1):
            self._frames.append(observation.pixels)
        return self._joined(observation)

    def add(self, observation: Observation) -> Observation:
        """The observation after the next frame."""
        self._frames.append(observation.pixels)
        return self._joined(observation)

    def _joined(self, observation: Observation) -> Observation:
        return Observation(np.concatenate(self._frames, axis=1), observation.state)


def play(world: World, policy: Policy, seed: int, episodes: int) -> Played:
    """Play episodes from the start states that `seed` draws until all have ended."""
    environment, stack = world.make(), FrameStack(world.stack)
    observation = environment.reset(np.random.default_rng(seed), episodes)
    films = [[frame] for frame in observation.pixels[:FILMED]]
    seen = stack.begin(observation)
    returns, running = np.zeros(episodes), np.ones(episodes, np.bool_)
    while running.any():
        step = checked_step(environment.step(policy(seen)))
        returns += np.where(running, step.rewards, 0)
        for film, goes_on, frame in zip(films, running, step.observation.pixels, strict=False):
            if goes_on:
                film.append(frame)
        running &= ~(step.terminated | step.truncated)
        seen = stack.add(step.observation)
    return Played(returns, [_film(frames) for frames in films])


def anchors(world: World, seed: int, episodes: int) -> Scale:
    """The mean returns of uniformly random actions and of the environment's oracle, from the start states that `seed`
    draws. Raises `UserError` if the oracle's is not the higher one."""
    rng = np.random.default_rng([seed, 1])
    random = play(world, lambda seen: random_actions(world.spaces, len(seen.pixels), rng), seed, episodes)
    environment = world.make()
    oracle = play(world, lambda seen: environment.oracle(seen.state), seed, episodes)
    scale = Scale(float(random.returns.mean()), float(oracle.returns.mean()))
    if scale.oracle <= scale.random:
        raise UserError(f"the oracle's return {scale.oracle:g} is not above that of random actions, {scale.random:g}")
    return scale


def checked_step(step: Step) -> Step:
    """The step. Raises `UserError` if an environment gave a reward or a state that is not finite."""
    for name, values in (("reward", step.rewards), ("state", step.observation.state)):
        if not np.isfinite(values).all():
            raise UserError(f"the environment returned a {name} that is not finite; mend the environment")
    return step


def _film(frames: list[np.ndarray]) -> np.ndarray:
    film = np.stack(frames).transpose(0, 2, 3, 1)
    return film if film.shape[-1] == 3 else np.repeat(film[..., :1], 3, axis=-1)
