"""The core of recurrent independent mechanisms: input attention, dynamics, communication; all modules at once."""

from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

import torch
from torch import Tensor, nn

from harness.tasks.ood_dynamics import Core
from methods.rims.communication import Communication
from methods.rims.details import DETAILS, Variant, drawn, share
from methods.rims.dynamics import GruCells, LstmCells, Memory

KEYS: Final = 0.64
"""Numbers in a key of the input attention, over the size of a module: the paper's 64 at its size of 100."""
VALUES: Final = 4
"""Numbers in a value of the input, over the size of a module."""
COMMUNICATION_HEADS: Final = 4


@dataclass(frozen=True)
class RimOptions:
    """`active` of `modules` modules of `size` numbers each are updated in a step; without `input_attention` all must
    be. The attention of the `input_heads` is averaged."""

    modules: int
    size: int
    active: int
    cell: Literal["lstm", "gru"] = "lstm"
    input_heads: int = 1
    input_attention: bool = True
    communication: bool = True
    variant: Variant = "paper"

    def __post_init__(self) -> None:
        if self.active > self.modules:
            raise ValueError(f"of {self.modules} modules, {self.active} cannot be active")
        if not self.input_attention and self.active < self.modules:
            raise ValueError("without input attention nothing chooses: all modules must be active")


class State(NamedTuple):
    """`memory` of the modules, and which of them, Bool[m s n], the last step changed."""

    memory: Memory
    active: Tensor


class RimCore(Core[State]):
    """Modules with weights of their own that compete to read the input (Goyal et al., 2021, section 2).

    Each module attends to the input and to a null of zeros. Nothing has a bias, so the null's score is 0 and the
    attention to the input the sigmoid of its score. The modules that attend least to the null are active: they follow
    their dynamics, and read from all modules. The others keep their state, bit for bit, and gradients flow through it.
    The output is the state of all modules.

    What a module reads is its attention times values of the input, and the weights of its dynamics apply to it
    linearly: so they are applied to the values of a whole sequence before its first step, and scaled in each.

    Inside, samples are the last axis: everything elementwise then runs along them.
    """

    def __init__(self, inputs: int, options: RimOptions) -> None:
        super().__init__()
        self.options = options
        self.width = options.modules * options.size
        details = DETAILS[options.variant]
        modules, size, heads = options.modules, options.size, options.input_heads
        self.cells = (LstmCells if options.cell == "lstm" else GruCells)(modules, size)
        gates = self.cells.gates * size
        self.values = nn.Parameter(drawn(details, heads, VALUES * size, inputs))
        self.read = nn.Parameter(drawn(details, modules, gates, VALUES * size))
        self.recall = nn.Parameter(drawn(details, modules, gates, size))
        self.bias = nn.Parameter(torch.zeros(modules, gates, 1))
        if options.input_attention:
            keys = share(KEYS, size)
            self.keys = nn.Parameter(drawn(details, heads, keys, inputs))
            self.queries = nn.Parameter(drawn(details, modules, heads * keys, size))
        if options.communication:
            self.communication = Communication(modules, size, COMMUNICATION_HEADS, details)
        self.dropout = nn.Dropout(details.dropout)

    def initial(self, n: int) -> State:
        zero = self.values.new_zeros(self.options.modules, self.options.size, n)
        return State(Memory(zero, zero), zero.bool())

    def step(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        outputs, state = self.scan(x[:, None], state)
        return outputs[:, 0], state

    def scan(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        x = x.permute(1, 2, 0)
        readings = self._readings(x).unbind(0)
        outputs = []
        if self.options.input_attention:
            # One product gives what modules recall and what they ask for.
            weights = torch.cat([self.recall, self.queries], dim=1)
            bias = nn.functional.pad(self.bias, (0, 0, 0, self.queries.shape[1]))
            for reading, keys in zip(readings, self._keys(x).unbind(0), strict=True):
                product = torch.baddbmm(bias, weights, state.memory.hidden)
                recalled, asked = torch.split(product, [self.recall.shape[1], self.queries.shape[1]], dim=1)
                attention = self._attention(asked, keys)
                active = most(attention.detach().mean(dim=0), self.options.active)
                attention = self.dropout(attention)
                state = self._next(recalled, reading, attention, active, state.memory)
                outputs.append(state.memory.hidden)
        else:
            whole = self.bias.new_ones(self.options.input_heads, 1, 1, 1)
            active = torch.ones_like(state.active)
            for reading in readings:
                recalled = torch.baddbmm(self.bias, self.recall, state.memory.hidden)
                state = self._next(recalled, reading, whole, active, state.memory)
                outputs.append(state.memory.hidden)
        return torch.stack(outputs).permute(3, 0, 1, 2).flatten(2), state

    def active(self, state: State) -> Tensor:
        return state.active[:, 0].T

    def _readings(self, x: Tensor) -> Tensor:
        """F32[T h m g n] of x F32[T i n]: what heads would read, in terms of the gates; they add up."""
        values = (self.values / self.options.input_heads) @ x[:, None]
        read: Tensor = self.read.flatten(0, 1) @ values
        return read.view(*read.shape[:2], *self.read.shape[:2], read.shape[-1])

    def _keys(self, x: Tensor) -> Tensor:
        """F32[T h d n], scaled."""
        scaled: Tensor = (self.keys * self.keys.shape[1] ** -0.5) @ x[:, None]
        return scaled

    def _attention(self, asked: Tensor, keys: Tensor) -> Tensor:
        """F32[h m 1 n]: the attention to the input of queries F32[m hd n] and keys F32[h d n]."""
        queries = asked.reshape(-1, *keys.shape)
        weights: Tensor = (queries * keys).sum(2, keepdim=True).sigmoid()
        return weights.transpose(0, 1)

    def _next(self, recalled: Tensor, reading: Tensor, attention: Tensor, active: Tensor, before: Memory) -> State:
        candidate = self.cells(recalled, reading, attention, before)
        active = active.expand_as(before.hidden).contiguous()  # `where` is several times faster on a whole mask
        hidden = torch.where(active, candidate.hidden, before.hidden)
        cell = torch.where(active, candidate.cell, before.cell)
        if self.options.communication:
            hidden = torch.where(active, hidden + self.communication(hidden, candidate.hidden, active), hidden)
        return State(Memory(hidden, cell), active)


def most(scores: Tensor, k: int) -> Tensor:
    """Bool[m 1 n]: which of the m scores F32[m 1 n] are the k largest; of equals, the first."""
    modules = len(scores)
    if k >= modules:
        return torch.ones_like(scores, dtype=torch.bool)
    earlier = torch.ones(modules, modules, dtype=torch.bool, device=scores.device).tril(-1)[..., None, None]
    larger = torch.where(earlier, scores >= scores[:, None], scores > scores[:, None])
    return larger.sum(dim=1) < k
