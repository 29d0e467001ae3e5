"""The vectors that clients keep from round to round."""

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor


class ClientStates:
    """A vector F[p] for each of `clients` clients, zero at first, and the `mean` F[p] of all these vectors."""

    def __init__(self, clients: int, x: Tensor) -> None:
        self._states = x.new_zeros(clients, len(x))
        self.mean = torch.zeros_like(x)

    def gather(self, chosen: np.ndarray) -> Tensor:
        """F[c p]: the vectors of the chosen clients I64[c]."""
        return self._states[torch.tensor(chosen, device=self._states.device)]

    def state_dict(self) -> dict[str, Tensor]:
        """The vectors and their mean."""
        return {"states": self._states, "mean": self.mean}

    def load_state_dict(self, state_dict: Mapping[str, Tensor]) -> None:
        """Go on from other vectors."""
        self._states, self.mean = state_dict["states"], state_dict["mean"]

    def update(self, chosen: np.ndarray, new: Tensor) -> None:
        """Replace the vectors of the chosen clients I64[c] by `new` F[c p]."""
        rows = torch.tensor(chosen, device=self._states.device)
        self.mean = self.mean + (new - self._states[rows]).sum(0) / len(self._states)
        self._states[rows] = new
