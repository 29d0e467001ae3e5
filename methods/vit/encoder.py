"""The Transformer encoder: pre-norm blocks of attention and feed-forward layers (equations 2 and 3)."""

from typing import Literal, TypeAlias

from torch import Tensor, nn

from methods.vit.sizes import Size

GeluKind: TypeAlias = Literal["exact", "tanh"]

EPSILON = 1e-6
"""Of the normalisations, as in the authors' code."""


class Block(nn.Module):
    """z + MSA(LN(z)), then z + MLP(LN(z)). Weights start as in the authors' code: uniform as by Glorot and Bengio
    (2010), for queries, keys and values apart."""

    def __init__(self, size: Size, dropout: float, gelu: GeluKind) -> None:
        super().__init__()
        width = size.width
        self.heads = size.heads
        self.approximate = {"exact": "none", "tanh": "tanh"}[gelu]
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

    def forward(self, tokens: Tensor, asked: int | None = None) -> Tensor:
        """F32[n L D] -> F32[n asked D]: the first `asked` tokens, by default all. The others are still attended to."""
        q, k, v = self._heads(self.attention_norm(tokens), asked)
        mixed = nn.functional.scaled_dot_product_attention(q, k, v)
        tokens = tokens[:, :asked] + self.dropout(self.merge(mixed.transpose(1, 2).flatten(2)))
        hidden = nn.functional.gelu(self.expand(self.mlp_norm(tokens)), approximate=self.approximate)
        fed: Tensor = tokens + self.dropout(self.contract(self.dropout(hidden)))
        return fed

    def _heads(self, tokens: Tensor, asked: int | None) -> tuple[Tensor, ...]:
        """Queries F32[n heads asked d], keys and values F32[n heads L d]."""
        if asked is None:
            projected = self.project(tokens).chunk(3, dim=-1)
        else:
            width = tokens.shape[-1]
            weight, bias = self.project.weight, self.project.bias
            queries = nn.functional.linear(tokens[:, :asked], weight[:width], bias[:width])
            pairs = nn.functional.linear(tokens, weight[width:], bias[width:])
            projected = (queries, *pairs.chunk(2, dim=-1))
        return tuple(part.unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in projected)
