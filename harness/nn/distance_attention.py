"""`DistanceAttention`, softmax attention with a fixed bias by distance."""

from typing import Final

import torch
from torch import Tensor, nn

_BARRED: Final = -30.0
"""The bias of keys on the side that a head does not look to: finite, so that the first and last query see something."""


class DistanceAttention(nn.Module):
    """Heads that differ in what they see of a sequence: by turns, the nearest keys to the left (bias -d at distance d),
    the nearest to the right (-d), the nearest on both sides (-d/4), and all keys alike.

    The biases are not learned and stand in for positions, as those of ALiBi (Press et al., 2022), which are causal, do.
    """

    bias: Tensor

    def __init__(self, heads: int, max_length: int) -> None:
        super().__init__()
        position = torch.arange(max_length)
        offset = (position[None, :] - position[:, None]).float()
        left = torch.where(offset < 0, offset, _BARRED)
        kinds = (left, left.T, -offset.abs() / 4, torch.zeros_like(offset))
        self.register_buffer("bias", torch.stack([kinds[head % len(kinds)] for head in range(heads)]), persistent=False)

    def forward(self, q: Tensor, k: Tensor, v: Tensor, keep: Tensor) -> Tensor:
        """q, k, v: F32[B H L d], keep: Bool[B L] -> F32[B H L d]."""
        length = q.shape[2]
        bias = self.bias[:, :length, :length].masked_fill(~keep[:, None, None, :], -torch.inf)
        return nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=bias)
