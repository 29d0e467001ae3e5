"""Training steps of RIMs with all modules at once beside the same step in a loop over modules, on one thread.

The loop is the step as it is usually written: in every step each module attends to the input, follows its dynamics, and
attends to the others by torch's fused attention.
"""

import time
from collections.abc import Callable

import numpy as np
import pytest
import torch
from pytest_benchmark.fixture import BenchmarkFixture
from torch import Tensor, nn

from baselines.ood_dynamics.lstm import Lstm
from methods.rims.core import RimCore, RimOptions

MODULES, ACTIVE, BATCH, STEPS, HEADS, ROUNDS = 6, 4, 64, 18, 4, 9


class Loop(nn.Module):
    """The paper's RIMs, one module after the other, with the weights of a core."""

    def __init__(self, core: RimCore) -> None:
        super().__init__()
        self.core = core

    def forward(self, x: Tensor) -> Tensor:
        core, talk, size = self.core, self.core.communication, self.core.options.size
        n, modules = len(x), range(MODULES)
        hidden, cells = [x.new_zeros(n, size) for _ in modules], [x.new_zeros(n, size) for _ in modules]
        outputs = []
        for t in range(x.shape[1]):
            keys, values = x[:, t] @ core.keys[0].T, x[:, t] @ core.values[0].T
            attention = []
            for k in modules:
                queries = hidden[k] @ core.queries[k].T
                score = (queries * keys).sum(-1, keepdim=True) * keys.shape[-1] ** -0.5
                attention.append(score.sigmoid())
            ranked = torch.cat(attention, dim=1).argsort(dim=1, descending=True, stable=True).argsort(dim=1)
            active = ranked < ACTIVE
            for k in modules:
                gates = (
                    (attention[k] * values) @ core.input_weights[k].T
                    + hidden[k] @ core.recurrent_weights[k].T
                    + core.bias[k].T
                )
                input_gate, forget_gate, output_gate, candidate = gates.chunk(4, dim=1)
                cell = forget_gate.sigmoid() * cells[k] + input_gate.sigmoid() * candidate.tanh()
                chosen = active[:, k : k + 1]
                hidden[k] = torch.where(chosen, output_gate.sigmoid() * cell.tanh(), hidden[k])
                cells[k] = torch.where(chosen, cell, cells[k])
            keys_values = [(hidden[k] @ talk.key_value[k].T).view(n, 2, HEADS, talk.width) for k in modules]
            heads_keys, heads_values = torch.stack(keys_values, dim=3).unbind(1)
            mixed = []
            for k in modules:
                queries = (hidden[k] @ talk.query[k].T).view(n, HEADS, 1, talk.width)
                read = nn.functional.scaled_dot_product_attention(queries, heads_keys, heads_values)
                mixed.append(talk.merge(read.flatten(1)))
            hidden = [torch.where(active[:, k : k + 1], hidden[k] + mixed[k], hidden[k]) for k in modules]
            outputs.append(torch.cat(hidden, dim=1))
        return torch.stack(outputs, dim=1)


def training_step(module: nn.Module, run: Callable[[Tensor], Tensor], inputs: int) -> Callable[[], None]:
    """Forward, backward and optimizer on one batch."""
    x = torch.randn(BATCH, STEPS, inputs)
    optimizer = torch.optim.AdamW(module.parameters(), fused=True)

    def step() -> None:
        optimizer.zero_grad(set_to_none=True)
        run(x).square().mean().backward()
        nn.utils.clip_grad_norm_(module.parameters(), 1.0)
        optimizer.step()

    return step


def cores(size: int) -> tuple[RimCore, Loop]:
    torch.manual_seed(0)
    core = RimCore(MODULES * size, RimOptions(MODULES, size, ACTIVE))
    return core, Loop(core)


@pytest.mark.benchmark(group="parity")
def test_the_loop_computes_the_same(benchmark: BenchmarkFixture) -> None:
    core, loop = cores(16)
    x = torch.randn(BATCH, STEPS, MODULES * 16)
    batched = benchmark.pedantic(lambda: core.scan(x, core.initial(BATCH))[0], rounds=1)
    torch.testing.assert_close(batched, loop(x), atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("size", [10, 16])
def test_rims_train_three_times_as_fast_as_a_loop_over_modules(size: int, benchmark: BenchmarkFixture) -> None:
    benchmark.group = f"training step, {STEPS} time steps, {MODULES} modules of {size}"
    core, loop = cores(size)
    step = training_step(core, lambda x: core.scan(x, core.initial(BATCH))[0], MODULES * size)
    peer = training_step(loop, loop, MODULES * size)
    peer()
    # By turns, so that both meet the same neighbours on the machine.
    ratios = []
    for _ in range(ROUNDS):
        seconds = []
        for one in (peer, step):
            start = time.perf_counter()
            one()
            seconds.append(time.perf_counter() - start)
        ratios.append(seconds[0] / seconds[1])
    benchmark.pedantic(step, rounds=ROUNDS, warmup_rounds=1)
    benchmark.extra_info |= {"steps/s": 1 / benchmark.stats.stats.median, "ratio": float(np.median(ratios))}
    assert benchmark.extra_info["ratio"] >= 3


def test_lstm_of_equal_weights(benchmark: BenchmarkFixture) -> None:
    benchmark.group = f"training step, {STEPS} time steps, {MODULES} modules of 16"
    core = Lstm().build(96, sum(weight.numel() for weight in cores(16)[0].parameters()), 96)
    benchmark.pedantic(
        training_step(core, lambda x: core.scan(x, core.initial(BATCH))[0], 96), rounds=ROUNDS, warmup_rounds=1
    )
