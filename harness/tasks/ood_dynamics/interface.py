"""What an entrant of the task implements: `SequencePredictor`, or the component `RecurrentCore`."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, final

import numpy as np
from annotated_types import Gt

from harness.core.entrant import Entrant, capability
from harness.core.training import seeded
from harness.run import Run
from harness.tasks.ood_dynamics.models.core import Core
from harness.tasks.ood_dynamics.models.predictor import Predictor, predictor
from harness.tasks.ood_dynamics.problems.sequences import Learned


class SequencePredictor(Entrant):
    """Says what belongs to the steps of a sequence of symbols, or how a film goes on."""

    @abstractmethod
    def fit(self, train: Learned, run: Run, /) -> None:
        """Learn from `Sequences` or from `Films`, drawn through `run.draw`, one example each."""

    @abstractmethod
    def predict(self, symbols: np.ndarray, steps: int) -> np.ndarray:
        """F32[n steps classes]: logits at the last `steps` steps of symbols I64[n T]. T may be more than was trained
        on."""

    @abstractmethod
    def rollout(self, frames: np.ndarray, steps: int) -> np.ndarray:
        """F32[n steps h w]: logits of the pixels of the `steps` frames that follow frames U8[n T h w]."""

    @capability
    def activity(self, items: np.ndarray) -> np.ndarray:
        """Bool[n T modules]: which modules are active at each step of symbols I64[n T] or frames U8[n T h w]."""
        raise NotImplementedError


class RecurrentCore(SequencePredictor):
    """A recurrent network of which only the core is open.

    Embedding or encoder, read-out, data, batches, steps, optimizer and loss are the task's; a sequence starts from the
    core's initial state. `lr` is the learning rate at its peak; None = the task's setting.
    """

    lr: Annotated[float, Gt(0)] | None = None
    search_space: ClassVar[Mapping[str, Any]] = {"lr": (1e-3, 2e-2)}

    @abstractmethod
    def build(self, inputs: int, weights: int, width: int) -> Core[Any]:
        """The core, for vectors of `inputs` numbers: with at most `weights` weights, or an output of `width` numbers.

        A core of the first kind is as wide as its weights allow (`widest`); the task compares both kinds. Called within
        a seeded block: torch's global generator draws what is random.
        """

    @final
    def fit(self, train: Learned, run: Run, /) -> None:
        """Train the task's network with the entrant's core."""
        with seeded(run, "init"):
            self.model: Predictor[Any] = predictor(train, run.settings, self.build).to(run.device)
        self.model.learn(train, run, lr=self.lr or run.settings["lr"])

    @final
    def predict(self, symbols: np.ndarray, steps: int) -> np.ndarray:
        """From the outputs of the last steps."""
        return self.model.predict(symbols, steps)

    @final
    def rollout(self, frames: np.ndarray, steps: int) -> np.ndarray:
        """Every predicted frame is the next input, as probabilities of its pixels."""
        return self.model.rollout(frames, steps)

    @final
    def trace(self, items: np.ndarray) -> np.ndarray:
        """Bool[n T modules]: what the core says is active. A core with modules gives it as its `activity`."""
        return self.model.activity(items)
