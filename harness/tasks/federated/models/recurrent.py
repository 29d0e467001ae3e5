"""A recurrent network that says which character comes next."""

from typing import Literal, TypeAlias

import torch
from torch import Tensor

from harness.tasks.federated.models.gated import gated
from harness.tasks.federated.models.network import Network, Part, dense

Cell: TypeAlias = Literal["gru", "lstm"]

GATES = {"gru": 3, "lstm": 4}


class Recurrent(Network):
    """An embedding of characters I64[c b L], layers of gated recurrent or long short-term memory units, a read-out at
    every position. With an embedding of 8 and two layers of 256 LSTM units it is the paper's network for Shakespeare.
    """

    def __init__(self, vocabulary: int, embedding: int, width: int, layers: int, cell: Cell) -> None:
        self.cell = cell
        gates = GATES[cell] * width
        parts = [Part("embedding", (vocabulary, embedding), embedding)]
        for layer in range(layers):
            inputs = width if layer else embedding
            parts += [
                Part(f"layer{layer}.input", (inputs, gates), width),
                Part(f"layer{layer}.recurrent", (width, gates), width),
                Part(f"layer{layer}.bias", (1, gates), width),
            ]
            # Only a reset gate stands between two biases.
            parts += [Part(f"layer{layer}.candidate_bias", (1, width), width)] if cell == "gru" else []
        super().__init__([*parts, *dense("read", width, vocabulary)], vocabulary)

    def logits(self, weights: Tensor, inputs: Tensor) -> Tensor:
        embedding, *layers, read, bias = self.unpack(weights)
        _, sequences, length = inputs.shape
        # Positions first, as the recurrence takes them.
        characters = inputs.permute(2, 0, 1)
        x = embedding.gather(1, _rows(characters)[..., None].expand(-1, -1, embedding.shape[-1]))
        parts = 4 if self.cell == "gru" else 3
        for incoming, recurrent, shift, *candidate in zip(*[iter(layers)] * parts, strict=True):
            gates = torch.unflatten(torch.baddbmm(shift, x, incoming), 1, (length, sequences)).transpose(0, 1)
            x = _rows(gated(gates, recurrent, candidate[0]) if candidate else _lstm(gates, recurrent))
        return torch.unflatten(torch.baddbmm(bias, x, read), 1, (length, sequences)).transpose(1, 2)


def _rows(x: Tensor) -> Tensor:
    """[c L*b ...] of x [L c b ...]."""
    return x.transpose(0, 1).flatten(1, 2)


def _lstm(gates: Tensor, recurrent: Tensor) -> Tensor:
    """The states F[L c b h] after each position, whose inputs' part of input, forget and output gate and candidate are
    the `gates` F[L c b 4h] (Hochreiter and Schmidhuber, 1997; Gers et al., 2000)."""
    width = recurrent.shape[1]
    state = memory = gates.new_zeros(*gates.shape[1:3], width)
    states = []
    for given in gates.unbind():
        own = given + torch.bmm(state, recurrent)
        enter, forget, leave = own[..., : 3 * width].sigmoid().chunk(3, -1)
        memory = forget * memory + enter * own[..., 3 * width :].tanh()
        state = leave * memory.tanh()
        states.append(state)
    return torch.stack(states)
