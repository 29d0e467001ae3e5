"""FAVOR+ beside its public peer and beside exact attention: a forward and a backward pass on one thread.

Times depend on the allocator above 32 MB: run with MALLOC_MMAP_THRESHOLD_ and MALLOC_TRIM_THRESHOLD_ raised (2^33), as
the harness runs its own workers. The peer adds 1e-4 to its features, which costs the same.
"""

from collections.abc import Callable

import pytest
import torch
from pytest_benchmark.fixture import BenchmarkFixture
from torch import Tensor, nn

from baselines.long_range.softmax import Softmax
from methods.performer.performer import Performer

HEADS, DIMENSION, FEATURES = 4, 64, 256
Attend = Callable[[Tensor, Tensor, Tensor], Tensor]


def ours(length: int) -> Attend:
    module = Performer(m=FEATURES).build(HEADS * DIMENSION, HEADS, length, causal=False)
    return lambda q, k, v: module(q, k, v, torch.ones(1, length, dtype=torch.bool))


def peer(length: int) -> Attend:
    attention: nn.Module = pytest.importorskip("performer_pytorch").FastAttention(DIMENSION, FEATURES)
    return attention


def exact(length: int) -> Attend:
    module = Softmax().build(HEADS * DIMENSION, HEADS, length, causal=False)
    return lambda q, k, v: module(q, k, v, torch.ones(1, length, dtype=torch.bool))


@pytest.mark.parametrize("length", [1024, 4096, 8192])
@pytest.mark.parametrize("make", [ours, peer, exact], ids=lambda make: make.__name__)
def test_favor_speed(make: Callable[[int], Attend], length: int, benchmark: BenchmarkFixture) -> None:
    benchmark.group = f"forward and backward pass, {length} positions"
    torch.manual_seed(0)
    q, k, v = (torch.randn(1, HEADS, length, DIMENSION, requires_grad=True) for _ in range(3))
    attend = make(length)
    gradient = torch.ones_like(v)
    found = benchmark.pedantic(
        lambda: torch.autograd.grad(attend(q, k, v), (q, k, v), gradient), rounds=5, warmup_rounds=1
    )
    assert all(part.isfinite().all() for part in found)
