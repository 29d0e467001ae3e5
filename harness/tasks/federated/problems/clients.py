"""The examples of the task: `Clients` to learn from, and `Examples` to be tested on."""

from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from scipy.sparse import csr_array

Inputs: TypeAlias = np.ndarray | csr_array
"""One row per example: images U8[n h w c], characters I64[n L], or bags of words as a sparse F32[n V]."""

UNCOUNTED: Final = -1
"""The label of padding, which is neither learned nor scored."""


@dataclass(frozen=True)
class Clients:
    """The examples of all clients. Client i has the rows from `starts[i]` up to `starts[i + 1]`, the latter excluded.

    `labels` lie below `classes`. They are I64[n], or I64[n L] where each of the L positions of an input has a label.
    `starts` is I64[clients + 1].
    """

    inputs: Inputs
    labels: np.ndarray
    starts: np.ndarray
    classes: int

    @property
    def sizes(self) -> np.ndarray:
        """I64[clients]: the number of examples of each client."""
        sizes: np.ndarray = np.diff(self.starts)
        return sizes

    def __len__(self) -> int:
        return len(self.starts) - 1

    def pooled(self) -> "Clients":
        """One client that has the examples of all."""
        return Clients(self.inputs, self.labels, self.starts[[0, -1]], self.classes)


@dataclass(frozen=True)
class Examples:
    """Examples to be tested on. Inputs and labels are as in `Clients`; `clients` I64[n] says whose each example is.

    `target` is the accuracy that the metric `rounds_to_target` waits for; None where that is not measured.
    """

    inputs: Inputs
    labels: np.ndarray
    clients: np.ndarray
    classes: int
    target: float | None = None


def group_by_client(inputs: Inputs, labels: np.ndarray, owners: np.ndarray, classes: int) -> Clients:
    """The `Clients` of n examples whose owners I64[n] are numbers of clients."""
    order = np.argsort(owners, kind="stable")
    starts = np.concatenate([[0], np.cumsum(np.bincount(owners))])
    return Clients(inputs[order], labels[order], starts, classes)
