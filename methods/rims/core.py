"""The core of recurrent independent mechanisms: input attention, dynamics, communication; all modules at once."""

from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

import torch
from torch import Tensor, nn

from harness.tasks.ood_dynamics import Core
from methods.rims.communication import Communication
from methods.rims.details import DETAILS, Variant, drawn
from methods.rims.dynamics import GruCells, LstmCells, Memory

WIDEST_KEYS: Final = 64
"""Of the input attention; never more than the size of a module, whose products have no higher rank."""
VALUES: Final = 4
"""Numbers that a module reads from the input, over its size."""
COMMUNICATION_HEADS: Final = 4


@dataclass(frozen=True)
class RimOptions:
    """`active` of `modules` modules of `size` numbers each are updated in a step; without `input_attention` all must
    be. `input_heads` are averaged."""

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

    @property
    def keys(self) -> int:
        """Numbers in a key of the input attention."""
        return min(self.size, WIDEST_KEYS)


class State(NamedTuple):
    """`memory` of the modules, and which of them, Bool[m n 1], the last step changed."""

    memory: Memory
    active: Tensor


class RimCore(Core[State]):
    """Modules with weights of their own that compete to read the input (Goyal et al., 2021, section 2).

    Each module attends to the input and to a null of zeros (equations 1 to 4). Nothing has a bias, so the null's score
    is 0 and the attention to the input the sigmoid of its score. Those that attend least to the null are active: they
    follow their dynamics, and read from all modules. The others keep their state, bit for bit, and gradients flow
    through it. The output is the state of all modules.

    What modules read is their attention times the same values of the input, and the weights of the dynamics apply to it
    linearly: so they are applied to the values of a whole sequence before its first step, and scaled afterwards.
    """

    def __init__(self, inputs: int, options: RimOptions) -> None:
        super().__init__()
        self.options = options
        self.width = options.modules * options.size
        details, heads, values = DETAILS[options.variant], options.input_heads, VALUES * options.size
        self.cells = (LstmCells if options.cell == "lstm" else GruCells)(options.modules, options.size)
        gates = self.cells.gates * options.size
        self.values = nn.Parameter(drawn(details, inputs, heads * values))
        self.read = nn.Parameter(drawn(details, options.modules, values, gates))
        self.recall = nn.Parameter(drawn(details, options.modules, options.size, gates))
        if options.input_attention:
            self.keys = nn.Parameter(drawn(details, inputs, heads * options.keys))
            self.queries = nn.Parameter(drawn(details, options.modules, options.size, heads * options.keys))
        if options.communication:
            self.communication = Communication(options.modules, options.size, COMMUNICATION_HEADS, details)
        self.dropout = nn.Dropout(details.dropout)

    def initial(self, n: int) -> State:
        zero = self.values.new_zeros(self.options.modules, n, self.options.size)
        return State(Memory(zero, zero), zero[..., :1].bool())

    def step(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        outputs, state = self.scan(x[:, None], state)
        return outputs[:, 0], state

    def scan(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        readings, keys = self._readings(x), self._keys(x)
        # One product gives what modules recall and what they ask for.
        weights = torch.cat([self.recall, self.queries], dim=-1) if self.options.input_attention else self.recall
        outputs = []
        for reading, key in zip(readings, keys, strict=True):
            state = self._next(reading, key, weights, state)
            outputs.append(state.memory.hidden)
        return torch.stack(outputs).permute(2, 0, 1, 3).flatten(2), state

    def active(self, state: State) -> Tensor:
        return state.active[..., 0].T

    def _readings(self, x: Tensor) -> tuple[Tensor, ...]:
        """For every step F32[m n h g]: what would be read, by module and head, already in terms of the gates."""
        n, steps, _ = x.shape
        heads, modules = self.options.input_heads, self.options.modules
        values = (x.transpose(0, 1) @ self.values).view(1, steps * n * heads, -1)
        return torch.matmul(values, self.read).view(modules, steps, n, heads, -1).unbind(1)

    def _keys(self, x: Tensor) -> tuple[Tensor, ...]:
        """For every step F32[n h d], scaled."""
        if not self.options.input_attention:
            return (x.new_empty(0),) * x.shape[1]
        keys = (x.transpose(0, 1) @ self.keys) * self.options.keys**-0.5
        return keys.unflatten(-1, (self.options.input_heads, -1)).unbind(0)

    def _next(self, reading: Tensor, key: Tensor, weights: Tensor, state: State) -> State:
        before = state.memory
        recalled = torch.bmm(before.hidden, weights)
        if self.options.input_attention:
            recalled, asked = recalled.split([reading.shape[-1], recalled.shape[-1] - reading.shape[-1]], dim=-1)
            attention = (asked.unflatten(-1, key.shape[1:]) * key).sum(-1, keepdim=True).sigmoid()
            active = most(attention.detach().mean(dim=2), self.options.active)
            reading = self.dropout(attention) * reading
        else:
            active = torch.ones_like(state.active)
        candidate = self.cells(reading.mean(dim=2), recalled, before)
        hidden = torch.where(active, candidate.hidden, before.hidden)
        cell = torch.where(active, candidate.cell, before.cell)
        if self.options.communication:
            told = self.communication(hidden, candidate.hidden, active)
            hidden = torch.where(active, hidden + told, hidden)
        return State(Memory(hidden, cell), active)


def most(scores: Tensor, k: int) -> Tensor:
    """Bool[m n 1]: which of the m scores F32[m n 1] are the k largest; of equals, the first."""
    modules = len(scores)
    if k >= modules:
        return torch.ones_like(scores, dtype=torch.bool)
    earlier = torch.ones(modules, modules, dtype=torch.bool, device=scores.device).tril(-1)[..., None, None]
    larger = torch.where(earlier, scores[None] >= scores[:, None], scores[None] > scores[:, None])
    return larger.sum(dim=1) < k
