"""What an entrant of the task implements: `FederatedLearner`, or the component `ServerOptimizer`."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, NamedTuple, final

import numpy as np
from annotated_types import Gt
from torch import Tensor

from harness.core.entrant import Entrant, capability
from harness.run import Run
from harness.tasks.federated.problems.clients import Clients, Inputs
from harness.tasks.federated.training.rounds import Training, federate

WEIGHT_BYTES = 4


class Traffic(NamedTuple):
    """The bytes that a training of `rounds` rounds sent: `down` to the clients, and `up` from them."""

    rounds: int
    down: int
    up: int


class FederatedLearner(Entrant):
    """Learns a classifier from the examples of many clients, a few of which take part in each round."""

    @abstractmethod
    def fit(self, clients: Clients, run: Run, /) -> None:
        """Learn in rounds, of which each is drawn through `run.draw` at a cost of 1, as `Training.rounds` does."""

    @abstractmethod
    def logits(self, inputs: Inputs) -> np.ndarray:
        """F32[m n classes], or F32[m n L classes] where positions are labelled: the logits of m models for the inputs.

        `Inputs` documents the form of the inputs. Scores are means over the models: those after each of the last tenth
        of the rounds, or a single one.
        """

    @capability
    def logits_by_round(self, inputs: Inputs) -> tuple[list[int], np.ndarray]:
        """The numbers of some rounds in rising order, and the logits of the models after them, shaped as in
        `logits`."""
        raise NotImplementedError

    @capability
    def traffic(self) -> Traffic:
        """The bytes that the training sent. Each weight is a number of 32 bits, and nothing is compressed."""
        raise NotImplementedError


class ServerOptimizer(FederatedLearner):
    """Federated optimization (Reddi et al., 2021, algorithm 1) with an open server step.

    The model, the clients, who takes part, the local epochs and the rounds are fixed by the task. In each round clients
    descend from the server's model x on their own examples. The mean of their changes to x, weighted by their numbers
    of examples, is `delta`. The server uses it in place of a negative gradient.

    `client_rate` and `server_rate` are factors on the learning rates that the task's settings give for each case, so
    that factors tuned on one case carry over to others. `client_lr` and `server_lr` are the learning rates themselves.
    """

    server_unit: ClassVar[str] = ""
    """The setting that `server_rate` is multiplied with; "" stands for 1."""
    search_space: ClassVar[Mapping[str, Any]] = {"client_rate": [0.3, 1.0, 3.0, 10.0, 30.0, 100.0]}
    client_rate: Annotated[float, Gt(0)] = 1.0
    server_rate: Annotated[float, Gt(0)] = 1.0
    _units = (1.0, 1.0)

    @property
    @final
    def client_lr(self) -> float:
        """The clients' learning rate. Before `fit` it is `client_rate` itself."""
        return self.client_rate * self._units[0]

    @property
    @final
    def server_lr(self) -> float:
        """The server's learning rate. Before `fit` it is `server_rate` itself."""
        return self.server_rate * self._units[1]

    def init(self, x: Tensor) -> Any:
        """The server's state before the first round, given the model x F[p]; None by default."""
        return None

    @abstractmethod
    def step(self, x: Tensor, delta: Tensor, state: Any) -> tuple[Tensor, Any]:
        """The next model F[p] and state, from the model x F[p], the clients' mean change `delta` F[p] and the state.

        The arguments must not be changed in place.
        """

    def correct(self, gradient: Tensor, client: Tensor, server: Tensor) -> Tensor:
        """F[k p]: the direction along which k clients descend, by default their `gradient` F[k p].

        `client` F[k p] is the vector that each of them keeps from round to round, zero at first. `server` F[p] is the
        mean of these vectors over all clients, including those that have not taken part yet.
        """
        return gradient

    def finish(self, client: Tensor, server: Tensor, delta: Tensor, steps: Tensor) -> Tensor:
        """F[c p]: the vectors that c clients keep after F[c 1] `steps` have changed their models by `delta` F[c p].

        By default these are the vectors `client` that they kept before. For a subclass that overrides `correct` or
        `finish`, each client sends and receives a second vector.
        """
        return client

    @property
    def has_client_states(self) -> bool:
        """Whether clients keep a vector from round to round: whether `correct` or `finish` is overridden."""
        return type(self).correct is not ServerOptimizer.correct or type(self).finish is not ServerOptimizer.finish

    @property
    def full_batch(self) -> bool:
        """Whether a client takes one step on all of its examples instead of epochs of batches; False by default."""
        return False

    @final
    def fit(self, clients: Clients, run: Run, /) -> None:
        """Train the task's network until the budget ends."""
        settings: Mapping[str, Any] = run.settings
        self._units = settings["client_lr"], settings[self.server_unit] if self.server_unit else 1.0
        self._training = Training(clients, run)
        federate(self, clients, run, self._training)
        vectors = min(settings["cohort"], len(clients)) * (2 if self.has_client_states else 1)
        sent = run.spent * vectors * self._training.network.size * WEIGHT_BYTES
        self._traffic = Traffic(run.spent, sent, sent)

    @final
    def logits(self, inputs: Inputs) -> np.ndarray:
        """The logits of the models after each of the last tenth of the rounds."""
        return self._training.logits(inputs)

    @final
    def logits_by_round(self, inputs: Inputs) -> tuple[list[int], np.ndarray]:
        """The logits after ten rounds, evenly spread over the training."""
        return self._training.logits_by_round(inputs)

    @final
    def traffic(self) -> Traffic:
        """The bytes of the model and the change of every client in every round; twice as many where clients keep a
        vector."""
        return self._traffic
