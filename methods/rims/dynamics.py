"""The dynamics of the modules: LSTM or GRU cells of all modules at once, each with weights of its own."""

from typing import ClassVar, NamedTuple

import torch
from torch import Tensor, nn


class Memory(NamedTuple):
    """The states that the modules keep from step to step, F32[m s n] each. A GRU does not use `cell`."""

    hidden: Tensor
    cell: Tensor


class LstmCells(nn.Module):
    """LSTM cells. The gates are input, forget, output and candidate, in this order."""

    gates: ClassVar[int] = 4

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size

    def forward(self, recurrent: Tensor, read: Tensor, attention: Tensor, before: Memory) -> Memory:
        """The next memory of all modules if they were active.

        `recurrent` F32[m 4s n] is the recurrent part of the gates. `read` F32[h m 4s n] is what each head reads from
        the input, which is multiplied by its attention F32[h m 1 n].
        """
        gates, candidate = torch.split(_add_readings(recurrent, read, attention), [3 * self.size, self.size], dim=1)
        input_gate, forget_gate, output_gate = gates.sigmoid().chunk(3, dim=1)
        cell = torch.addcmul(forget_gate * before.cell, input_gate, candidate.tanh())
        return Memory(output_gate * cell.tanh(), cell)


class GruCells(nn.Module):
    """GRU cells. The gates are reset, update and candidate, in this order."""

    gates: ClassVar[int] = 3

    def __init__(self, bias: Tensor) -> None:
        """`bias` F32[m s 1] is added to the candidate, beside what the reset gate passes."""
        super().__init__()
        self.size = bias.shape[1]
        self.bias = nn.Parameter(bias)

    def forward(self, recurrent: Tensor, read: Tensor, attention: Tensor, before: Memory) -> Memory:
        """The same as in `LstmCells`, with 3s instead of 4s numbers."""
        sizes = [2 * self.size, self.size]
        gates_recurrent, candidate_recurrent = torch.split(recurrent, sizes, dim=1)
        gates_read, candidate_read = torch.split(read, sizes, dim=2)
        reset, update = _add_readings(gates_recurrent, gates_read, attention).sigmoid().chunk(2, dim=1)
        candidate = _add_readings(self.bias + reset * candidate_recurrent, candidate_read, attention).tanh()
        hidden = torch.lerp(candidate, before.hidden, update)
        return Memory(hidden, hidden)


def _add_readings(recurrent: Tensor, read: Tensor, attention: Tensor) -> Tensor:
    """F32[m g n]: the recurrent part of the gates plus the readings of all heads, each times its attention."""
    for head_attention, reading in zip(attention, read, strict=True):
        recurrent = torch.addcmul(recurrent, head_attention, reading)
    return recurrent
