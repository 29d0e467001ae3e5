"""Communication: active modules read from all modules by attention (section 2.4)."""

import torch
from torch import Tensor, nn

from methods.rims.details import Details, attention_weights


class Communication(nn.Module):
    """Attention between modules. Every module has its own weights for queries, keys and values, in several heads; the
    weights that merge the heads are shared.

    Samples are the last axis, and there are few modules. Attention is computed by elementwise products, which take a
    third of the time of products of 6x6 matrices.
    """

    def __init__(self, modules: int, size: int, heads: int, details: Details) -> None:
        super().__init__()
        self.heads, self.details = heads, details
        self.width = details.communication_keys(size)
        self.query = nn.Parameter(attention_weights(details, modules, heads * self.width, size))
        self.key_value = nn.Parameter(attention_weights(details, modules, 2 * heads * self.width, size))
        self.merge = nn.Linear(heads * self.width, size, bias=details.gated)
        self.dropout = nn.Dropout(details.dropout)
        if details.gated:
            self.gate = nn.Linear(heads * self.width, size)

    def forward(self, hidden: Tensor, candidates: Tensor, active: Tensor) -> Tensor:
        """F32[m s n]: what is added to the states of the active modules.

        `hidden` F32[m s n] is the state after the dynamics, in which inactive modules are unchanged. `candidates`
        F32[m s n] are the states that all modules would have if they were active. `active` is Bool[m s n].
        """
        if self.details.send_candidates:
            keys_values = torch.bmm(self.key_value, torch.where(active, candidates, candidates.detach()))
            queries = torch.bmm(self.query, hidden)
        else:
            projected = torch.bmm(torch.cat([self.query, self.key_value], dim=1), hidden)
            queries, keys_values = torch.split(projected, [self.query.shape[1], self.key_value.shape[1]], dim=1)
        modules, _, n = hidden.shape
        queries = queries.reshape(modules, self.heads, self.width, n)
        keys, values = keys_values.reshape(modules, 2, self.heads, self.width, n).unbind(1)
        scores = (queries[:, None] * keys).sum(3, keepdim=True) * self.width**-0.5
        mixed = (scores.softmax(dim=1) * values).sum(1).flatten(1, 2)
        merged: Tensor = self.dropout(_linear(self.merge, mixed))
        return _linear(self.gate, mixed).sigmoid() * merged.tanh() if self.details.gated else merged


def _linear(layer: nn.Linear, x: Tensor) -> Tensor:
    """x F32[m i n] -> F32[m o n]."""
    product = layer.weight @ x
    return product if layer.bias is None else product + layer.bias[:, None]
