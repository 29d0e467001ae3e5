"""What an entrant of the task implements: `SequencePredictor`, or the component `RecurrentCore`."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, final

import numpy as np
from annotated_types import Gt

from harness.core.entrant import Entrant, capability
from harness.nn.training import seeded
from harness.run import Run
from harness.tasks.ood_dynamics.models.core import Core
from harness.tasks.ood_dynamics.models.predictor import Predictor, predictor
from harness.tasks.ood_dynamics.problems.sequences import Dataset


class SequencePredictor(Entrant):
    """Predicts the targets of the last steps of a sequence of symbols, or continues a film."""

    @abstractmethod
    def fit(self, train: Dataset, run: Run, /) -> None:
        """Learn from `Sequences` or from `Films`, drawn through `run.draw` at a cost of one example each."""

    @abstractmethod
    def predict(self, symbols: np.ndarray, steps: int) -> np.ndarray:
        """F32[n steps classes]: the logits at the last `steps` steps of symbols I64[n T]. T may be larger than in
        training."""

    @abstractmethod
    def rollout(self, frames: np.ndarray, steps: int) -> np.ndarray:
        """F32[n steps h w]: the logits of the pixels of the `steps` frames that follow frames U8[n T h w]."""

    @capability
    def activity(self, items: np.ndarray) -> np.ndarray:
        """Bool[n T modules]: whether each module is active at each step of symbols I64[n T] or frames U8[n T h w]."""
        raise NotImplementedError


class RecurrentCore(SequencePredictor):
    """A recurrent network with an open core.

    Embedding or encoder, read-out, data, batches, steps, optimizer and loss are fixed by the task, and a sequence
    starts from the core's initial state. `lr` is the peak of the learning rate; None stands for the task's setting.
    """

    lr: Annotated[float, Gt(0)] | None = None
    search_space: ClassVar[Mapping[str, Any]] = {"lr": [5e-4, 1e-3, 2e-3, 5e-3, 1e-2, 2e-2, 4e-2]}

    @abstractmethod
    def build(self, inputs: int, weights: int, width: int) -> Core[Any]:
        """A core for input vectors of `inputs` numbers, either with at most `weights` weights or with outputs of
        `width` numbers.

        A core of the first kind is as wide as its weights allow (`widest`); the task compares both kinds. `build` is
        called in a block that seeds torch's global generator, so random numbers come from there.
        """

    @final
    def fit(self, train: Dataset, run: Run, /) -> None:
        """Train the task's network with the entrant's core."""
        with seeded(run, "init"):
            self.model: Predictor[Any] = predictor(train, run.settings, self.build).to(run.device)
        self.model.learn(train, run, lr=self.lr or run.settings["lr"])

    @final
    def predict(self, symbols: np.ndarray, steps: int) -> np.ndarray:
        """The logits from the outputs of the last steps."""
        return self.model.predict(symbols, steps)

    @final
    def rollout(self, frames: np.ndarray, steps: int) -> np.ndarray:
        """The logits of the following frames. Each predicted frame, as probabilities of its pixels, is the next
        input."""
        return self.model.rollout(frames, steps)

    @final
    def trace(self, items: np.ndarray) -> np.ndarray:
        """Bool[n T modules]: `Core.active` at each step. A core with modules returns it as its `activity`."""
        return self.model.activity(items)
