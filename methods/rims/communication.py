"""Communication: active modules read from all modules by attention (section 2.4)."""

import torch
from torch import Tensor, nn

from methods.rims.details import Details, drawn


class Communication(nn.Module):
    """Every module has queries, keys and values of its own, in several heads; the weights that merge heads are shared.

    Samples are the last axis and modules are few: attention is then elementwise, which takes a third of the time of
    products of 6 by 6 matrices.
    """

    def __init__(self, modules: int, size: int, heads: int, details: Details) -> None:
        super().__init__()
        self.heads, self.details = heads, details
        self.width = details.communication_keys(size)
        self.ask = nn.Parameter(drawn(details, modules, heads * self.width, size))
        self.tell = nn.Parameter(drawn(details, modules, 2 * heads * self.width, size))
        self.merge = nn.Linear(heads * self.width, size, bias=details.gated)
        self.dropout = nn.Dropout(details.dropout)
        if details.gated:
            self.gate = nn.Linear(heads * self.width, size)

    def forward(self, hidden: Tensor, candidates: Tensor, active: Tensor) -> Tensor:
        """F32[m s n]: what is added to the active modules. `hidden` F32[m s n] is the state after the dynamics, where
        inactive modules are as before; `candidates` F32[m s n] what all would have become; `active` Bool[m s n]."""
        if self.details.candidates_are_read:
            told = torch.bmm(self.tell, torch.where(active, candidates, candidates.detach()))
            asked = torch.bmm(self.ask, hidden)
        else:
            both = torch.bmm(torch.cat([self.ask, self.tell], dim=1), hidden)
            asked, told = torch.split(both, [self.ask.shape[1], self.tell.shape[1]], dim=1)
        modules, _, n = hidden.shape
        queries = asked.reshape(modules, self.heads, self.width, n)
        keys, values = told.reshape(modules, 2, self.heads, self.width, n).unbind(1)
        scores = (queries[:, None] * keys).sum(3, keepdim=True) * self.width**-0.5
        mixed = (scores.softmax(dim=1) * values).sum(1).flatten(1, 2)
        merged = _linear(self.merge, mixed)
        if self.details.gated:
            merged = _linear(self.gate, mixed).sigmoid() * merged.tanh()
        added: Tensor = self.dropout(merged)
        return added


def _linear(layer: nn.Linear, x: Tensor) -> Tensor:
    """F32[m i n] -> F32[m o n]."""
    product = layer.weight @ x
    return product if layer.bias is None else product + layer.bias[:, None]
