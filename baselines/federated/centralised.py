"""Stochastic gradient descent on the pooled examples: what federation costs."""

from collections.abc import Iterator
from typing import Annotated

import numpy as np
from annotated_types import Gt

from harness.run import Run
from harness.tasks.federated import Clients, FederatedLearner, Inputs
from harness.tasks.federated.models.build import build
from harness.tasks.federated.training.checkpoints import Models
from harness.tasks.federated.training.cohort import Cohorts, Lessons
from harness.tasks.federated.training.curve import Curve
from harness.tasks.federated.training.local import learn
from harness.tasks.federated.training.rounds import cohorts, initial


class Centralised(FederatedLearner):
    """Stochastic gradient descent on all clients' examples in one place: what it reaches where nothing keeps the data
    apart. No ceiling for servers that do more than descend.

    A round has as many batches as its clients would have learned from, of the task's size, drawn from the examples of
    all clients in a new order every epoch. `client_rate` is the factor on the task's rate for clients.
    """

    name = "centralised"
    client_rate: Annotated[float, Gt(0)] = 1.0
    search_space = {"client_rate": (0.1, 10.0)}

    def fit(self, clients: Clients, run: Run, /) -> None:
        batch, epochs, lr = (run.settings[name] for name in ("client_batch", "epochs", "client_lr"))
        everyone = Clients(clients.inputs, clients.labels, clients.starts[[0, -1]], clients.classes)
        pool = Cohorts(everyone, run.device).gather(np.array([0]))
        batches = _batches(len(clients.labels), batch, run.rng("order"))
        self._network = build(clients, run.settings)
        self._models, curve = Models(run.budget.total), Curve(run)
        x = initial(self._network, run)
        for chosen in cohorts(clients, run):
            steps = epochs * int(np.ceil(clients.sizes[chosen] / batch).sum())
            planned = Lessons(np.stack([next(batches) for _ in range(steps)])[:, None])
            learned = learn(self._network, x, pool, planned, self.client_rate * lr)
            x = x + learned.weighted(x.new_ones(1), len(x))
            self._models.keep(x, run.spent)
            curve.after(learned.loss, x)

    def logits(self, inputs: Inputs) -> np.ndarray:
        return self._network.answers(self._models.last, inputs)

    def logits_by_round(self, inputs: Inputs) -> tuple[list[int], np.ndarray]:
        rounds, models = self._models.checkpoints
        return rounds, self._network.answers(models, inputs)


def _batches(items: int, batch: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Endless batches I64[batch] of the numbers of items, all of them once an epoch but for the last partial batch."""
    while True:
        order = rng.permutation(items)
        yield from order[: items - items % batch].reshape(-1, batch)
