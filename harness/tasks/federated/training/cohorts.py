"""Cohorts: the examples of the clients of a round, side by side, and the order in which they are learned."""

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

    Of sparse inputs each client has its own words alone: `words` I64[c u] says which they are.
    """

    inputs: Tensor
    labels: Tensor
    words: Tensor | None = None

    def at(self, clients: slice) -> "Cohort":
        """Some of the clients."""
        words = None if self.words is None else self.words[clients]
        return Cohort(self.inputs[clients], self.labels[clients], words)


@dataclass(frozen=True)
class Lessons:
    """Which examples clients learn from at each of s steps: `places` I64[s c b] among a client's own, -1 = none.

    Clients stand in falling order of their numbers of steps: at step j the first `learning[j]` have a batch. What a
    client takes no part in leaves its weights unchanged.
    """

    places: np.ndarray

    @property
    def learning(self) -> np.ndarray:
        """I64[s]: how many clients have a batch at each step."""
        found: np.ndarray = (self.places[:, :, 0] >= 0).sum(1)
        return found

    @property
    def steps(self) -> np.ndarray:
        """I64[c]: how many batches each client has."""
        found: np.ndarray = (self.places[:, :, 0] >= 0).sum(0)
        return found

    def at(self, clients: slice) -> "Lessons":
        """Those of some of the clients, without the steps that none of them has."""
        places = self.places[:, clients]
        return Lessons(places[: int((places[:, :, 0] >= 0).any(1).sum())])


def lessons(sizes: np.ndarray, batch: int, epochs: int, rng: np.random.Generator) -> Lessons:
    """Every client's examples once an epoch, in a new order, cut into batches; the last of an epoch may be smaller.

    `sizes` I64[c] are in falling order.
    """
    most = int(sizes[0])
    there = np.arange(most) < sizes[:, None]
    order = np.argsort(np.where(there, rng.random((epochs, len(sizes), most)), 2.0), axis=2)
    padded = np.full((epochs, len(sizes), -(-most // batch) * batch), -1)
    padded[..., :most] = np.where(there, order, -1)
    batches = padded.reshape(epochs, len(sizes), -1, batch)
    # An epoch follows a client's own last batch, not the longest client's.
    by_client = batches.swapaxes(0, 1).reshape(len(sizes), -1, batch)
    empty_last = np.argsort(by_client[:, :, 0] < 0, axis=1, kind="stable")
    return Lessons(np.take_along_axis(by_client, empty_last[..., None], axis=1).swapaxes(0, 1))


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
        """The examples of the `chosen` clients I64[c]."""
        sizes = self._sizes[chosen]
        places = np.arange(sizes.max())
        rows = torch.tensor(self._starts[chosen, None] + np.minimum(places, sizes[:, None] - 1), device=self.device)
        labels = self._labels[rows]
        if self._bags is None:
            return Cohort(self._inputs[rows], labels)
        inputs, words = self._bags.gather(chosen)
        return Cohort(inputs, labels, words)


def batches(cohort: Cohort, planned: Lessons) -> Iterator[tuple[int, Tensor, Tensor]]:
    """At each step: how many clients k learn, and their inputs [k b ...] and labels I64[k b ...]."""
    places = torch.tensor(planned.places, device=cohort.labels.device)
    clients = torch.arange(places.shape[1], device=places.device)[:, None]
    for step, k in zip(places, planned.learning.tolist(), strict=True):
        picked, who = step[:k], clients[:k]
        missing = picked < 0
        picked = picked.clamp(min=0)
        labels = cohort.labels[who, picked]
        labels = labels.masked_fill(missing.view(*missing.shape, *(1,) * (labels.dim() - 2)), UNCOUNTED)
        yield k, cohort.inputs[who, picked], labels
