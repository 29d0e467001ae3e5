"""A recurrent network that predicts the next character."""

from typing import Literal, TypeAlias

import torch
from torch import Tensor

from harness.tasks.federated.models.gru import gru_states
from harness.tasks.federated.models.network import Network, Part, dense_parts

Cell: TypeAlias = Literal["gru", "lstm"]

GATES = {"gru": 3, "lstm": 4}


class Recurrent(Network):
    """An embedding of characters I64[c b L], `layers` layers of GRU or LSTM units, and a read-out at every position.

    With an embedding of 8 and two layers of 256 LSTM units this is the paper's network for Shakespeare.
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
            # In a GRU the reset gate stands between two biases; elsewhere two biases would only add up to one.
            parts += [Part(f"layer{layer}.candidate_bias", (1, width), width)] if cell == "gru" else []
        super().__init__([*parts, *dense_parts("read", width, vocabulary)], vocabulary)

    def logits(self, weights: Tensor, inputs: Tensor) -> Tensor:
        embedding, *layers, read, bias = self.unpack(weights)
        _, sequences, length = inputs.shape
        # The recurrence goes along the first axis.
        characters = inputs.permute(2, 0, 1)
        x = embedding.gather(1, _flatten_positions(characters)[..., None].expand(-1, -1, embedding.shape[-1]))
        parts = 4 if self.cell == "gru" else 3
        for incoming, recurrent, shift, *candidate in zip(*[iter(layers)] * parts, strict=True):
            gates = torch.unflatten(torch.baddbmm(shift, x, incoming), 1, (length, sequences)).transpose(0, 1)
            states = gru_states(gates, recurrent, candidate[0]) if candidate else _lstm_states(gates, recurrent)
            x = _flatten_positions(states)
        return torch.unflatten(torch.baddbmm(bias, x, read), 1, (length, sequences)).transpose(1, 2)


def _flatten_positions(x: Tensor) -> Tensor:
    """x [L c b ...] as [c L*b ...]."""
    return x.transpose(0, 1).flatten(1, 2)


def _lstm_states(gates: Tensor, recurrent: Tensor) -> Tensor:
    """F[L c b h]: the states of an LSTM after each position, starting from zero (Hochreiter and Schmidhuber, 1997; Gers
    et al., 2000).

    `gates` F[L c b 4h] are what the inputs contribute to input gate, forget gate, output gate and candidate, in this
    order.
    """
    width = recurrent.shape[1]
    state = cell = gates.new_zeros(*gates.shape[1:3], width)
    states = []
    for from_input in gates.unbind():
        total = from_input + torch.bmm(state, recurrent)
        input_gate, forget_gate, output_gate = total[..., : 3 * width].sigmoid().chunk(3, -1)
        cell = forget_gate * cell + input_gate * total[..., 3 * width :].tanh()
        state = output_gate * cell.tanh()
        states.append(state)
    return torch.stack(states)
