"""Stochastic gradient descent on the pooled examples of all clients."""

from collections.abc import Iterator
from typing import Annotated

import numpy as np
from annotated_types import Gt

from harness.run import Run
from harness.tasks.federated import BatchSchedule, Clients, Cohorts, FederatedLearner, Inputs, Training


class Centralised(FederatedLearner):
    """Stochastic gradient descent on the examples of all clients in one place.

    The difference to federated learners is what it costs to keep the data apart. It is no upper bound: a server that
    does more than descend may be better.

    A round has as many batches as its clients would have learned from. They have the task's batch size and are drawn
    from the examples of all clients, in a new order every epoch. `client_rate` is the factor on the clients' learning
    rate of the task.
    """

    name = "centralised"
    client_rate: Annotated[float, Gt(0)] = 1.0
    search_space = {"client_rate": [0.3, 1.0, 3.0, 10.0, 30.0, 100.0]}

    def fit(self, clients: Clients, run: Run, /) -> None:
        batch, epochs, lr = (run.settings[name] for name in ("client_batch", "epochs", "client_lr"))
        pool = Cohorts(clients.pooled(), run.device).gather(np.array([0]))
        batches = _batches(len(clients.labels), batch, run.rng("order"))
        self._training = Training(clients, run)
        x = self._training.initial
        for chosen in self._training.rounds():
            steps = epochs * int(np.ceil(clients.sizes[chosen] / batch).sum())
            schedule = BatchSchedule(np.stack([next(batches) for _ in range(steps)])[:, None])
            update = self._training.descend(x, pool, schedule, self.client_rate * lr)
            x = x + update.weighted_sum(x.new_ones(1), len(x))
            self._training.finish_round(x, update.loss)

    def logits(self, inputs: Inputs) -> np.ndarray:
        return self._training.logits(inputs)

    def logits_by_round(self, inputs: Inputs) -> tuple[list[int], np.ndarray]:
        return self._training.logits_by_round(inputs)


def _batches(items: int, batch: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Endless batches I64[batch] of the numbers of items: each item at most once an epoch, the last partial batch of
    an epoch left out."""
    while True:
        order = rng.permutation(items)
        yield from order[: items - items % batch].reshape(-1, batch)
