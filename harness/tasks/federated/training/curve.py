"""The curve of a federated training: the clients' mean loss, a few times on the way."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from harness.nn.training import CURVE_POINTS
from harness.run import Run


class Curve:
    """Logs the mean loss since the last point of the curve, and lets the run measure its validation split.

    A loss or a model that is not finite ends the run as diverged.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._every = max(1, run.budget.total // CURVE_POINTS)
        self._losses: list[Tensor] = []

    def add(self, loss: Tensor, model: Tensor) -> None:
        """Note the outcome of a round: the mean loss of its clients, a scalar, and the server's model F[p]."""
        self._losses.append(loss)
        if self._run.spent % self._every == 0 or self._run.spent == self._run.budget.total:
            self._run.log(loss=float(torch.stack(self._losses).mean()), weight_norm=float(model.norm()))
            self._losses.clear()
        self._run.validate_if_due()

    def state_dict(self) -> dict[str, Any]:
        """The losses since the last point of the curve."""
        return {"losses": self._losses}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on from the losses of another state."""
        self._losses = state_dict["losses"]
