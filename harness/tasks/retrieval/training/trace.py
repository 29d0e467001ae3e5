"""The trace of a training: its last negatives and gradients, from which the diagnostics are computed."""

from collections import defaultdict, deque
from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor

from harness.tasks.retrieval.models.tower import Tower
from harness.tasks.retrieval.problems.collection import I64

REMEMBERED_BATCHES: Final = 20
"""The number of the last batches that are remembered."""


class Trace:
    """Remembers the negatives and the norms of the gradients of the last batches."""

    def __init__(self) -> None:
        self._negatives: deque[tuple[I64, I64]] = deque(maxlen=REMEMBERED_BATCHES)
        self._norms: defaultdict[str, deque[Tensor]] = defaultdict(lambda: deque(maxlen=REMEMBERED_BATCHES))

    def remember(self, queries: I64, negatives: I64) -> None:
        """Remember the negatives I64[n m] that queries I64[n] were trained with."""
        self._negatives.append((queries, negatives))

    def remember_gradients(self, tower: Tower) -> None:
        """Remember the norm of the gradient of each part of the tower, without waiting for the device."""
        for part, weights in tower.parts().items():
            norms = [weight.grad.norm() for weight in weights if weight.grad is not None]
            if norms:
                self._norms[part].append(torch.stack(norms).norm())

    def negatives(self) -> Iterator[tuple[I64, I64]]:
        """The queries and negatives of the last batches, oldest first."""
        yield from self._negatives

    def gradient_norms(self) -> dict[str, float]:
        """The mean norm of the last gradients by part of the tower."""
        return {part: float(np.mean([float(norm) for norm in norms])) for part, norms in self._norms.items()}

    def state_dict(self) -> dict[str, Any]:
        """What is remembered."""
        negatives = [(torch.from_numpy(queries), torch.from_numpy(drawn)) for queries, drawn in self._negatives]
        return {"negatives": negatives, "norms": {part: list(norms) for part, norms in self._norms.items()}}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Remember what was remembered."""
        self._negatives.extend((queries.numpy(), drawn.numpy()) for queries, drawn in state_dict["negatives"])
        for part, norms in state_dict["norms"].items():
            self._norms[part].extend(norms)
