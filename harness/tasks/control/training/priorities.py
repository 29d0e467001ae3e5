"""`PrioritisedReplay`, from which what was learned badly is drawn more often (Schaul et al., 2016)."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from harness.core.errors import Diverged
from harness.tasks.control.training.replay import Minibatch, Replay

LEAST_LOSS = 1e-10
"""What is added to losses, so that each transition has a chance."""


class PrioritisedReplay(Replay):
    """A replay whose transitions are drawn in proportion to the root of the loss that they had when they were drawn
    last. New ones have the greatest priority so far.

    In the loss a transition weighs the root of the reciprocal of its probability, relative to the greatest weight of
    its minibatch. Both exponents are those of Dopamine's agents (Castro et al., 2018).
    """

    def __init__(self, *shown: np.ndarray, **options: Any) -> None:
        """The same arguments as `Replay`."""
        super().__init__(*shown, **options)
        self._priorities = np.zeros(self._capacity)
        self._greatest = 1.0

    def sample(self, batch: int, rng: np.random.Generator, *, discount: float, steps: int = 1) -> Minibatch:
        """`batch` transitions of `steps` steps each, with their weights. Raises `ValueError` if none is stored."""
        drawn = super().sample(batch, rng, discount=discount, steps=steps)
        weights = self._priorities[drawn.rows % self._capacity] ** -0.5
        relative = (weights / weights.max()).astype(np.float32)
        return drawn._replace(weights=torch.from_numpy(relative).to(self._device))

    def learned(self, batch: Minibatch, losses: Tensor) -> None:
        """Set the priorities of a minibatch's transitions by their losses F32[B]. Raises `Diverged` if one is not
        finite."""
        priorities = (losses + LEAST_LOSS).sqrt().double().cpu().numpy()
        if not np.isfinite(priorities).all():
            raise Diverged("the loss of a transition is not finite")
        self._priorities[batch.rows % self._capacity] = priorities
        self._greatest = max(self._greatest, float(priorities.max()))

    def state_dict(self) -> dict[str, Any]:
        """The priorities."""
        return {"priorities": torch.from_numpy(self._priorities), "greatest": self._greatest}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Set the priorities of what is stored."""
        self._priorities, self._greatest = state_dict["priorities"].numpy(), state_dict["greatest"]

    def _store(self, frame: np.ndarray, first: int) -> None:
        self._priorities[self._added % self._capacity] = self._greatest
        super()._store(frame, first)

    def _rows(self, batch: int, rng: np.random.Generator) -> np.ndarray:
        low = self._least_row()
        slots = np.arange(low, self._added) % self._capacity
        summed = np.where(self._is_last[slots], 0, self._priorities[slots]).cumsum()
        rows: np.ndarray = low + np.searchsorted(summed, rng.random(batch) * summed[-1], side="right")
        return rows
