"""The case `approximation`: errors of exact, useless and biased features are what they must be."""

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


class Featured(Attention):
    """Features whose products are exp(q.k / sqrt(d)) itself: the rows of the matrix, and the identity."""

    name = "featured"

    def build(self, width: int, heads: int, max_length: int, causal: bool) -> nn.Module:
        return nn.Identity()

    def features(self, queries: Tensor, keys: Tensor, m: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        return (queries @ keys.T / queries.shape[-1] ** 0.5).exp(), torch.eye(len(keys))


class Zeroth(Featured):
    """The Taylor series of the exponential function, cut after its first term: every key weighs the same."""

    name = "zeroth"

    def features(self, queries: Tensor, keys: Tensor, m: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        return torch.ones(len(queries), 1), torch.ones(len(keys), 1)


class Negative(Featured):
    """One query in four has a negative divisor."""

    name = "negative"

    def features(self, queries: Tensor, keys: Tensor, m: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        exact, identity = super().features(queries, keys, m, generator)
        exact[: len(exact) // 4] *= -1
        return exact, identity


def measured(entrant: Featured) -> list[Score]:
    settings = {**CARD.resolve("smoke", "approximation").settings, "length": 64}
    run = Run(settings=settings, budget=Budget("examples", 0), streams=Streams("long_range", 0))
    task = LongRange(CARD)
    return list(task.measure(entrant, task.problem("approximation", run).test, run.for_measuring()))


def by_point(scores: list[Score], metric: str) -> dict[tuple[object, object], float]:
    return {(score.at["m"], score.at["scale"]): score.value for score in scores if score.metric == metric}


def test_every_point_is_measured() -> None:
    points = {(m, scale) for m in (16, 64) for scale in (0.5, 1.0)}
    for metric in ("matrix_error", "output_error", "negative_divisors"):
        assert set(by_point(measured(Featured()), metric)) == points


def test_exact_features_have_no_error() -> None:
    assert all(score.value == pytest.approx(0, abs=1e-10) for score in measured(Featured()))


def test_error_of_equal_weights_grows_with_the_scale() -> None:
    errors = by_point(measured(Zeroth()), "matrix_error")
    assert 0 < errors[16, 0.5] < errors[16, 1.0] < 1


def test_negative_divisors_are_counted_and_cancel_where_the_whole_row_is_negative() -> None:
    scores = measured(Negative())
    assert set(by_point(scores, "negative_divisors").values()) == {0.25}
    assert max(by_point(scores, "matrix_error").values()) == pytest.approx(0, abs=1e-10)
