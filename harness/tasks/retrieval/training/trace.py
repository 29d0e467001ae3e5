"""The trace of a training: the last negatives and the last gradients, from which the diagnostics are computed."""

from collections import defaultdict, deque
from collections.abc import Iterator
from typing import Final

import numpy as np
import torch
from torch import Tensor

from harness.tasks.retrieval.models.tower import Tower
from harness.tasks.retrieval.problems.collection import I64

BATCHES: Final = 20
"""How many of the last batches are remembered."""


class Trace:
    """The last batches of a training."""

    def __init__(self) -> None:
        self._negatives: deque[tuple[I64, I64]] = deque(maxlen=BATCHES)
        self._norms: defaultdict[str, deque[Tensor]] = defaultdict(lambda: deque(maxlen=BATCHES))

    def remember(self, queries: I64, negatives: I64) -> None:
        """Note the negatives I64[n m] that queries I64[n] were trained with."""
        self._negatives.append((queries, negatives))

    def remember_gradients(self, tower: Tower) -> None:
        """Note the norm of the gradient of each part of the tower, without waiting for the device."""
        for part, weights in tower.parts().items():
            norms = [weight.grad.norm() for weight in weights if weight.grad is not None]
            if norms:
                self._norms[part].append(torch.stack(norms).norm())

    def negatives(self) -> Iterator[tuple[I64, I64]]:
        """Queries and negatives of the last batches, oldest first."""
        yield from self._negatives

    def gradient_norms(self) -> dict[str, float]:
        """By part of the tower, the mean norm of the last batches' gradients."""
        return {part: float(np.mean([float(norm) for norm in norms])) for part, norms in self._norms.items()}
