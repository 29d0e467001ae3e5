"""What an entrant of the task implements: `Agent`, or one of the components `AugmentedSac` and `AugmentedDqn`."""

from abc import abstractmethod
from functools import partial
from typing import Annotated, ClassVar, TypeVar, final

import numpy as np
import torch
from annotated_types import Ge, Gt
from torch import nn

from harness.core.entrant import Entrant, capability
from harness.core.task import checked_number
from harness.nn.returned import returned_module
from harness.nn.training import seeded
from harness.run import Run
from harness.tasks.control.models.actor_critic import ActorCritic, NetworkSizes
from harness.tasks.control.models.dueling import CategoricalNetwork, QNetwork
from harness.tasks.control.models.trunk import Trunk, trunk
from harness.tasks.control.problems.environment import Observation
from harness.tasks.control.problems.episodes import World
from harness.tasks.control.problems.sight import Observes, Sight
from harness.tasks.control.problems.transitions import FixedReplay
from harness.tasks.control.training.categorical import CategoricalDqn
from harness.tasks.control.training.dqn import Dqn
from harness.tasks.control.training.evaluation import evaluate_policy
from harness.tasks.control.training.loop import interact
from harness.tasks.control.training.replay import Minibatch
from harness.tasks.control.training.sac import Sac
from harness.tasks.control.training.student import Learner, Log, Student
from harness.tasks.control.training.views import Views, check_views

L = TypeVar("L", bound=Learner)


class Agent(Entrant):
    """Acts on what an environment shows: it answers `steer` where actions are numbers, `choose` where they are
    discrete, or both."""

    @abstractmethod
    def fit(self, train: World | FixedReplay, run: Run, /) -> None:
        """Learn in the environment of a `World`, whose frames are drawn through `run.draw` (a step costs `repeat` of
        them); or learn the values of the policy of a `FixedReplay`, where an update costs as much as a frame."""

    @capability
    def steer(self, observation: Observation) -> np.ndarray:
        """F32[n a] in [-1, 1]: the actions for n episodes, without exploration."""
        raise NotImplementedError

    @capability
    def choose(self, observation: Observation) -> np.ndarray:
        """I64[n]: the discrete actions for n episodes, without exploration."""
        raise NotImplementedError

    @capability
    def values(self, observation: Observation, actions: np.ndarray) -> np.ndarray:
        """F32[n]: the values of actions F32[n a]."""
        raise NotImplementedError

    @capability
    def log(self) -> Log:
        """What happened in training."""
        raise NotImplementedError


class AugmentedAgent(Agent):
    """An agent with an open treatment of the observations that it learns from; the base of the components.

    Networks, replay, updates for each step, optimizer and evaluation are fixed by the task. `lr` is the learning rate
    of all networks; None stands for the task's setting. `batches` is the number of the task's minibatches that make
    one, so that 2 doubles the number of transitions of an update.
    """

    observes: ClassVar[Observes] = "pixels"
    lr: Annotated[float, Gt(0)] | None = None
    batches: Annotated[int, Ge(1)] = 1

    @abstractmethod
    def views(self, batch: Minibatch, rng: np.random.Generator) -> Views:
        """The versions of a minibatch's observations that the next update learns from."""

    def padding(self, pad: int) -> int:
        """The border of the replay's frames, in pixels, within which views may be cropped; `pad` is the task's
        setting."""
        return 0

    @final
    def log(self) -> Log:
        return self._student.log

    def _sight(self, world: World, run: Run) -> Sight:
        if self.observes == "state":
            return Sight("state")
        pad = checked_number("padding", self.padding(run.settings["pad"]), least=0, whole=True)
        return Sight("pixels", world.stack, int(pad))

    def _checked_views(self, batch: Minibatch, rng: np.random.Generator) -> Views:
        return check_views(self.views(batch, rng), batch)

    def _schedule(
        self, learner: L, sight: Sight, run: Run, *, prioritised: bool = False, **deviating: int | None
    ) -> Student[L]:
        """The student by a run's settings, but for those that are given."""
        settings = {**run.settings, **{name: value for name, value in deviating.items() if value is not None}}
        student = Student(
            sight=sight,
            learner=learner,
            treatment=partial(self._checked_views, rng=run.rng("crops")),
            device=run.device,
            batch=self.batches * settings["batch"],
            updates=settings["updates"],
            n_step=settings["n_step"],
            prioritised=prioritised,
        )
        self._student: Student[Learner] = student
        return student


class AugmentedSac(AugmentedAgent):
    """Soft actor-critic with an open treatment of its observations."""

    def auxiliary(self, latent: int) -> nn.Module | None:
        """A loss that trunk and critic's head learn from besides: a module (`Sac`, views) -> a scalar, built in a
        block that seeds torch's global generator; `latent` is the width of the head. None for none."""
        return None

    @final
    def fit(self, train: World | FixedReplay, run: Run, /) -> None:
        """Train the task's networks with the entrant's views."""
        settings, world = run.settings, train.world if isinstance(train, FixedReplay) else train
        sight = self._sight(world, run)
        with seeded(run, "init"):
            seen_with = trunk(sight, world.spaces, settings)
            sizes = NetworkSizes(settings["latent"], settings["hidden"])
            self.networks = ActorCritic(seen_with, world.spaces.actions, sizes, settings["temperature"]).to(run.device)
            auxiliary = self.auxiliary(sizes.latent)
            if auxiliary is not None:
                auxiliary = returned_module("auxiliary", auxiliary).to(run.device)
        self._sac = Sac(
            self.networks,
            settings,
            run.torch_rng("policy"),
            lr=self.lr or settings["lr"],
            auxiliary=auxiliary,
        )
        student = self._schedule(self._sac, sight, run)
        if isinstance(train, FixedReplay):
            evaluate_policy(train, student, run)
        else:
            interact(train, student, run)

    @final
    def steer(self, observation: Observation) -> np.ndarray:
        """The policy's mean actions, for the observations as they are."""
        return self._sac.act(self._student.see(observation))

    @final
    def values(self, observation: Observation, actions: np.ndarray) -> np.ndarray:
        """The mean of the two critics' values."""
        pictures = self._student.see(observation)
        return self._sac.values(pictures, torch.from_numpy(actions).to(pictures.device))


class AugmentedDqn(AugmentedAgent):
    """Q-learning of discrete actions with an open treatment of its observations.

    `double` and `dueling` are van Hasselt's and Wang's (both: Efficient DQN); `updates` is the number of updates for
    each step, and `n_step` the number of steps whose rewards a target adds; None stands for the task's setting.
    `atoms` is the number of returns, from -`most_return` to `most_return`, over which distributions are learned; with 1
    it is the expected return. `prioritised` transitions are drawn by their losses. `noise` is what the deviations of
    noisy layers begin with, times the root of a layer's inputs (.5 in Fortunato et al., 2018; .1 in van Hasselt et al.,
    2019); then their noise explores, and with 0 random actions do.
    """

    double: bool = True
    dueling: bool = True
    updates: Annotated[int, Ge(1)] | None = None
    n_step: Annotated[int, Ge(1)] | None = None
    atoms: Annotated[int, Ge(1)] = 1
    most_return: Annotated[float, Gt(0)] = 10.0
    prioritised: bool = False
    noise: Annotated[float, Ge(0)] = 0.0

    @final
    def fit(self, train: World | FixedReplay, run: Run, /) -> None:
        """Train the task's network with the entrant's views. Raises `TypeError` for a fixed replay."""
        if isinstance(train, FixedReplay):
            raise TypeError(f"{self.name} learns in a world, not from a fixed replay")
        settings, sight = run.settings, self._sight(train, run)
        with seeded(run, "init"):
            self.network = self._network(trunk(sight, train.spaces, settings), train.spaces.actions, settings["hidden"])
        self.network.to(run.device)
        learner = Dqn if self.atoms == 1 else CategoricalDqn
        lr, rng = self.lr or settings["lr"], run.rng("explore")
        noise = run.torch_rng("noise") if self.noise else None
        self._dqn = learner(self.network, settings, rng, lr=lr, double=self.double, noise=noise)
        deviating = {"updates": self.updates, "n_step": self.n_step}
        interact(train, self._schedule(self._dqn, sight, run, prioritised=self.prioritised, **deviating), run)

    @final
    def choose(self, observation: Observation) -> np.ndarray:
        """The actions of highest value, for the observations as they are."""
        return self._dqn.act(self._student.see(observation))

    def _network(self, seen_with: Trunk, actions: int, hidden: int) -> QNetwork:
        if self.atoms == 1:
            return QNetwork(seen_with, actions, hidden, dueling=self.dueling, noise=self.noise)
        return CategoricalNetwork(
            seen_with,
            actions,
            hidden,
            dueling=self.dueling,
            atoms=self.atoms,
            most=self.most_return,
            noise=self.noise,
        )
