"""What an entrant is given: a budget that ends, streams, a curve, artefacts, and clocks that charge training alone."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from harness.core.artefacts import Cache, Recipe
from harness.core.clocks import Clocks
from harness.core.errors import Diverged
from harness.core.seeds import Streams
from harness.core.spec import Budget
from harness.run import Run


def _run(total: int = 100, **options: Any) -> Run:
    return Run(settings={"width": 8}, budget=Budget("tokens", total), streams=Streams("words", 0), **options)


def test_drawing_ends_with_the_budget() -> None:
    run = _run(total=100)
    assert list(run.draw(iter(int, 1), cost=10)) == [0] * 10
    assert run.spent == 100
    assert list(run.draw([1], cost=1)) == []


@pytest.mark.parametrize("cost", [7, 30, 99, 100])
def test_the_budget_is_never_overdrawn(cost: int) -> None:
    run = _run(total=100)
    assert len(list(run.draw(range(1000), cost))) == 100 // cost
    assert run.spent == 100 // cost * cost


def test_an_item_that_does_not_fit_is_not_handed_out() -> None:
    run = _run(total=10)
    assert list(run.draw(["four", "three", "eleven byte"], cost=len)) == ["four", "three"]
    assert run.spent == 9


def test_drawing_ends_with_the_items() -> None:
    run = _run(total=100)
    assert list(run.draw([1, 2, 3], cost=10)) == [1, 2, 3]
    assert run.spent == 30


def test_all_draws_share_one_budget() -> None:
    run = _run(total=100)
    first = run.draw(range(1000), cost=20)
    assert [next(first), next(first)] == [0, 1]
    assert len(list(run.draw(range(1000), cost=25))) == 2
    assert list(first) == []
    assert run.spent == 90


def test_an_item_is_charged_when_it_is_handed_out() -> None:
    run = _run(total=100)
    spent = [run.spent for _ in run.draw(range(3), cost=10)]
    assert spent == [10, 20, 30]


def test_no_budget_hands_out_nothing() -> None:
    assert list(_run(total=0).draw([1, 2], cost=1)) == []


def test_a_cost_cannot_refill_the_budget() -> None:
    with pytest.raises(ValueError, match="cannot cost -5 tokens"):
        list(_run().draw([1], cost=-5))


def test_settings_are_read_only() -> None:
    given = {"width": 8}
    run = Run(settings=given, budget=Budget("tokens", 1), streams=Streams("words", 0))
    with pytest.raises(TypeError, match="item assignment"):
        run.settings["width"] = 9  # type: ignore[index]
    given["width"] = 9
    assert run.settings["width"] == 8


def test_a_curve_point_stands_where_the_budget_is() -> None:
    run = _run()
    for step, _ in enumerate(run.draw(range(2), cost=10)):
        run.log(loss=2.0 - step, rate=np.float32(0.5))
    assert run.curve == [{"spent": 10.0, "loss": 2.0, "rate": 0.5}, {"spent": 20.0, "loss": 1.0, "rate": 0.5}]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), np.float32("nan")])
def test_a_value_that_is_not_finite_ends_the_run_as_diverged(value: float) -> None:
    run = _run()
    next(run.draw([1], cost=10))
    with pytest.raises(Diverged, match=r"^loss is -?(nan|inf) after 10 tokens$"):
        run.log(rate=1.0, loss=value)
    assert run.curve == []


class Time:
    """A clock on the wall that moves only when told."""

    now = 0.0

    def perf_counter(self) -> float:
        return self.now


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    fake = Time()
    monkeypatch.setattr("harness.core.clocks.time", fake)
    return fake


def _validated(run: Run, cost: int) -> list[float]:
    """What was spent whenever the validation split was measured, in a loop that validates after every item and at the
    end."""
    measured: list[float] = []

    def measure() -> dict[str, float]:
        measured.append(run.spent)
        return {"valid_accuracy": 0.5}

    run.measure_validation = measure
    for _ in run.draw(range(10_000), cost):
        run.validate_if_due()
        run.validate_if_due()
    run.validate_if_due()
    return measured


@pytest.mark.parametrize(
    ("ticks", "cost", "expected"),
    [
        (0, 10, []),
        (1, 10, [100]),
        (4, 5, [25, 50, 75, 100]),
        (4, 10, [30, 50, 80, 100]),
        (4, 40, [40, 80]),
        (1, 40, [80]),
        (3, 30, [60, 90]),
        (20, 50, [50, 100]),
        (3, 1, [34, 67, 100]),
    ],
)
def test_validation_is_measured_at_the_fractions_of_the_budget_only(ticks: int, cost: int, expected: list[int]) -> None:
    run = _run(total=100, ticks=ticks)
    assert _validated(run, cost) == expected
    assert [point["spent"] for point in run.curve] == expected


def test_without_anything_to_measure_no_validation_is_logged() -> None:
    run = _run(ticks=4)
    for _ in run.draw(range(10), cost=10):
        run.validate_if_due()
    assert run.curve == []


def test_the_charged_clock_stands_still_while_validation_is_measured(time: Time) -> None:
    clocks = Clocks()
    run = _run(total=100, ticks=2, clocks=clocks)

    def measure() -> dict[str, float]:
        time.now += 1000
        return {"valid_accuracy": 0.5}

    run.measure_validation = measure
    with clocks.on("train"):
        for _ in run.draw(range(100), cost=10):
            time.now += 1
            run.validate_if_due()
    assert clocks.seconds["train"] == 10
    assert clocks.seconds["eval"] == 2000


def test_validating_leaves_the_streams_of_training_alone() -> None:
    drawn = []
    for ticks in (0, 5):
        run = _run(total=100, ticks=ticks)
        run.measure_validation = lambda run=run: {"valid": float(run.for_measuring().rng("order").random())}
        values = []
        for _ in run.draw(range(100), cost=10):
            values.append(run.rng("order").random())
            run.validate_if_due()
        drawn.append(values)
    assert drawn[0] == drawn[1]


def test_measuring_starts_its_streams_anew_each_time() -> None:
    run = _run()
    run.rng("sample").random(7)
    first, second = (run.for_measuring().rng("sample").random(5) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(first, Streams("words", 0).rng("sample").random(5))


def test_measuring_has_no_budget() -> None:
    run = _run()
    measuring = run.for_measuring()
    assert list(measuring.draw([1], cost=1)) == []
    assert (measuring.settings, measuring.device, run.spent) == (run.settings, run.device, 0)


def test_streams_continue_within_a_run() -> None:
    run, whole = _run(), Streams("words", 0)
    np.testing.assert_array_equal([run.rng("a").random() for _ in range(2)], whole.rng("a").random(2))
    parts = torch.cat([torch.rand(4, generator=run.torch_rng("a")) for _ in range(2)])
    assert torch.equal(parts, torch.rand(8, generator=whole.torch_rng("a")))
    assert run.seed("a") == whole.seed("a")


@dataclass(frozen=True)
class Squares(Recipe):
    """The first squares."""

    n: int

    def build(self) -> dict[str, np.ndarray]:
        return {"squares": np.arange(self.n) ** 2}


@pytest.fixture
def cached(tmp_path: Path) -> Run:
    return _run(cache=Cache(tmp_path))


def test_artefacts_are_noted_with_their_digest_and_their_time(cached: Run, tmp_path: Path) -> None:
    for n in (3, 3, 4):
        np.testing.assert_array_equal(cached.artefact(Squares(n))["squares"], np.arange(n) ** 2)
    built = [Cache(tmp_path).get(Squares(n)) for n in (3, 4)]
    assert list(cached.artefacts.values()) == [artefact.digest for artefact in built]
    assert cached.shared_s == pytest.approx(sum(artefact.seconds for artefact in built))


def test_an_artefact_costs_every_entrant_the_same_whoever_built_it(cached: Run, tmp_path: Path) -> None:
    cached.artefact(Squares(3))
    other = _run(cache=Cache(tmp_path))
    other.artefact(Squares(3))
    assert other.shared_s == cached.shared_s > 0


def test_building_an_artefact_is_not_charged(tmp_path: Path, time: Time, monkeypatch: pytest.MonkeyPatch) -> None:
    def build(recipe: Squares) -> dict[str, np.ndarray]:
        time.now += 500
        return {"squares": np.arange(recipe.n) ** 2}

    monkeypatch.setattr(Squares, "build", build)
    clocks = Clocks()
    run = _run(cache=Cache(tmp_path), clocks=clocks)
    with clocks.on("train"):
        time.now += 1
        run.artefact(Squares(5))
        time.now += 2
    assert clocks.seconds == {"setup": 0, "shared": 500, "train": 3, "eval": 0, "checkpoint": 0}


def test_what_is_kept_or_built_while_measuring_belongs_to_the_run(cached: Run) -> None:
    measuring = cached.for_measuring()
    measuring.keep("grid.png", b"png")
    measuring.artefact(Squares(3))
    assert cached.kept == {"grid.png": b"png"}
    assert len(cached.artefacts) == 1
    assert cached.shared_s > 0


@pytest.mark.parametrize(
    "name", ["../grid.png", "a/b.png", "/tmp/grid.png", "grid", "", ".png", ".hidden.png", "a b.png"]
)
def test_a_file_is_kept_under_a_plain_name_with_a_suffix(name: str) -> None:
    with pytest.raises(ValueError, match=r"give it a plain name .* with a suffix, as in 'samples\.png'"):
        _run().keep(name, b"")
