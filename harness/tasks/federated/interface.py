"""What an entrant of the task implements: `FederatedLearner`, or the component `ServerOptimizer`."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, NamedTuple, final

import numpy as np
from annotated_types import Gt
from torch import Tensor

from harness.core.entrant import Entrant, capability
from harness.run import Run
from harness.tasks.federated.models.build import build
from harness.tasks.federated.problems.clients import Clients, Inputs
from harness.tasks.federated.training.checkpoints import Models
from harness.tasks.federated.training.rounds import federate

WEIGHT_BYTES = 4


class Traffic(NamedTuple):
    """What so many `rounds` sent, in bytes: `down` to the clients, `up` from them."""

    rounds: int
    down: int
    up: int


class FederatedLearner(Entrant):
    """Learns a classifier from the examples of many clients, a few of which take part in each round."""

    @abstractmethod
    def fit(self, clients: Clients, run: Run, /) -> None:
        """Learn in rounds, each drawn through `run.draw` at the cost of one, as `cohorts` does."""

    @abstractmethod
    def logits(self, inputs: Inputs) -> np.ndarray:
        """F32[m n classes], or F32[m n L classes] where positions are labelled: what each of m models says of the
        inputs, whose form `Clients` tells. Scores are means over the models: those after each of the last tenth of
        the rounds, or a learner's only one."""

    @capability
    def logits_by_round(self, inputs: Inputs) -> tuple[list[int], np.ndarray]:
        """Some rounds in rising order, and what the models after them say of the inputs, as `logits` has it."""
        raise NotImplementedError

    @capability
    def traffic(self) -> Traffic:
        """What the training sent, a weight being a number of 32 bits, without compression."""
        raise NotImplementedError


class ServerOptimizer(FederatedLearner):
    """Federated optimization (Reddi et al., 2021, algorithm 1), of which the server's step is open.

    Model, clients, who takes part, local epochs and rounds are the task's. In each round clients descend from the
    server's model x on their own examples; the mean of how far they went, weighted by their numbers of examples, is
    `delta`, which stands in for a gradient (with the opposite sign).

    `client_rate` and `server_rate` are factors on the rates that the task's settings give for a case, so that what is
    tuned on one case carries over to the others. `client_lr` and `server_lr` are the rates themselves.
    """

    server_unit: ClassVar[str] = ""
    """The setting that `server_rate` is a factor on; "" = one."""
    client_rate: Annotated[float, Gt(0)] = 1.0
    server_rate: Annotated[float, Gt(0)] = 1.0
    _units = (1.0, 1.0)

    @property
    def client_lr(self) -> float:
        """The clients' learning rate; `client_rate` itself before `fit`."""
        return self.client_rate * self._units[0]

    @property
    def server_lr(self) -> float:
        """The server's learning rate; `server_rate` itself before `fit`."""
        return self.server_rate * self._units[1]

    def init(self, x: Tensor) -> Any:
        """The server's state before the first round, for a model x F[p]; None by default."""
        return None

    @abstractmethod
    def step(self, x: Tensor, delta: Tensor, state: Any) -> tuple[Tensor, Any]:
        """The next model F[p] and state, of x F[p] and the clients' mean delta F[p]. Nothing given may be changed."""

    def correct(self, gradient: Tensor, client: Tensor, server: Tensor) -> Tensor:
        """F[k p]: what k clients descend along in the place of their `gradient` F[k p]; the gradient by default.

        `client` F[k p] is what each of them keeps from round to round, zero at first, and `server` F[p] its mean over
        all clients, whether or not they have taken part yet.
        """
        return gradient

    def finish(self, client: Tensor, server: Tensor, delta: Tensor, steps: Tensor) -> Tensor:
        """F[c p]: what each client keeps after F[c 1] `steps` that have moved it by `delta` F[c p]; by default, what it
        kept before. A server that overrides `correct` or this sends and receives a second vector a client."""
        return client

    @property
    def keeps(self) -> bool:
        """Whether clients keep a vector from round to round."""
        return type(self).correct is not ServerOptimizer.correct or type(self).finish is not ServerOptimizer.finish

    @property
    def whole(self) -> bool:
        """Whether a client makes one step on all of its examples, in the place of its epochs; False by default."""
        return False

    @final
    def fit(self, clients: Clients, run: Run, /) -> None:
        """Train the task's network until the budget ends."""
        settings: Mapping[str, Any] = run.settings
        self._units = settings["client_lr"], settings[self.server_unit] if self.server_unit else 1.0
        self._network = build(clients, settings)
        self._models = Models(run.budget.total)
        federate(self, self._network, clients, run, self._models)
        vectors = min(settings["cohort"], len(clients)) * (2 if self.keeps else 1)
        sent = run.spent * vectors * self._network.size * WEIGHT_BYTES
        self._traffic = Traffic(run.spent, sent, sent)

    @final
    def logits(self, inputs: Inputs) -> np.ndarray:
        """By the models after each of the last tenth of the rounds."""
        return self._network.answers(self._models.last, inputs)

    @final
    def logits_by_round(self, inputs: Inputs) -> tuple[list[int], np.ndarray]:
        """At ten rounds on the way."""
        rounds, models = self._models.checkpoints
        return rounds, self._network.answers(models, inputs)

    @final
    def traffic(self) -> Traffic:
        """The model and the delta of every client in every round; twice as much where clients keep a vector."""
        return self._traffic
