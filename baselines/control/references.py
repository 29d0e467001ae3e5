"""What agents are measured against that need not learn: random actions, a constant one, and an oracle."""

import zlib
from abc import abstractmethod
from itertools import product
from typing import ClassVar

import numpy as np

from harness.run import Run
from harness.tasks.control import Agent, FixedReplay, Observation, World, play, random_actions


class Reference(Agent):
    """Acts in a raster world, whose spaces it is told."""

    cases: ClassVar[tuple[str, ...]] = ("reach", "mass", "anchored", "dreach")

    @abstractmethod
    def act(self, observation: Observation) -> np.ndarray:
        """The actions: F32[n a], or I64[n] where they are discrete."""

    def steer(self, observation: Observation) -> np.ndarray:
        return self.act(observation)

    def choose(self, observation: Observation) -> np.ndarray:
        return self.act(observation)

    def fit(self, train: World | FixedReplay, run: Run, /) -> None:
        assert isinstance(train, World), "references have no values to learn from a fixed replay"
        self.world = train


class RandomActions(Reference):
    """Uniformly random actions. An observation has always the same one, so that it does not depend on what is asked
    beside it."""

    name = "random_actions"

    def act(self, observation: Observation) -> np.ndarray:
        digests = [zlib.crc32(pixels.tobytes() + state.tobytes()) for pixels, state in zip(*observation, strict=True)]
        return np.concatenate(
            [random_actions(self.world.spaces, 1, np.random.default_rng(digest)) for digest in digests]
        )


class ConstantAction(Reference):
    """The same action at every step: the one, of no force and full force in each direction, that gave the highest
    return in training."""

    name = "constant_action"

    def fit(self, train: World | FixedReplay, run: Run, /) -> None:
        super().fit(train, run)
        spaces = self.world.spaces
        candidates = (
            np.arange(spaces.actions)
            if spaces.discrete
            else np.array(list(product([0, -1, 1], repeat=spaces.actions)), dtype=np.float32)
        )
        environment = self.world.make()
        frames = environment.limit * environment.repeat
        episodes = max(1, run.budget.total // (frames * len(candidates)))
        returns = [self._try(action, run, episodes) for action in run.draw(candidates, episodes * frames)]
        self.action = candidates[int(np.argmax(returns))]

    def act(self, observation: Observation) -> np.ndarray:
        return np.stack([self.action] * len(observation.state))

    def _try(self, action: np.ndarray, run: Run, episodes: int) -> float:
        """The mean return of an action."""
        played = play(self.world, lambda seen: np.stack([action] * len(seen.state)), run.seed("episodes"), episodes)
        return float(played.returns.mean())


class Oracle(Reference):
    """A policy that knows the state and the physics: the ceiling."""

    name = "oracle"

    def act(self, observation: Observation) -> np.ndarray:
        return self.world.make().oracle(observation.state)
