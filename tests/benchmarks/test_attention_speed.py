"""Every attention beside exact softmax attention: a forward and a backward pass over one sequence, on one thread.

Times depend on the allocator above 32 MB: run with MALLOC_MMAP_THRESHOLD_ and MALLOC_TRIM_THRESHOLD_ raised (2^33), as
the harness runs its own workers.
"""

import pytest
import torch
from pytest_benchmark.fixture import BenchmarkFixture

from baselines.long_range.bigbird import BigBird
from baselines.long_range.linformer import Linformer
from baselines.long_range.reformer import Reformer
from baselines.long_range.rfa import Rfa, RfaGated
from baselines.long_range.softmax import Softmax
from harness.tasks.long_range import Attention
from methods.performer.performer import Performer, PerformerRelu

HEADS, DIMENSION = 4, 64
ENTRANTS = {
    "softmax": Softmax(),
    "performer": Performer(),
    "performer hyperbolic": Performer(kernel="hyperbolic"),
    "performer trigonometric": Performer(kernel="trigonometric"),
    "performer_relu": PerformerRelu(),
    "linformer": Linformer(),
    "reformer": Reformer(),
    "bigbird": BigBird(),
    "rfa": Rfa(),
    "rfa_gated": RfaGated(),
}


@pytest.mark.parametrize("causal", [False, True], ids=["bidirectional", "causal"])
@pytest.mark.parametrize("length", [256, 1024, 4096])
@pytest.mark.parametrize("entrant", ENTRANTS.values(), ids=ENTRANTS.keys())
def test_attention_speed(entrant: Attention, length: int, causal: bool, benchmark: BenchmarkFixture) -> None:
    if causal and isinstance(entrant, Linformer | BigBird):
        pytest.skip("it has no causal form")
    benchmark.group = f"forward and backward pass, {length} positions, {'causal' if causal else 'bidirectional'}"
    torch.manual_seed(0)
    module = entrant.build(HEADS * DIMENSION, HEADS, length, causal)
    q, k, v = (torch.randn(1, HEADS, length, DIMENSION, requires_grad=True) for _ in range(3))
    keep, gradient = torch.ones(1, length, dtype=torch.bool), torch.ones_like(v)
    leaves = (q, k, v, *module.parameters())
    found = benchmark.pedantic(
        lambda: torch.autograd.grad(module(q, k, v, keep), leaves, gradient), rounds=5, warmup_rounds=1
    )
    assert all(part.isfinite().all() for part in found)
