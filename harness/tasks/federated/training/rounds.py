"""The rounds of a training: `Training`, which all learners share, and `federate`, federated optimization."""

from collections.abc import Iterator, Mapping
from functools import partial
from itertools import repeat
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor
from torch.utils import _pytree as pytree

from harness.core.checkpoints import Stateful
from harness.core.task import checked_instance, checked_parts
from harness.nn.returned import returned_like
from harness.run import Run
from harness.tasks.federated.models.build import build
from harness.tasks.federated.models.network import Network
from harness.tasks.federated.problems.clients import Clients, Inputs
from harness.tasks.federated.problems.crops import random_crops
from harness.tasks.federated.training.client_states import ClientStates
from harness.tasks.federated.training.cohorts import BatchSchedule, Cohort, Cohorts, schedule_batches
from harness.tasks.federated.training.curve import Curve
from harness.tasks.federated.training.descent import Correction, LocalUpdates, descend
from harness.tasks.federated.training.scored_models import ScoredModels


class Training:
    """What all learners of one seed share: the network, its first weights, the clients of each round, local descent,
    and which models are scored.

    `network` is by default the one that the task's settings name. `initial` F32[p] are its first weights.
    """

    def __init__(self, clients: Clients, run: Run, network: Network | None = None) -> None:
        self.network = network or build(clients, run.settings)
        self.initial = self.network.initial(torch.Generator().manual_seed(run.seed("init"))).to(run.device)
        self._clients = clients
        self._run = run
        self._scored = ScoredModels(run.budget.total)
        self._curve = Curve(run)

    def rounds(self, state: Mapping[str, Stateful] | None = None) -> Iterator[np.ndarray]:
        """I64[c]: the clients of each round that the budget allows, the largest first, drawn with equal probability and
        without replacement.

        `state` names all that a round changes besides what is kept here; with it, a long run that was killed goes on
        from its last checkpoint, as `Run.draw` says.
        """
        rng, sizes = self._run.rng("clients"), self._clients.sizes
        number = min(self._run.settings["cohort"], len(self._clients))
        if state is not None:
            state = {"scored": self._scored, "curve": self._curve, **state}
        for _ in self._run.draw(repeat(None), 1, state):
            drawn = rng.choice(len(self._clients), number, replace=False)
            yield drawn[np.argsort(-sizes[drawn], kind="stable")]

    def descend(
        self, x: Tensor, cohort: Cohort, schedule: BatchSchedule, lr: float, correct: Correction | None = None
    ) -> LocalUpdates:
        """Stochastic gradient descent of every client of the cohort, starting from the model x F[p]."""
        return descend(self.network, x, cohort, schedule, lr, correct)

    def finish_round(self, model: Tensor, loss: Tensor) -> None:
        """Keep the model F[p] after a round if it is to be scored, and add the round's loss, a scalar, to the curve.
        The caller must not change the model afterwards."""
        self._scored.add(model, self._run.spent)
        self._curve.add(loss, model)

    def logits(self, inputs: Inputs) -> np.ndarray:
        """F32[m n classes] or F32[m n L classes]: the answers of the models after each of the last tenth of the
        rounds."""
        return self.network.answers(self._scored.final, inputs)

    def logits_by_round(self, inputs: Inputs) -> tuple[list[int], np.ndarray]:
        """The numbers of at most ten rounds, evenly spread, and the answers of the models after them."""
        rounds, models = self._scored.spaced
        return rounds, self.network.answers(models, inputs)

    def parameters(self) -> Iterator[Tensor]:
        """The newest model: the learned weights, which are counted once."""
        return self._scored.parameters()


class Server(Protocol):
    """What `federate` leaves open; `ServerOptimizer` documents each part."""

    @property
    def client_lr(self) -> float: ...
    @property
    def has_client_states(self) -> bool: ...
    @property
    def full_batch(self) -> bool: ...
    def init(self, x: Tensor) -> Any: ...
    def step(self, x: Tensor, delta: Tensor, state: Any) -> tuple[Tensor, Any]: ...
    def correct(self, gradient: Tensor, client: Tensor, server: Tensor) -> Tensor: ...
    def finish(self, client: Tensor, server: Tensor, delta: Tensor, steps: Tensor) -> Tensor: ...


def _corrected(server: Server, client: Tensor, mean: Tensor, gradient: Tensor, k: int) -> Tensor:
    """F[k p]: the directions of the first k clients, which keep the vectors `client` F[c p]."""
    return returned_like("correct", server.correct(gradient, client[:k], mean), gradient)


def federate(server: Server, clients: Clients, run: Run, training: Training) -> None:
    """Federated optimization in as many rounds as the budget allows."""
    batch, epochs, crop = (run.settings[name] for name in ("client_batch", "epochs", "crop"))
    cohorts, order = Cohorts(clients, run.device), run.rng("order")
    has_client_states = checked_instance("has_client_states", server.has_client_states, bool)
    full_batch = checked_instance("full_batch", server.full_batch, bool)
    model = _ServerModel(server, training.initial)
    states = ClientStates(len(clients) if has_client_states else 0, model.x)
    for chosen in training.rounds({"model": model, "clients": states}):
        x = model.x
        sizes = clients.sizes[chosen]
        batch_size, passes = (int(sizes[0]), 1) if full_batch else (batch, epochs)
        schedule = schedule_batches(sizes, batch_size, passes, order)
        cohort = cohorts.gather(chosen)
        if crop:
            cohort = cohort._replace(inputs=random_crops(cohort.inputs, crop, run.rng("distortion")))
        if has_client_states:
            client, mean = states.gather(chosen), states.mean
            updates = training.descend(
                x,
                cohort,
                schedule,
                server.client_lr,
                partial(_corrected, server, client, mean),
            )
            steps = torch.tensor(schedule.steps_per_client[:, None], device=x.device, dtype=x.dtype)
            kept = server.finish(client, mean, updates.deltas, steps)
            states.update(chosen, returned_like("finish", kept, client))
        else:
            updates = training.descend(x, cohort, schedule, server.client_lr)
        shares = torch.tensor(sizes / sizes.sum(), device=x.device, dtype=x.dtype)
        model.step(updates.weighted_sum(shares, len(x)))
        training.finish_round(model.x, updates.loss)


class _ServerModel:
    """The model `x` F[p] of the server, and the state of its optimizer."""

    def __init__(self, server: Server, x: Tensor) -> None:
        self.x = x
        self._server, self._state = server, server.init(x)

    def step(self, delta: Tensor) -> None:
        """One step of the server, given the clients' mean change F[p]."""
        stepped, self._state = checked_parts("step", self._server.step(self.x, delta, self._state), 2)
        self.x = returned_like("step", stepped, self.x)

    def state_dict(self) -> dict[str, Any]:
        return {"x": self.x, "state": pytree.tree_leaves(self._state)}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on from another model and state, which is composed like the first state of the optimizer."""
        self.x = state_dict["x"]
        self._state = pytree.tree_unflatten(state_dict["state"], pytree.tree_structure(self._state))
