"""`Embedding` of noise levels as vectors."""

import torch
from torch import Tensor, nn

FREQUENCIES = 16
FASTEST = 16.0


class Embedding(nn.Module):
    """Sines and cosines of a number at fixed frequencies from 1 to 16, then two layers."""

    frequencies: Tensor

    def __init__(self, width: int) -> None:
        super().__init__()
        self.register_buffer("frequencies", torch.logspace(0, 1, FREQUENCIES, base=FASTEST))
        self.layers = nn.Sequential(nn.Linear(2 * FREQUENCIES, width), nn.SiLU(), nn.Linear(width, width), nn.SiLU())

    def forward(self, values: Tensor) -> Tensor:
        """F32[n width]: the embeddings of numbers F32[n]."""
        angles = values[:, None] * self.frequencies
        embedded: Tensor = self.layers(torch.cat([angles.sin(), angles.cos()], dim=1))
        return embedded
