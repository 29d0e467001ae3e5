"""Cohorts: the examples of the clients of a round, side by side, and the batches in which they are learned."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from harness.tasks.federated.problems.clients import UNCOUNTED, Clients
from harness.tasks.federated.training.sparse import LocalBags


class Cohort(NamedTuple):
    """The examples of c clients, padded to n each: `inputs` [c n ...] and `labels` I64[c n ...].

    Sparse inputs have columns only for the words of the client's own documents; `words` I64[c u] says which words
    these are.
    """

    inputs: Tensor
    labels: Tensor
    words: Tensor | None = None

    def select(self, clients: slice) -> "Cohort":
        """The cohort of some of the clients."""
        words = None if self.words is None else self.words[clients]
        return Cohort(self.inputs[clients], self.labels[clients], words)


@dataclass(frozen=True)
class BatchSchedule:
    """Which examples each client learns from at each of s steps: `rows` I64[s c b] among the client's own examples.

    -1 stands for no example. Clients are in falling order of their numbers of steps, so that at step j the first
    `active_clients[j]` of them have a batch. A client without a batch keeps its weights.
    """

    rows: np.ndarray

    @property
    def active_clients(self) -> np.ndarray:
        """I64[s]: how many clients have a batch at each step."""
        counts: np.ndarray = (self.rows[:, :, 0] >= 0).sum(1)
        return counts

    @property
    def steps_per_client(self) -> np.ndarray:
        """I64[c]: how many batches each client has."""
        counts: np.ndarray = (self.rows[:, :, 0] >= 0).sum(0)
        return counts

    def select(self, clients: slice) -> "BatchSchedule":
        """The schedule of some of the clients, without the steps at which none of them has a batch."""
        rows = self.rows[:, clients]
        return BatchSchedule(rows[: int((rows[:, :, 0] >= 0).any(1).sum())])


def schedule_batches(sizes: np.ndarray, batch: int, epochs: int, rng: np.random.Generator) -> BatchSchedule:
    """Every client's examples once an epoch, in a new order, cut into batches; the last batch of an epoch may be
    smaller. `sizes` I64[c], the clients' numbers of examples, are in falling order."""
    most = int(sizes[0])
    is_example = np.arange(most) < sizes[:, None]
    order = np.argsort(np.where(is_example, rng.random((epochs, len(sizes), most)), 2.0), axis=2)
    padded = np.full((epochs, len(sizes), -(-most // batch) * batch), -1)
    padded[..., :most] = np.where(is_example, order, -1)
    batches = padded.reshape(epochs, len(sizes), -1, batch)
    # A client begins its next epoch after its own last batch and does not wait for clients with more examples.
    by_client = batches.swapaxes(0, 1).reshape(len(sizes), -1, batch)
    empty_last = np.argsort(by_client[:, :, 0] < 0, axis=1, kind="stable")
    return BatchSchedule(np.take_along_axis(by_client, empty_last[..., None], axis=1).swapaxes(0, 1))


class Cohorts:
    """Gathers cohorts from the clients' examples, which lie on the device."""

    def __init__(self, clients: Clients, device: str) -> None:
        self.device = device
        self._starts, self._sizes = clients.starts, clients.sizes
        self._labels = torch.tensor(clients.labels, device=device)
        self._bags, self._inputs = None, torch.empty(0)
        if isinstance(clients.inputs, np.ndarray):
            self._inputs = torch.tensor(clients.inputs, device=device)
        else:
            self._bags = LocalBags(clients.inputs, clients.starts, device)

    def gather(self, chosen: np.ndarray) -> Cohort:
        """The cohort of the `chosen` clients I64[c]."""
        sizes = self._sizes[chosen]
        positions = np.arange(sizes.max())
        rows = torch.tensor(self._starts[chosen, None] + np.minimum(positions, sizes[:, None] - 1), device=self.device)
        labels = self._labels[rows]
        if self._bags is None:
            return Cohort(self._inputs[rows], labels)
        inputs, words = self._bags.gather(chosen)
        return Cohort(inputs, labels, words)


def batches(cohort: Cohort, schedule: BatchSchedule) -> Iterator[tuple[int, Tensor, Tensor]]:
    """For each step of the schedule: the number k of clients that have a batch, and their inputs [k b ...] and labels
    I64[k b ...], in which the labels of missing examples are `UNCOUNTED`."""
    all_rows = torch.tensor(schedule.rows, device=cohort.labels.device)
    clients = torch.arange(all_rows.shape[1], device=all_rows.device)[:, None]
    for step, k in zip(all_rows, schedule.active_clients.tolist(), strict=True):
        rows, client = step[:k], clients[:k]
        missing = rows < 0
        rows = rows.clamp(min=0)
        labels = cohort.labels[client, rows]
        labels = labels.masked_fill(missing.view(*missing.shape, *(1,) * (labels.dim() - 2)), UNCOUNTED)
        yield k, cohort.inputs[client, rows], labels
