"""RIMs step by step, module by module and sample by sample, as the paper's equations are written."""

import math

import pytest
import torch
from torch import Tensor

from methods.rims.core import RimCore, RimOptions

INPUTS, MODULES, SIZE, ACTIVE = 6, 4, 5, 2


def by_hand(core: RimCore, x: Tensor) -> Tensor:
    """F64[T modules*size]: the states of one sequence x F64[T i], from loops over modules and heads."""
    options, talk = core.options, core.communication
    hidden = [x.new_zeros(SIZE) for _ in range(MODULES)]
    cells = [x.new_zeros(SIZE) for _ in range(MODULES)]
    outputs = []
    for seen in x:
        rows = torch.stack([torch.zeros_like(seen), seen])
        reads, nulls = [], []
        for k in range(MODULES):
            weights = []
            read = 0
            queries = (core.queries[k] @ hidden[k]).chunk(options.input_heads)
            for head in range(options.input_heads):
                keys = rows @ core.keys[head].T
                weight = (keys @ queries[head] / math.sqrt(keys.shape[1])).softmax(0)
                read = read + weight @ (rows @ core.values[head].T) / options.input_heads
                weights.append(weight)
            reads.append(read)
            nulls.append(torch.stack(weights).mean(0)[0])
        chosen = sorted(range(MODULES), key=lambda k: (float(nulls[k]), k))[:ACTIVE]
        fresh = list(hidden)
        for k in chosen:
            gates = core.input_weights[k] @ reads[k] + core.recurrent_weights[k] @ hidden[k] + core.bias[k, :, 0]
            input_gate, forget_gate, output_gate, candidate = gates.chunk(4)
            cells[k] = forget_gate.sigmoid() * cells[k] + input_gate.sigmoid() * candidate.tanh()
            fresh[k] = output_gate.sigmoid() * cells[k].tanh()
        hidden = list(fresh)
        for k in chosen:
            mixed = []
            queries = (talk.query[k] @ fresh[k]).chunk(talk.heads)
            keys_values = [(talk.key_value[j] @ fresh[j]).chunk(2 * talk.heads) for j in range(MODULES)]
            for head in range(talk.heads):
                keys = torch.stack([parts[head] for parts in keys_values])
                values = torch.stack([parts[talk.heads + head] for parts in keys_values])
                mixed.append((keys @ queries[head] / math.sqrt(talk.width)).softmax(0) @ values)
            hidden[k] = fresh[k] + talk.merge.weight @ torch.cat(mixed)
        outputs.append(torch.cat(hidden))
    return torch.stack(outputs)


@pytest.mark.parametrize("heads", [1, 4])
def test_the_batched_core_follows_the_equations(heads: int) -> None:
    torch.manual_seed(0)
    core = RimCore(INPUTS, RimOptions(MODULES, SIZE, ACTIVE, input_heads=heads)).double()
    with torch.no_grad():
        for weight in core.parameters():
            weight.copy_(0.7 * torch.randn_like(weight))
        x = torch.randn(3, 8, INPUTS, dtype=torch.float64)
        outputs, _ = core.scan(x, core.initial(3))
        expected = torch.stack([by_hand(core, one) for one in x])
    torch.testing.assert_close(outputs, expected)
