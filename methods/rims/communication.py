"""Communication: active modules read from all modules by attention (section 2.4)."""

import torch
from torch import Tensor, nn

from methods.rims.details import Details, drawn


class Communication(nn.Module):
    """Every module has queries, keys and values of its own, in several heads; the merging weights are shared."""

    def __init__(self, modules: int, size: int, heads: int, details: Details) -> None:
        super().__init__()
        self.heads, self.details = heads, details
        width = details.communication_keys(size)
        self.ask = nn.Parameter(drawn(details, modules, size, heads * width))
        self.tell = nn.Parameter(drawn(details, modules, size, 2 * heads * width))
        self.merge = nn.Linear(heads * width, size, bias=details.gated)
        self.dropout = nn.Dropout(details.dropout)
        if details.gated:
            self.gate = nn.Linear(heads * width, size)

    def forward(self, hidden: Tensor, candidates: Tensor, active: Tensor) -> Tensor:
        """F32[m n s]: what is added to the active modules. `hidden` F32[m n s] is the state after the dynamics, where
        inactive modules are as before; `candidates` F32[m n s] what all would have become; `active` Bool[m n 1]."""
        told = hidden
        if self.details.candidates_are_read:
            told = torch.where(active, candidates, candidates.detach())
        asked = self._split(torch.bmm(hidden, self.ask))
        keys, values = (self._split(part) for part in torch.bmm(told, self.tell).chunk(2, dim=-1))
        mixed = nn.functional.scaled_dot_product_attention(asked, keys, values)
        mixed = mixed.permute(2, 0, 1, 3).flatten(2)
        merged = self.merge(mixed)
        if self.details.gated:
            merged = self.gate(mixed).sigmoid() * merged.tanh()
        added: Tensor = self.dropout(merged)
        return added

    def _split(self, numbers: Tensor) -> Tensor:
        """F32[m n hd] -> F32[n h m d]."""
        return numbers.unflatten(-1, (self.heads, -1)).permute(1, 2, 0, 3)
