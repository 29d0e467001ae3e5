"""The case `scaling`: every length is measured apart; memory counts what a pass takes."""

import os
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from harness.core.card import read_card
from harness.core.seeds import Streams
from harness.core.spec import Budget
from harness.core.task import Score
from harness.run import Run
from harness.tasks.long_range import Attention, data
from harness.tasks.long_range.task import LongRange

CARD = read_card(Path(data.__file__).with_name("task.toml"))


class _Materialised(nn.Module):
    def forward(self, q: Tensor, k: Tensor, v: Tensor, keep: Tensor) -> Tensor:
        return (q @ k.mT).softmax(-1) @ v


class Quadratic(Attention):
    """Attention that holds its matrix."""

    name = "quadratic"

    def build(self, width: int, heads: int, max_length: int, causal: bool) -> nn.Module:
        return _Materialised()


class _Averaged(nn.Module):
    def forward(self, q: Tensor, k: Tensor, v: Tensor, keep: Tensor) -> Tensor:
        return v.mean(-2, keepdim=True).expand_as(v)


class Average(Attention):
    """Attention that asks neither queries nor keys."""

    name = "average"

    def build(self, width: int, heads: int, max_length: int, causal: bool) -> nn.Module:
        return _Averaged()


def measured(entrant: Attention, **settings: object) -> list[Score]:
    run = Run(
        settings={**CARD.resolve("smoke", "scaling").settings, **settings},
        budget=Budget("examples", 0),
        streams=Streams("long_range", 0),
    )
    task = LongRange(CARD)
    return list(task.measure(entrant, task.problem("scaling", run).test, run.for_measuring()))


def test_every_length_has_time_and_memory() -> None:
    scores = measured(Quadratic(), lengths=[32, 64])
    assert [(score.metric, score.at) for score in scores] == [
        (metric, {"L": length}) for length in (32, 64) for metric in ("step_ms", "peak_mb")
    ]
    assert all(score.value > 0 for score in scores if score.metric == "step_ms")


def test_an_attention_may_leave_its_inputs_out() -> None:
    scores = measured(Average(), lengths=[32])
    assert [score.metric for score in scores] == ["step_ms", "peak_mb"]


def test_memory_is_that_of_the_length_alone() -> None:
    heads, megabyte = 2, 2**20
    peaks = [score.value for score in measured(Quadratic(), lengths=[2048, 256, 1024]) if score.metric == "peak_mb"]
    matrices = [heads * length**2 * 4 / megabyte for length in (2048, 256, 1024)]
    for peak, matrix in zip(peaks, matrices, strict=True):
        assert 2 * matrix <= peak + 1 < 8 * matrix + 10


def test_measuring_happens_in_a_process_of_its_own() -> None:
    seen = []

    class Telltale(Quadratic):
        name = "telltale"

        def build(self, width: int, heads: int, max_length: int, causal: bool) -> nn.Module:
            seen.append(os.getpid())
            return _Materialised()

    measured(Telltale())
    assert seen == []


def test_an_error_there_is_an_error_here() -> None:
    class Faulty(Quadratic):
        name = "faulty"

        def build(self, width: int, heads: int, max_length: int, causal: bool) -> nn.Module:
            raise LookupError("no such attention")

    with pytest.raises(LookupError, match="no such attention"):
        measured(Faulty())


def test_a_killed_process_is_out_of_memory() -> None:
    class Killed(Quadratic):
        name = "killed"

        def build(self, width: int, heads: int, max_length: int, causal: bool) -> nn.Module:
            os.kill(os.getpid(), 9)
            return _Materialised()

    with pytest.raises(MemoryError, match="status -9"):
        measured(Killed())


def test_a_pass_reaches_the_attention_s_own_weights() -> None:
    class _Weighted(_Materialised):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.ones(()))

        def forward(self, q: Tensor, k: Tensor, v: Tensor, keep: Tensor) -> Tensor:
            self.weight.register_hook(lambda gradient: os._exit(7))
            return self.weight * super().forward(q, k, v, keep)

    class Weighted(Quadratic):
        name = "weighted"

        def build(self, width: int, heads: int, max_length: int, causal: bool) -> nn.Module:
            return _Weighted()

    with pytest.raises(MemoryError, match="status 7"):
        measured(Weighted())
