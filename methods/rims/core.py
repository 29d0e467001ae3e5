"""The core of recurrent independent mechanisms: input attention, dynamics and communication of all modules at once."""

from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

import torch
from torch import Tensor, nn

from harness.tasks.ood_dynamics import Core
from methods.rims.communication import Communication
from methods.rims.details import DETAILS, Variant, attention_weights, cell_bias, cell_weights, scaled_width
from methods.rims.dynamics import GruCells, LstmCells, Memory

KEYS: Final = 0.64
"""The numbers in a key of the input attention, divided by the size of a module: the paper has 64 at a size of 100."""
VALUES: Final = 4
"""The numbers in a value of the input, divided by the size of a module."""
COMMUNICATION_HEADS: Final = 4


@dataclass(frozen=True)
class RimOptions:
    """The options of a core.

    `active` of `modules` modules of `size` numbers each are updated in a step; without `input_attention`, all must be.
    The attentions of the `input_heads` heads are averaged. Raises `ValueError` if more modules than there are should be
    active, or if not all are active without input attention.
    """

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
            raise ValueError(f"active = {self.active} must be at most modules = {self.modules}")
        if not self.input_attention and self.active < self.modules:
            raise ValueError("without input attention nothing selects modules: all of them must be active")


class State(NamedTuple):
    """The `memory` of the modules, and Bool[m s n], which of them the last step changed."""

    memory: Memory
    active: Tensor


class RimCore(Core[State]):
    """Modules with weights of their own that compete to read the input (Goyal et al., 2021, section 2).

    Each module attends to the input and to a null input of zeros. Nothing has a bias, so the score of the null input is
    0, and the attention to the input is the sigmoid of its score. The modules that attend least to the null input are
    active: they follow their dynamics and then read from all modules. The others keep their state, bit for bit, and
    gradients flow through it. The output is the state of all modules.

    A module reads the values of the input, multiplied by its attention, and the weights of its dynamics apply to them
    linearly. So these weights are applied to the values of a whole sequence, in training after dropout, before its
    first step, and only scaled by the attention in each step.

    Inside, samples are the last axis, along which all elementwise operations then run.
    """

    def __init__(self, inputs: int, options: RimOptions) -> None:
        super().__init__()
        self.options = options
        self.width = options.modules * options.size
        details = DETAILS[options.variant]
        modules, size, heads = options.modules, options.size, options.input_heads
        gates = (LstmCells if options.cell == "lstm" else GruCells).gates * size
        self.values = nn.Parameter(attention_weights(details, heads, VALUES * size, inputs))
        self.input_weights = nn.Parameter(cell_weights(details, self.width, modules, gates, VALUES * size))
        self.recurrent_weights = nn.Parameter(cell_weights(details, self.width, modules, gates, size))
        read_bias, kept_bias = (cell_bias(details, self.width, modules, gates, 1) for _ in range(2))
        self.cells: LstmCells | GruCells = LstmCells(size)
        if options.cell == "gru":
            read_bias, candidate_bias = torch.split(read_bias, [gates - size, size], dim=1)
            read_bias = nn.functional.pad(read_bias, (0, 0, 0, size))
            self.cells = GruCells(candidate_bias.clone())
        self.bias = nn.Parameter(read_bias + kept_bias)
        if options.input_attention:
            keys = scaled_width(KEYS, size)
            self.keys = nn.Parameter(attention_weights(details, heads, keys, inputs))
            self.queries = nn.Parameter(attention_weights(details, modules, heads * keys, size))
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
            # A single product computes the recurrent part of the gates and the queries.
            weights = torch.cat([self.recurrent_weights, self.queries], dim=1)
            sizes = [self.recurrent_weights.shape[1], self.queries.shape[1]]
            bias = nn.functional.pad(self.bias, (0, 0, 0, self.queries.shape[1]))
            for reading, keys in zip(readings, self._keys(x).unbind(0), strict=True):
                product = torch.baddbmm(bias, weights, state.memory.hidden)
                recurrent, queries = torch.split(product, sizes, dim=1)
                attention = self._attention(queries, keys)
                active = largest(attention.detach().mean(dim=0), self.options.active)
                state = self._next(recurrent, reading, attention, active, state.memory)
                outputs.append(state.memory.hidden)
        else:
            full_attention = self.bias.new_ones(self.options.input_heads, 1, 1, 1)
            active = torch.ones_like(state.active)
            for reading in readings:
                recurrent = torch.baddbmm(self.bias, self.recurrent_weights, state.memory.hidden)
                state = self._next(recurrent, reading, full_attention, active, state.memory)
                outputs.append(state.memory.hidden)
        return torch.stack(outputs).permute(3, 0, 1, 2).flatten(2), state

    def active(self, state: State) -> Tensor:
        return state.active[:, 0].T

    def _readings(self, x: Tensor) -> Tensor:
        """F32[T h m g n]: what each head reads from x F32[T i n] at full attention, in terms of the gates. Heads are
        added up; what a module drops of their sum, it drops of each."""
        values = (self.values / self.options.input_heads) @ x[:, None]
        if self.training and self.dropout.p:
            steps, _, width, n = values.shape
            kept = self.dropout(values.new_ones(steps, 1, self.options.modules, width, n))
            dropped: Tensor = self.input_weights @ (values[:, :, None] * kept)
            return dropped
        readings: Tensor = self.input_weights.flatten(0, 1) @ values
        return readings.view(*readings.shape[:2], *self.input_weights.shape[:2], readings.shape[-1])

    def _keys(self, x: Tensor) -> Tensor:
        """F32[T h d n]: the keys of x F32[T i n], scaled."""
        scaled: Tensor = (self.keys * self.keys.shape[1] ** -0.5) @ x[:, None]
        return scaled

    def _attention(self, queries: Tensor, keys: Tensor) -> Tensor:
        """F32[h m 1 n]: the attention to the input, from queries F32[m hd n] and keys F32[h d n]."""
        queries = queries.reshape(-1, *keys.shape)
        weights: Tensor = (queries * keys).sum(2, keepdim=True).sigmoid()
        return weights.transpose(0, 1)

    def _next(self, recurrent: Tensor, reading: Tensor, attention: Tensor, active: Tensor, before: Memory) -> State:
        candidate = self.cells(recurrent, reading, attention, before)
        # `where` is several times as fast with a contiguous mask of the full shape.
        active = active.expand_as(before.hidden).contiguous()
        hidden = torch.where(active, candidate.hidden, before.hidden)
        cell = torch.where(active, candidate.cell, before.cell)
        if self.options.communication:
            hidden = torch.where(active, hidden + self.communication(hidden, candidate.hidden, active), hidden)
        return State(Memory(hidden, cell), active)


def largest(scores: Tensor, k: int) -> Tensor:
    """Bool[m 1 n]: which of the m scores F32[m 1 n] are the k largest. Among equal scores the first ones count as
    larger."""
    modules = len(scores)
    if k >= modules:
        return torch.ones_like(scores, dtype=torch.bool)
    earlier = torch.ones(modules, modules, dtype=torch.bool, device=scores.device).tril(-1)[..., None, None]
    is_larger = torch.where(earlier, scores >= scores[:, None], scores > scores[:, None])
    return is_larger.sum(dim=1) < k
