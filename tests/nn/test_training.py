"""The training loop keeps to its schedule and its budget, logs what it sees, and leaves no trace in random state."""

import math
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from harness.core.checkpoints import Checkpoints
from harness.core.errors import Diverged
from harness.core.seeds import Streams
from harness.core.spec import Budget
from harness.nn.training import CURVE_POINTS, TrainingOptions, evaluating, seeded, shuffled_batches, train
from harness.run import Run

PLAIN = TrainingOptions(lr=0.1, warmup=0, decay="constant", weight_decay=0, clip=0)


def _run(total: int = 100, **options: Any) -> Run:
    return Run(settings={}, budget=Budget("examples", total), streams=Streams("words", 0), **options)


class Scalar(torch.nn.Module):
    """One weight, beginning at 0."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(()))


@pytest.mark.parametrize(
    ("step", "rate"),
    [
        (0, 0.5),
        (1, 1.0),
        (2, 1.0),
        (6, 0.5 * (1 + math.cos(math.pi * 4 / 18))),
        (11, 0.5),
        (19, 0.5 * (1 + math.cos(math.pi * 17 / 18))),
        (20, 0.0),
    ],
)
def test_the_rate_warms_up_linearly_and_decays_as_a_cosine(step: int, rate: float) -> None:
    assert TrainingOptions(warmup=0.1).rate(step, 20) == pytest.approx(rate, abs=1e-12)


def test_without_decay_the_rate_stays() -> None:
    options = TrainingOptions(warmup=0.2, decay="constant")
    assert [options.rate(step, 10) for step in range(10)] == [0.5] + [1.0] * 9


@pytest.mark.parametrize("steps", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize("warmup", [0.0, 0.1, 1.0])
def test_no_step_is_wasted_on_a_rate_of_zero(steps: int, warmup: float) -> None:
    rates = [TrainingOptions(warmup=warmup).rate(step, steps) for step in range(steps)]
    assert min(rates) > 0
    assert max(rates) == 1


def _rates(options: TrainingOptions, steps: int) -> list[float]:
    """How far each step moves a weight whose gradient is always 1: Adam moves it by the rate."""
    module = Scalar()
    places = [0.0]
    train(
        module,
        iter(int, 1),
        lambda batch: module.weight,
        _run(steps),
        cost=1,
        options=options,
        after_step=lambda step: places.append(module.weight.item()),
    )
    return [(before - after) / options.lr for before, after in pairwise(places)]


def test_training_follows_the_schedule_over_the_steps_of_the_budget() -> None:
    options = TrainingOptions(lr=1e-3, warmup=0.1, weight_decay=0, clip=0)
    assert _rates(options, 20) == pytest.approx([options.rate(step, 20) for step in range(20)], rel=1e-3)


def test_training_ends_with_the_budget() -> None:
    run, steps = _run(100), []
    module = Scalar()
    train(module, iter(int, 1), lambda batch: module.weight**2, run, cost=30, options=PLAIN, after_step=steps.append)
    assert steps == [1, 2, 3]
    assert run.spent == 90


def test_a_budget_below_one_batch_trains_nothing() -> None:
    run, module = _run(20), Scalar()
    train(module, iter(int, 1), lambda batch: module.weight + 1, run, cost=30, options=PLAIN)
    assert (run.spent, run.curve, module.weight.item()) == (0, [], 0.0)


def test_every_batch_reaches_the_loss_in_order() -> None:
    seen: list[int] = []
    module = Scalar()

    def loss(batch: int) -> Any:
        seen.append(batch)
        return module.weight * batch

    train(module, [5, 7, 9], loss, _run(100), cost=10, options=PLAIN)
    assert seen == [5, 7, 9]


def test_training_minimises() -> None:
    module = Scalar()
    train(module, iter(int, 1), lambda batch: (module.weight - 3) ** 2, _run(300), cost=1, options=PLAIN)
    assert module.weight.item() == pytest.approx(3, abs=0.05)


def _moved_by_sgd(monkeypatch: pytest.MonkeyPatch, options: TrainingOptions) -> float:
    """How far one step of plain gradient descent moves two weights with the gradient (30, 40)."""
    monkeypatch.setattr(torch.optim, "AdamW", lambda weights, lr, **rest: torch.optim.SGD(weights, lr=lr))
    module = torch.nn.Linear(2, 1, bias=False)
    before = module.weight.detach().clone()
    slope = torch.tensor([[30.0, 40.0]])
    train(module, [0], lambda batch: (module.weight * slope).sum(), _run(1), cost=1, options=options)
    return float((module.weight.detach() - before).norm())


def test_the_gradients_norm_is_clipped(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _moved_by_sgd(monkeypatch, TrainingOptions(lr=0.1, clip=2.0)) == pytest.approx(0.2, rel=1e-4)


def test_clipping_zero_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _moved_by_sgd(monkeypatch, TrainingOptions(lr=0.1, clip=0)) == pytest.approx(5.0, rel=1e-4)


def test_the_mean_loss_between_curve_points_is_logged() -> None:
    run, module = _run(40), Scalar()
    train(module, range(40), lambda batch: module.weight * 0 + batch, run, cost=1, options=PLAIN)
    assert len(run.curve) == CURVE_POINTS
    assert run.curve[0] == {"spent": 4.0, "loss": (0 + 1 + 2 + 3) / 4}
    assert run.curve[-1] == {"spent": 40.0, "loss": (36 + 37 + 38 + 39) / 4}


def test_the_steps_after_the_last_curve_point_are_logged_too() -> None:
    run, module = _run(25), Scalar()
    train(module, range(25), lambda batch: module.weight * 0 + batch, run, cost=1, options=PLAIN)
    assert run.curve[-2:] == [{"spent": 24.0, "loss": 22.5}, {"spent": 25.0, "loss": 24.0}]


@pytest.mark.parametrize("steps", [1, 9, 19, 20, 25, 199])
def test_the_curve_stays_short(steps: int) -> None:
    run, module = _run(steps), Scalar()
    train(module, range(steps), lambda batch: module.weight * 0 + batch, run, cost=1, options=PLAIN)
    assert min(steps, CURVE_POINTS) <= len(run.curve) < 2 * CURVE_POINTS


@pytest.mark.parametrize("bad", [0, 12, 24])
@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_loss_that_is_not_finite_ends_the_run_as_diverged_in_whichever_step(bad: int, value: float) -> None:
    module = Scalar()
    with pytest.raises(Diverged, match=r"^loss is (nan|inf) after \d+ examples$"):
        train(
            module,
            range(25),
            lambda batch: module.weight * 0 + (value if batch == bad else 1.0),
            _run(25),
            cost=1,
            options=PLAIN,
        )


def test_validation_is_measured_between_steps() -> None:
    run, module = _run(100, ticks=4), Scalar()
    places: list[float] = []

    def measure() -> dict[str, float]:
        places.append(module.weight.item())
        return {"valid_accuracy": 0.5}

    run.measure_validation = measure
    train(module, iter(int, 1), lambda batch: module.weight, run, cost=1, options=PLAIN)
    assert len(places) == 4
    assert places == sorted(set(places), reverse=True)


def test_training_happens_in_training_mode_and_ends_in_evaluation_mode() -> None:
    module = torch.nn.Sequential(torch.nn.Linear(1, 1), torch.nn.Dropout())
    module.eval()
    modes: list[bool] = []

    def loss(batch: int) -> Any:
        modes.append(all(part.training for part in module.modules()))
        return module(torch.ones(1, 1)).sum()

    train(module, range(3), loss, _run(3), cost=1, options=PLAIN)
    assert modes == [True] * 3
    assert not any(part.training for part in module.modules())


def test_what_is_built_seeded_is_equal_for_equal_seeds() -> None:
    def built(seed: int, stream: str) -> Any:
        run = Run(settings={}, budget=Budget("examples", 1), streams=Streams("words", seed))
        torch.rand(seed + 3)
        with seeded(run, stream):
            return torch.nn.Linear(3, 4).weight.detach()

    assert torch.equal(built(0, "init"), built(0, "init"))
    assert not torch.equal(built(0, "init"), built(1, "init"))
    assert not torch.equal(built(0, "init"), built(0, "head"))


def test_seeding_restores_the_global_generator() -> None:
    torch.manual_seed(5)
    expected = torch.rand(4)
    torch.manual_seed(5)
    with seeded(_run()):
        torch.rand(7)
    assert torch.equal(torch.rand(4), expected)


def test_evaluating_restores_every_modules_own_mode() -> None:
    module = torch.nn.Sequential(torch.nn.Dropout(), torch.nn.BatchNorm1d(2), torch.nn.Linear(2, 2))
    module.train()
    module[1].eval()
    before = [part.training for part in module.modules()]
    with evaluating(module):
        assert not any(part.training for part in module.modules())
        assert not module(torch.ones(3, 2)).requires_grad
    assert [part.training for part in module.modules()] == before
    assert module(torch.ones(3, 2)).requires_grad


def test_evaluating_restores_modes_when_the_block_raises() -> None:
    module = torch.nn.Dropout()
    with pytest.raises(RuntimeError, match="boom"), evaluating(module):
        raise RuntimeError("boom")
    assert module.training


def _epochs(items: int, batch: int, epochs: int, seed: int = 0) -> Iterator[list[Any]]:
    batches = shuffled_batches(items, batch, torch.Generator().manual_seed(seed))
    for _ in range(epochs):
        yield [next(batches) for _ in range(items // batch)]


@pytest.mark.parametrize(("items", "batch"), [(12, 4), (12, 1), (12, 12)])
def test_batches_cover_each_epoch_exactly(items: int, batch: int) -> None:
    for epoch in _epochs(items, batch, epochs=3):
        assert {tuple(part.shape) for part in epoch} == {(batch,)}
        assert sorted(torch.cat(epoch).tolist()) == list(range(items))


def test_the_last_partial_batch_is_dropped() -> None:
    for epoch in _epochs(11, 4, epochs=3):
        found = torch.cat(epoch).tolist()
        assert len(found) == len(set(found)) == 8


def test_epochs_have_new_orders_and_equal_seeds_equal_ones() -> None:
    first, second = (torch.cat(epoch).tolist() for epoch in _epochs(50, 10, epochs=2))
    assert first != second
    again, _ = (torch.cat(epoch).tolist() for epoch in _epochs(50, 10, epochs=2))
    other, _ = (torch.cat(epoch).tolist() for epoch in _epochs(50, 10, epochs=2, seed=1))
    assert again == first != other


def test_items_that_do_not_fill_a_batch_are_an_error() -> None:
    with pytest.raises(ValueError, match="3 items do not fill a batch of 4"):
        next(shuffled_batches(3, 4, torch.Generator()))


def test_training_ends_after_the_steps_that_are_asked_for_and_follows_the_schedule_over_them() -> None:
    options = TrainingOptions(lr=1e-3, warmup=0.2, weight_decay=0, clip=0)
    module, run = Scalar(), _run(100)
    places = [0.0]
    for _ in range(2):  # what is left of the budget can be trained on again
        train(
            module,
            iter(int, 1),
            lambda batch: module.weight,
            run,
            cost=2,
            options=options,
            steps=10,
            after_step=lambda step: places.append(module.weight.item()),
        )
    moved = [(before - after) / options.lr for before, after in pairwise(places)]
    assert moved == pytest.approx([options.rate(step, 10) for step in range(10)] * 2, rel=1e-3)
    assert run.spent == 40


def test_no_step_trains_nothing() -> None:
    module, run = Scalar(), _run(100)
    train(module, iter(int, 1), lambda batch: module.weight, run, cost=1, options=PLAIN, steps=0)
    assert (run.spent, run.curve, module.weight.item()) == (0, [], 0.0)


def test_gradient_descent_has_momentum() -> None:
    """With a gradient of 1 and momentum 0.5, steps are of 1, 1.5 and 1.75 rates."""
    module = Scalar()
    options = TrainingOptions(optimizer="sgd", momentum=0.5, lr=0.1, warmup=0, decay="constant", weight_decay=0, clip=0)
    train(module, range(3), lambda batch: module.weight, _run(3), cost=1, options=options)
    assert module.weight.item() == pytest.approx(-0.1 * (1 + 1.5 + 1.75))


class Interrupted(BaseException):
    """Stands for a kill."""


def _noisy_training(folder: Path, *, every_s: float, killed_after: int = 0) -> tuple[Run, dict[str, Tensor], int]:
    """A training of 23 steps, in two loops with one module, that draws from every kind of random stream: the run, the
    module's state and the number of steps that were taken."""
    run = Run(
        settings={},
        budget=Budget("examples", 8 * 23),
        streams=Streams("words", 0),
        ticks=4,
        checkpoints=Checkpoints(folder, "words/smoke/atlas/noisy/default-s0.json", "one", every_s),
    )
    run.measure_validation = lambda: {"valid_weight": float(module[0].weight.detach().norm())}
    torch.manual_seed(1)
    np.random.seed(1)
    module = nn.Sequential(nn.Linear(4, 8), nn.Dropout(0.5), nn.BatchNorm1d(8), nn.Linear(8, 1))
    average = AveragedModel(module)  # type: ignore[no-untyped-call]
    taken = []

    def loss(rows: Tensor) -> Tensor:
        taken.append(rows)
        if len(taken) == killed_after + 1 and killed_after:
            raise Interrupted
        scale = run.rng("scale").random() + np.random.random()
        noise: Tensor = module(torch.randn(len(rows), 4, generator=run.torch_rng("noise")) * scale + rows[:, None])
        return noise.square().mean()

    for steps in (10, None):
        order = shuffled_batches(30, 8, run.torch_rng("order"))
        options = TrainingOptions(lr=1e-2)
        train(
            module,
            order,
            loss,
            run,
            cost=8,
            options=options,
            steps=steps,
            after_step=lambda step: average.update_parameters(module),
            state={"average": average},
        )
    return run, average.state_dict(), len(taken)


@pytest.mark.parametrize("killed_after", [1, 4, 10, 11, 17, 22])
def test_a_training_that_went_on_from_a_checkpoint_is_the_same_bit_for_bit(tmp_path: Path, killed_after: int) -> None:
    whole, expected, _ = _noisy_training(tmp_path, every_s=math.inf)
    with pytest.raises(Interrupted):
        _noisy_training(tmp_path, every_s=0, killed_after=killed_after)
    resumed, weights, taken = _noisy_training(tmp_path, every_s=math.inf)
    assert taken == 23 - killed_after
    assert (whole.resumed, resumed.resumed) == (0, 1)
    assert (resumed.curve, resumed.spent) == (whole.curve, whole.spent)
    assert all(torch.equal(weights[name], value) for name, value in expected.items())


def test_without_a_state_nothing_is_written(tmp_path: Path) -> None:
    run = Run(
        settings={},
        budget=Budget("examples", 20),
        streams=Streams("words", 0),
        checkpoints=Checkpoints(tmp_path, "place", "one", 0.0),
    )
    module = Scalar()
    train(module, iter(int, 1), lambda batch: module.weight**2, run, cost=1, options=PLAIN)
    assert list(tmp_path.iterdir()) == []
