"""The dynamics of the modules: LSTM or GRU cells, all modules at once, each with weights of its own."""

from typing import ClassVar, NamedTuple

import torch
from torch import Tensor, nn


class Memory(NamedTuple):
    """What the modules keep from step to step, F32[m n s] each; a GRU has no use for `cell`."""

    hidden: Tensor
    cell: Tensor


class LstmCells(nn.Module):
    """Long short-term memories. The gates are input, forget, output and candidate, in this order."""

    gates: ClassVar[int] = 4

    def __init__(self, modules: int, size: int) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(modules, 1, self.gates * size))

    def forward(self, read: Tensor, recalled: Tensor, before: Memory) -> Memory:
        """What the modules would become, from what they read and what they recall, F32[m n 4s] each."""
        size = before.hidden.shape[-1]
        summed = read + recalled + self.bias
        keep = summed[..., : 3 * size].sigmoid()
        cell = torch.addcmul(keep[..., size : 2 * size] * before.cell, keep[..., :size], summed[..., 3 * size :].tanh())
        return Memory(keep[..., 2 * size :] * cell.tanh(), cell)


class GruCells(nn.Module):
    """Gated recurrent units. The gates are reset, update and candidate, in this order."""

    gates: ClassVar[int] = 3

    def __init__(self, modules: int, size: int) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(modules, 1, self.gates * size))
        self.recalled_bias = nn.Parameter(torch.zeros(modules, 1, size))

    def forward(self, read: Tensor, recalled: Tensor, before: Memory) -> Memory:
        """What the modules would become, from what they read and what they recall, F32[m n 3s] each."""
        size = before.hidden.shape[-1]
        read = read + self.bias
        gates = (read[..., : 2 * size] + recalled[..., : 2 * size]).sigmoid()
        wanted = torch.addcmul(read[..., 2 * size :], gates[..., :size], recalled[..., 2 * size :] + self.recalled_bias)
        hidden = torch.lerp(wanted.tanh(), before.hidden, gates[..., size:])
        return Memory(hidden, hidden)
