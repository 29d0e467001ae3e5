"""The dynamics of the modules: LSTM or GRU cells, all modules at once, each with weights of its own."""

from typing import ClassVar, NamedTuple

import torch
from torch import Tensor, nn


class Memory(NamedTuple):
    """What the modules keep from step to step, F32[m s n] each; a GRU has no use for `cell`."""

    hidden: Tensor
    cell: Tensor


class LstmCells(nn.Module):
    """Long short-term memories. The gates are input, forget, output and candidate, in this order."""

    gates: ClassVar[int] = 4

    def __init__(self, modules: int, size: int) -> None:
        super().__init__()
        self.size = size

    def forward(self, recalled: Tensor, read: Tensor, attention: Tensor, before: Memory) -> Memory:
        """What the modules would become, from what they recall, F32[m 4s n], and what they read, F32[h m 4s n] by head,
        at the attention F32[h m 1 n]."""
        gates, candidate = torch.split(_summed(recalled, read, attention), [3 * self.size, self.size], dim=1)
        enter, keep, show = gates.sigmoid().chunk(3, dim=1)
        cell = torch.addcmul(keep * before.cell, enter, candidate.tanh())
        return Memory(show * cell.tanh(), cell)


class GruCells(nn.Module):
    """Gated recurrent units. The gates are reset, update and candidate, in this order."""

    gates: ClassVar[int] = 3

    def __init__(self, modules: int, size: int) -> None:
        super().__init__()
        self.size = size
        self.bias = nn.Parameter(torch.zeros(modules, size, 1))

    def forward(self, recalled: Tensor, read: Tensor, attention: Tensor, before: Memory) -> Memory:
        """As `LstmCells`, with F32[m 3s n]."""
        sizes = [2 * self.size, self.size]
        gates_recalled, candidate_recalled = torch.split(recalled, sizes, dim=1)
        gates_read, candidate_read = torch.split(read, sizes, dim=2)
        reset, keep = _summed(gates_recalled, gates_read, attention).sigmoid().chunk(2, dim=1)
        candidate = _summed(self.bias + reset * candidate_recalled, candidate_read, attention).tanh()
        hidden = torch.lerp(candidate, before.hidden, keep)
        return Memory(hidden, hidden)


def _summed(recalled: Tensor, read: Tensor, attention: Tensor) -> Tensor:
    """F32[m g n]: heads add up."""
    for share, reading in zip(attention, read, strict=True):
        recalled = torch.addcmul(recalled, share, reading)
    return recalled
