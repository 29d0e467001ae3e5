"""A recurrent network that says which character comes next."""

from typing import Literal, TypeAlias

import torch
from torch import Tensor

from harness.tasks.federated.network import Network, Part, dense

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
        clients, sequences, length = inputs.shape
        places = inputs.flatten(1)[..., None].expand(-1, -1, embedding.shape[-1])
        x = embedding.gather(1, places)
        parts = 4 if self.cell == "gru" else 3
        for incoming, recurrent, shift, *candidate in zip(*[iter(layers)] * parts, strict=True):
            gates = torch.baddbmm(shift, x, incoming).unflatten(1, (sequences, length))
            steps = gates.unbind(2)
            states = _gru(steps, recurrent, candidate[0]) if candidate else _lstm(steps, recurrent)
            x = torch.stack(states, dim=2).flatten(1, 2)
        return torch.baddbmm(bias, x, read).unflatten(1, (sequences, length))


def _gru(gates: tuple[Tensor, ...], recurrent: Tensor, candidate_bias: Tensor) -> list[Tensor]:
    """The states F[c b width] after each position, whose inputs give the `gates` F[c b 3 width]: reset, update,
    candidate (Cho et al., 2014; the reset gate applied after the product, as in cuDNN)."""
    width = recurrent.shape[1]
    state = gates[0].new_zeros(*gates[0].shape[:2], width)
    states = []
    for given in gates:
        own = state @ recurrent
        reset, update = (given[..., : 2 * width] + own[..., : 2 * width]).sigmoid().chunk(2, -1)
        candidate = (given[..., 2 * width :] + reset * (own[..., 2 * width :] + candidate_bias)).tanh()
        state = torch.lerp(candidate, state, update)
        states.append(state)
    return states


def _lstm(gates: tuple[Tensor, ...], recurrent: Tensor) -> list[Tensor]:
    """The states F[c b width] after each position, whose inputs give the `gates` F[c b 4 width]: input, forget, output,
    candidate (Hochreiter and Schmidhuber, 1997; Gers et al., 2000)."""
    width = recurrent.shape[1]
    state = memory = gates[0].new_zeros(*gates[0].shape[:2], width)
    states = []
    for given in gates:
        all_gates = given + state @ recurrent
        enter, forget, leave = all_gates[..., : 3 * width].sigmoid().chunk(3, -1)
        memory = forget * memory + enter * all_gates[..., 3 * width :].tanh()
        state = leave * memory.tanh()
        states.append(state)
    return states
