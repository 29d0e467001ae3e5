"""What federated learners learn from and are tested on: `Clients`, and `Examples`."""

from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from scipy.sparse import csr_array

Inputs: TypeAlias = np.ndarray | csr_array
"""A row an example: images U8[n h w c], characters I64[n L], or bags of words, a sparse F32[n V]."""

UNCOUNTED: Final = -1
"""The label of what is neither learned nor scored: padding."""


@dataclass(frozen=True)
class Clients:
    """The clients' examples: client i has the rows from `starts[i]` to `starts[i + 1]`.

    `labels` below `classes` are I64[n], or I64[n L] where each of L positions is to be labelled; `starts` is
    I64[clients + 1].
    """

    inputs: Inputs
    labels: np.ndarray
    starts: np.ndarray
    classes: int

    @property
    def sizes(self) -> np.ndarray:
        """How many examples each client has: I64[clients]."""
        sizes: np.ndarray = np.diff(self.starts)
        return sizes

    def __len__(self) -> int:
        return len(self.starts) - 1


@dataclass(frozen=True)
class Examples:
    """Examples of `clients` I64[n] by number, with inputs and labels as `Clients` has them.

    `target` is the share of right answers to be reached, None where nobody counts the rounds that it takes.
    """

    inputs: Inputs
    labels: np.ndarray
    clients: np.ndarray
    classes: int
    target: float | None = None


def by_client(inputs: Inputs, labels: np.ndarray, owners: np.ndarray, classes: int) -> Clients:
    """Examples [n] of which each has an owner I64[n] below the number of clients, put in order of the owners."""
    order = np.argsort(owners, kind="stable")
    starts = np.concatenate([[0], np.cumsum(np.bincount(owners))])
    return Clients(inputs[order], labels[order], starts, classes)
