"""Environments of Gymnasium."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from harness.core.errors import UserError
from harness.tasks.control.problems.environment import Environment, Observation, Spaces, Step

if TYPE_CHECKING:
    from gymnasium import Space
    from gymnasium.vector import VectorEnv

INSTALL = "install it with `pip install 'tenfold-bench[control]'`"
ALLOWED = (
    "allowed are pictures U8[h w c] or U8[h w], alone or as `pixels` of a dictionary whose `state` is a vector, with "
    "actions of one bounded Box of one axis, or Discrete from 0"
)


class GymEnvironment(Environment):
    """Episodes of Gymnasium environments side by side.

    `make` gives a vector environment for a number of episodes (`gymnasium.vector.SyncVectorEnv` makes one of single
    environments). Actions are scaled to the environment's bounds. An episode that does not end before is truncated
    after `limit` steps. `channels` says whether they are the first or the last axis of pictures. Raises `UserError`
    for other spaces than are allowed.
    """

    def __init__(
        self,
        make: "Callable[[int], VectorEnv[Any, Any, Any]]",
        limit: int,
        *,
        repeat: int = 1,
        channels: Literal["first", "last"] = "last",
    ) -> None:
        self.limit, self.repeat = limit, repeat
        self._make, self._channels = make, channels
        self._environments = make(1)
        self.spaces = self._spaces()

    def reset(self, rng: np.random.Generator, episodes: int) -> Observation:
        if episodes != self._environments.num_envs:
            self._environments.close()
            self._environments = self._make(episodes)
        self._steps = 0
        shown, _ = self._environments.reset(seed=int(rng.integers(2**31)))
        return self._observation(shown)

    def step(self, actions: np.ndarray) -> Step:
        if not self.spaces.discrete:
            space: Any = self._environments.single_action_space
            actions = space.low + (actions.clip(-1, 1) + 1) / 2 * (space.high - space.low)
            actions = actions.astype(space.dtype)
        shown, rewards, terminated, truncated, _ = self._environments.step(actions)
        self._steps += 1
        return Step(
            self._observation(shown),
            np.asarray(rewards, dtype=np.float64),
            np.asarray(terminated),
            np.asarray(truncated) | (self._steps >= self.limit),
        )

    def _spaces(self) -> Spaces:
        from gymnasium.spaces import Dict

        seen = self._environments.single_observation_space
        pictures, state = (seen.get("pixels"), seen.get("state")) if isinstance(seen, Dict) else (seen, None)
        shape = getattr(pictures, "shape", None) or ()
        length = getattr(state, "shape", None) or (0,)
        actions, discrete = _actions(self._environments.single_action_space)
        if getattr(pictures, "dtype", None) != np.uint8 or len(shape) not in (2, 3) or len(length) != 1 or not actions:
            acts = self._environments.single_action_space
            raise UserError(f"this environment shows {seen} and takes {acts}; {ALLOWED}")
        return Spaces(self._channels_first(np.zeros((1, *shape), np.uint8)).shape[1:], length[0], actions, discrete)

    def _observation(self, shown: Any) -> Observation:
        pictures = shown["pixels"] if isinstance(shown, dict) else shown
        state = shown.get("state") if isinstance(shown, dict) else None
        n = len(pictures)
        states = np.zeros((n, 0), np.float32) if state is None else np.asarray(state, dtype=np.float32)
        return Observation(self._channels_first(np.asarray(pictures)), states)

    def _channels_first(self, pictures: np.ndarray) -> np.ndarray:
        """A copy [n c h w] of [n h w], [n h w c] or [n c h w]; an environment may overwrite what it showed."""
        if pictures.ndim == 3:
            return pictures[:, None].copy()
        return pictures.copy() if self._channels == "first" else np.moveaxis(pictures, 3, 1).copy()


def _actions(space: "Space[Any]") -> tuple[int, bool]:
    """The number of actions and whether they are discrete; none for a space that is not allowed."""
    from gymnasium.spaces import Box, Discrete

    if isinstance(space, Discrete) and space.start == 0:
        return int(space.n), True
    if isinstance(space, Box) and len(space.shape) == 1 and space.is_bounded():
        return space.shape[0], False
    return 0, False
