"""The blocks of the Transformer encoder, with pre-normalisation (equations 2 and 3)."""

from typing import Literal, TypeAlias

from torch import Tensor, nn

from methods.vit.sizes import Size

GeluKind: TypeAlias = Literal["exact", "tanh"]

EPSILON = 1e-6
"""The epsilon of the normalisations, as in the authors' code."""


class Block(nn.Module):
    """`z + MSA(LN(z))`, followed by `z + MLP(LN(z))`.

    Weights are initialised as in the authors' code: uniformly after Glorot and Bengio (2010), separately for queries,
    keys and values.
    """

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

    def forward(self, tokens: Tensor, queries: int | None = None) -> Tensor:
        """F32[n L D] -> F32[n queries D]: the output of the first `queries` tokens, by default of all. All tokens are
        attended to."""
        q, k, v = self._heads(self.attention_norm(tokens), queries)
        mixed = nn.functional.scaled_dot_product_attention(q, k, v)
        tokens = tokens[:, :queries] + self.dropout(self.merge(mixed.transpose(1, 2).flatten(2)))
        hidden = nn.functional.gelu(self.expand(self.mlp_norm(tokens)), approximate=self.approximate)
        output: Tensor = tokens + self.dropout(self.contract(self.dropout(hidden)))
        return output

    def _heads(self, tokens: Tensor, queries: int | None) -> tuple[Tensor, ...]:
        """Queries F32[n heads queries d], keys and values F32[n heads L d]."""
        if queries is None:
            projected = self.project(tokens).chunk(3, dim=-1)
        else:
            width = tokens.shape[-1]
            weight, bias = self.project.weight, self.project.bias
            query = nn.functional.linear(tokens[:, :queries], weight[:width], bias[:width])
            key_value = nn.functional.linear(tokens, weight[width:], bias[width:])
            projected = (query, *key_value.chunk(2, dim=-1))
        return tuple(part.unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in projected)
