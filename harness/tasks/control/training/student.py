"""`Student`: what of an agent takes part in the loop of interaction; and the `Log` of its training."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
import torch
from torch import Tensor

from harness.core.checkpoints import Stateful
from harness.core.task import checked, checked_instance, checked_number
from harness.run import Run
from harness.tasks.control.problems.environment import Observation
from harness.tasks.control.problems.sight import Sight
from harness.tasks.control.training.replay import Minibatch
from harness.tasks.control.training.views import Treatment, Views

CURVE_POINTS = 10


class Learner(Stateful, Protocol):
    """What learns while it interacts."""

    def explore(self, pictures: Tensor, steps: int) -> np.ndarray:
        """The actions to try after so many steps, where n episodes show these pictures: F32[n a] or I64[n]."""

    def update(self, batch: Minibatch, views: Views) -> Tensor:
        """Learn from a minibatch; returns its loss F32[], or that of each transition F32[B]."""


L_co = TypeVar("L_co", bound=Learner, covariant=True)


@dataclass
class Log:
    """What happened in training: the return of each finished episode, seconds of acting and of learning, and the
    numbers of frames and updates."""

    returns: list[float] = field(default_factory=list)
    acting_s: float = 0.0
    learning_s: float = 0.0
    frames: int = 0
    updates: int = 0

    def state_dict(self) -> dict[str, Any]:
        """What has happened so far."""
        return {**vars(self)}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on from another log."""
        vars(self).update(state_dict)


def check_log(log: Log) -> Log:
    """The log that an agent returned. Raises `BadOutput` if it is none, or not of finite numbers."""
    checked_instance("log", log, Log)
    checked("log (returns)", log.returns, (None,), "fiu")
    for name in ("acting_s", "learning_s", "frames", "updates"):
        checked_number(f"log ({name})", getattr(log, name), least=0)
    return log


@dataclass(frozen=True)
class Student(Generic[L_co]):
    """What an agent sees, what learns of it, and how observations of minibatches are treated. `updates` minibatches of
    `batch` transitions, `n_step` steps long, are learned from after each step; `prioritised` ones are drawn by their
    losses."""

    sight: Sight
    learner: L_co
    treatment: Treatment
    device: str
    batch: int
    updates: int
    n_step: int
    prioritised: bool
    log: Log = field(default_factory=Log)

    def see(self, observation: Observation) -> Tensor:
        """[n c h w]: what the agent sees of an observation."""
        return torch.from_numpy(self.sight.look(observation)).to(self.device)


class Losses:
    """Losses of updates; their means are points of the curve."""

    def __init__(self, run: Run, steps: int) -> None:
        self._run, self._every = run, max(1, steps // CURVE_POINTS)
        self._losses: list[Tensor] = []

    def add(self, loss: Tensor) -> None:
        """Take note of the loss of an update."""
        self._losses.append(loss)

    def log_if_due(self, step: int) -> None:
        """Log the mean since the last point, after the step of that number, counted from 0. A mean that is not finite
        ends the run as diverged."""
        if self._losses and (step + 1) % self._every == 0:
            self._run.log(loss=float(torch.stack(self._losses).mean()))
            self._losses = []

    def state_dict(self) -> dict[str, Any]:
        """The losses since the last point of the curve."""
        return {"losses": self._losses}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on from the losses of another state."""
        self._losses = state_dict["losses"]
