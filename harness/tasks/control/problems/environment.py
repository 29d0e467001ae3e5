"""`Environment`: episodes side by side; what they show, and what they take."""

from abc import ABC, abstractmethod
from typing import NamedTuple

import numpy as np

from harness.core.errors import UserError


class Spaces(NamedTuple):
    """What an environment shows and takes.

    `pixels` is the shape (channels, height, width) of a frame, `state` the length of the state (0 = it shows none).
    Actions are `actions` numbers in [-1, 1], or one of `actions` choices where they are `discrete`.
    """

    pixels: tuple[int, int, int]
    state: int
    actions: int
    discrete: bool = False


class Observation(NamedTuple):
    """What n episodes show: `pixels` U8[n c h w], of several frames where these are stacked; `state` F32[n s]."""

    pixels: np.ndarray
    state: np.ndarray


class Step(NamedTuple):
    """What an action led to in n episodes: what they show, rewards F64[n], and which of them ended, Bool[n].

    What is `terminated` has no future; what is `truncated` was only stopped by a time limit, so that its value goes on.
    """

    observation: Observation
    rewards: np.ndarray
    terminated: np.ndarray
    truncated: np.ndarray


class Environment(ABC):
    """Episodes of one kind that run side by side. What an episode shows after its end has no meaning.

    `limit` is the number of steps after which an episode is truncated at the latest; a step costs `repeat` frames.
    """

    spaces: Spaces
    limit: int
    repeat: int = 1

    @abstractmethod
    def reset(self, rng: np.random.Generator, episodes: int) -> Observation:
        """Begin so many new episodes, whose start states are drawn from `rng`."""

    @abstractmethod
    def step(self, actions: np.ndarray) -> Step:
        """Take an action in every episode: F32[n a] in [-1, 1], or I64[n] where actions are discrete."""

    def oracle(self, states: np.ndarray) -> np.ndarray:
        """The actions in states F32[n s] of a policy that is close to the best one. Raises `UserError` where there is
        none."""
        raise UserError(f"{type(self).__name__} has no oracle")


def random_actions(spaces: Spaces, n: int, rng: np.random.Generator) -> np.ndarray:
    """n uniformly random actions: F32[n a] or I64[n]."""
    if spaces.discrete:
        return rng.integers(spaces.actions, size=n)
    return rng.uniform(-1, 1, (n, spaces.actions)).astype(np.float32)
