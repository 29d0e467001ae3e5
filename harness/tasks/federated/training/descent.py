"""Local training: what clients make of the server's model with their own examples."""

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

import torch
from torch import Tensor

from harness.tasks.federated.models.dense import Logistic
from harness.tasks.federated.models.network import Network
from harness.tasks.federated.training.cohort import Cohort, Lessons, batches

Correction: TypeAlias = Callable[[Tensor, int], Tensor]
"""(gradient F[k p] of the first k clients, k) -> F[k p]."""


class Learned(NamedTuple):
    """How far the clients have moved, `deltas` F[c q]; and the mean loss over their steps, a scalar.

    `places` I64[c q] says where among the p weights these q are; None = they are all of them. Where a place occurs
    twice, what is to be added there is the sum.
    """

    deltas: Tensor
    loss: Tensor
    places: Tensor | None = None

    def weighted(self, shares: Tensor, size: int) -> Tensor:
        """F[p]: the sum of the deltas, each times its client's share F[c]."""
        if self.places is None:
            return shares @ self.deltas
        moved = shares[:, None] * self.deltas
        return moved.new_zeros(size).index_add_(0, self.places.flatten(), moved.flatten())


def learn(
    network: Network, x: Tensor, cohort: Cohort, planned: Lessons, lr: float, correct: Correction | None = None
) -> Learned:
    """Stochastic gradient descent of every client, from the server's model x F[p] on.

    Of sparse inputs a client needs only the weights of its own words: unless gradients are corrected, which may move
    all others too, it is given no more than these.
    """
    places = network.coordinates(cohort.words) if isinstance(network, Logistic) and cohort.words is not None else None
    alone = places is not None and correct is None
    start = x[places] if alone and places is not None else x.expand(len(cohort.labels), -1)
    y = start.clone()
    losses = []
    for k, inputs, labels in batches(cohort, planned):
        if alone or places is None:
            loss, gradient = network.gradient(y[:k], inputs, labels)
        else:
            loss, own = network.gradient(y[:k].gather(1, places[:k]), inputs, labels)
            gradient = torch.zeros_like(y[:k]).scatter_add_(1, places[:k], own)
        y[:k].sub_(gradient if correct is None else correct(gradient, k), alpha=lr)
        losses.append(loss.mean())
    return Learned(y - start, torch.stack(losses).mean(), places if alone else None)
