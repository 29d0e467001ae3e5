"""Linformer: keys and values projected to a fixed length."""

from typing import Annotated

import torch
from annotated_types import Gt
from torch import Tensor, nn

from harness.tasks.long_range import Attention


class Linformer(Attention):
    """Softmax attention over `rank` learned mixtures of the positions (Wang et al., 2020).

    One projection E serves keys and values and all heads of a layer, as in the Long Range Arena. Unlike there, padding
    takes no part in the mixtures.
    """

    name = "linformer"
    rank: Annotated[int, Gt(0)] = 32

    def build(self, width: int, heads: int, max_length: int, causal: bool) -> nn.Module:
        if causal:
            raise ValueError("Linformer mixes all positions: it has no causal form")
        return _LinformerAttention(min(self.rank, max_length), max_length)


class _LinformerAttention(nn.Module):
    def __init__(self, rank: int, max_length: int) -> None:
        super().__init__()
        self.mixtures = nn.Parameter(nn.init.xavier_uniform_(torch.empty(rank, max_length)))

    def forward(self, q: Tensor, k: Tensor, v: Tensor, keep: Tensor) -> Tensor:
        mixtures = self.mixtures[:, : keep.shape[1]] * keep[:, None, None, :]
        return nn.functional.scaled_dot_product_attention(q, mixtures @ k, mixtures @ v)
