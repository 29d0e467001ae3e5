"""Local training: every client descends from the server's model on its own examples."""

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

import torch
from torch import Tensor

from harness.tasks.federated.models.dense import Logistic
from harness.tasks.federated.models.network import Network
from harness.tasks.federated.training.cohorts import BatchSchedule, Cohort, batches

Correction: TypeAlias = Callable[[Tensor, int], Tensor]
"""(gradients F[k p] of the first k clients, k) -> the directions F[k p] along which these clients descend."""


class LocalUpdates(NamedTuple):
    """How far each client has moved from the server's model, `deltas` F[c q]; and the mean loss over all steps, a
    scalar.

    `coordinates` I64[c q] says which of the p weights the q entries belong to; None = they are all p weights. Entries
    of one client that belong to the same weight are added.
    """

    deltas: Tensor
    loss: Tensor
    coordinates: Tensor | None = None

    def weighted_sum(self, shares: Tensor, size: int) -> Tensor:
        """F[p]: the sum of the deltas, each times its client's share F[c]; `size` is p."""
        if self.coordinates is None:
            return shares @ self.deltas
        weighted = shares[:, None] * self.deltas
        return weighted.new_zeros(size).index_add_(0, self.coordinates.flatten(), weighted.flatten())


def descend(
    network: Network, x: Tensor, cohort: Cohort, schedule: BatchSchedule, lr: float, correct: Correction | None = None
) -> LocalUpdates:
    """Stochastic gradient descent of every client of the cohort, starting from the server's model x F[p].

    With sparse inputs a client needs only the weights of its own words. It is given only these, unless gradients are
    corrected, because a correction may change any weight.
    """
    words = cohort.words
    coordinates = network.coordinates(words) if isinstance(network, Logistic) and words is not None else None
    only_own_words = coordinates is not None and correct is None
    start = x[coordinates] if only_own_words and coordinates is not None else x.expand(len(cohort.labels), -1)
    y = start.clone()
    losses = []
    for k, inputs, labels in batches(cohort, schedule):
        if only_own_words or coordinates is None:
            loss, gradient = network.gradient(y[:k], inputs, labels)
        else:
            loss, sparse_gradient = network.gradient(y[:k].gather(1, coordinates[:k]), inputs, labels)
            gradient = torch.zeros_like(y[:k]).scatter_add_(1, coordinates[:k], sparse_gradient)
        y[:k].sub_(gradient if correct is None else correct(gradient, k), alpha=lr)
        losses.append(loss.mean())
    return LocalUpdates(y - start, torch.stack(losses).mean(), coordinates if only_own_words else None)
