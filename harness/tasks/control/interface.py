"""What an entrant of the task implements: `Agent`, or the component `AugmentedSac`."""

from abc import abstractmethod
from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any, ClassVar, final

import numpy as np
import torch
from annotated_types import Ge, Gt
from torch import Tensor, nn

from harness.core.entrant import Entrant, capability
from harness.nn.training import seeded
from harness.run import Run
from harness.tasks.control.models.actor_critic import ActorCritic, NetworkSizes
from harness.tasks.control.models.trunk import trunk
from harness.tasks.control.problems.environment import Observation
from harness.tasks.control.problems.episodes import World
from harness.tasks.control.problems.sight import Observes, Sight
from harness.tasks.control.problems.transitions import FixedReplay
from harness.tasks.control.training.evaluation import evaluate_policy
from harness.tasks.control.training.loop import interact
from harness.tasks.control.training.replay import Minibatch
from harness.tasks.control.training.sac import Sac
from harness.tasks.control.training.student import Log, Student
from harness.tasks.control.training.views import Views


class Agent(Entrant):
    """Acts on what an environment shows."""

    @abstractmethod
    def fit(self, train: World | FixedReplay, run: Run, /) -> None:
        """Learn in the environment of a `World`, whose frames are drawn through `run.draw` (a step costs `repeat` of
        them); or learn the values of the policy of a `FixedReplay`, where an update costs as much as a frame."""

    @abstractmethod
    def act(self, observation: Observation) -> np.ndarray:
        """The actions for n episodes, without exploration: F32[n a] in [-1, 1], or I64[n] where they are discrete."""

    @capability
    def values(self, observation: Observation, actions: np.ndarray) -> np.ndarray:
        """F32[n]: the values of actions F32[n a]."""
        raise NotImplementedError

    @capability
    def log(self) -> Log:
        """What happened in training."""
        raise NotImplementedError


class AugmentedSac(Agent):
    """Soft actor-critic with an open treatment of its observations.

    Networks, replay, updates for each step, optimizer and evaluation are fixed by the task. `lr` is the learning rate
    of all networks, and `batch` the number of transitions of an update; None stands for the task's setting.
    """

    observes: ClassVar[Observes] = "pixels"
    cases: ClassVar[tuple[str, ...]] = ("reach", "replay_1000")
    search_space: ClassVar[Mapping[str, Any]] = {"lr": (5e-4, 5e-3)}
    lr: Annotated[float, Gt(0)] | None = None
    batch: Annotated[int, Ge(1)] | None = None

    @abstractmethod
    def views(self, batch: Minibatch, rng: np.random.Generator) -> Views:
        """The versions of the minibatch's observations that the next update learns from."""

    def padding(self, pad: int) -> int:
        """The border of the replay's frames, in pixels, within which views may be cropped; `pad` is the task's
        setting."""
        return 0

    def auxiliary(self, latent: int) -> nn.Module | None:
        """A loss that trunk and critic's head learn from besides: a module (`Sac`, minibatch, views) -> a scalar, built
        in a block that seeds torch's global generator; `latent` is the width of the head. None for none."""
        return None

    @final
    def fit(self, train: World | FixedReplay, run: Run, /) -> None:
        """Train the task's networks with the entrant's views."""
        settings, world = run.settings, train.world if isinstance(train, FixedReplay) else train
        self._sight = self._see(world, settings["pad"])
        with seeded(run, "init"):
            seen_with = trunk(self._sight, world.spaces, settings["filters"], settings["strides"])
            sizes = NetworkSizes(settings["latent"], settings["hidden"])
            self.networks = ActorCritic(seen_with, world.spaces.actions, sizes, settings["temperature"]).to(run.device)
            auxiliary = self.auxiliary(sizes.latent)
        self._learner = Sac(
            self.networks,
            settings,
            run.torch_rng("policy"),
            lr=self.lr or settings["lr"],
            auxiliary=auxiliary and auxiliary.to(run.device),
        )
        treatment, batch = partial(self.views, rng=run.rng("crops")), self.batch or settings["batch"]
        student = Student(self._sight, self._learner, treatment, batch)
        self._log = student.log
        if isinstance(train, FixedReplay):
            evaluate_policy(train, student, run)
        else:
            interact(train, student, run)

    @final
    def act(self, observation: Observation) -> np.ndarray:
        """The policy's mean actions."""
        return self._learner.act(self._pictures(observation))

    @final
    def values(self, observation: Observation, actions: np.ndarray) -> np.ndarray:
        """The mean of the critics' values."""
        pictures = self._pictures(observation)
        return self._learner.values(pictures, torch.from_numpy(actions).to(pictures.device))

    @final
    def log(self) -> Log:
        return self._log

    def _see(self, world: World, pad: int) -> Sight:
        return Sight("pixels", world.stack, self.padding(pad)) if self.observes == "pixels" else Sight("state")

    def _pictures(self, observation: Observation) -> Tensor:
        device = self.networks.log_temperature.device
        return torch.from_numpy(self._sight.look(observation)).to(device)
