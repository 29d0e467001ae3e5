"""The Transformer encoder: pre-norm blocks of attention and feed-forward layers (equations 2 and 3)."""

import torch
from torch import Tensor, nn

from methods.vit.sizes import Size

EPSILON = 1e-6
"""Of the normalisations, as in the authors' code."""


class Block(nn.Module):
    """z + MSA(LN(z)), then z + MLP(LN(z)). Weights start as in the authors' code: uniform as by Glorot and Bengio
    (2010), for queries, keys and values apart."""

    def __init__(self, size: Size, dropout: float) -> None:
        super().__init__()
        width = size.width
        self.heads = size.heads
        self.attention_norm = nn.LayerNorm(width, EPSILON)
        self.project = nn.Linear(width, 3 * width)
        self.merge = nn.Linear(width, width)
        self.mlp_norm = nn.LayerNorm(width, EPSILON)
        self.expand = nn.Linear(width, size.hidden)
        self.contract = nn.Linear(size.hidden, width)
        self.dropout = nn.Dropout(dropout)
        for weight in (*self.project.weight.chunk(3), self.merge.weight, self.expand.weight, self.contract.weight):
            nn.init.xavier_uniform_(weight)
        for layer in (self.project, self.merge):
            nn.init.zeros_(layer.bias)
        for layer in (self.expand, self.contract):
            nn.init.normal_(layer.bias, std=1e-6)

    def forward(self, tokens: Tensor) -> Tensor:
        """F32[n L D] -> F32[n L D]."""
        n, length, width = tokens.shape
        heads = self.project(self.attention_norm(tokens)).view(n, length, 3, self.heads, width // self.heads)
        mixed = nn.functional.scaled_dot_product_attention(*heads.permute(2, 0, 3, 1, 4))
        tokens = tokens + self.dropout(self.merge(mixed.transpose(1, 2).reshape(n, length, width)))
        hidden = self.dropout(nn.functional.gelu(self.expand(self.mlp_norm(tokens)), approximate="tanh"))
        fed: Tensor = tokens + self.dropout(self.contract(hidden))
        return fed
