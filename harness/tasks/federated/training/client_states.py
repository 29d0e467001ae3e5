"""What clients keep from round to round."""

import numpy as np
import torch
from torch import Tensor


class Memory:
    """A vector F[p] for each client, zero at first, and their `mean` F[p] over all clients."""

    def __init__(self, clients: int, x: Tensor) -> None:
        self._kept = x.new_zeros(clients, len(x))
        self.mean = torch.zeros_like(x)

    def of(self, chosen: np.ndarray) -> Tensor:
        """F[c p]: what the chosen clients I64[c] keep."""
        return self._kept[torch.tensor(chosen, device=self._kept.device)]

    def update(self, chosen: np.ndarray, new: Tensor) -> None:
        """Replace what the chosen clients I64[c] keep by F[c p]."""
        rows = torch.tensor(chosen, device=self._kept.device)
        self.mean = self.mean + (new - self._kept[rows]).sum(0) / len(self._kept)
        self._kept[rows] = new
