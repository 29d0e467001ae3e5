"""The component: everything but the core is the same for everyone; and the protocol around it."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from harness.core.artefacts import Cache
from harness.core.card import read_card
from harness.core.errors import BadOutput
from harness.core.seeds import Streams
from harness.core.spec import Budget
from harness.run import Run
from harness.tasks.ood_dynamics import Core, Films, RecurrentCore, SequencePredictor, Sequences, data, widest
from harness.tasks.ood_dynamics.task import OodDynamics

CARD = read_card(Path(data.__file__).with_name("task.toml"))
TASK = OodDynamics(CARD)
CASES = ["copying", "digits", "balls"]


class SumCore(Core[Tensor]):
    """Adds up what it sees."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.width = inputs
        self.scale = nn.Parameter(torch.ones(inputs))

    def initial(self, n: int) -> Tensor:
        return self.scale.new_zeros(n, self.width)

    def step(self, x: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        state = state + self.scale * x
        return state, state

    def active(self, state: Tensor) -> Tensor:
        return state[:, :3] > 0


class Sums(RecurrentCore):
    name = "sums"

    def build(self, inputs: int, weights: int, width: int) -> Core[Tensor]:
        return SumCore(inputs)


class Watched(Sums):
    """Says which modules are active."""

    name = "watched"

    def activity(self, items: np.ndarray) -> np.ndarray:
        return self.trace(items)


def a_run(case: str, seed: int = 0, cache: Path | None = None, examples: int | None = None, **settings: Any) -> Run:
    resolved = CARD.resolve("smoke", case)
    return Run(
        settings={**resolved.settings, **settings},
        budget=resolved.budget if examples is None else Budget("examples", examples),
        streams=Streams("ood_dynamics", seed),
        cache=Cache(cache),
    )


@pytest.fixture(params=CASES)
def fitted(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Watched, Any, Run]:
    run = a_run(request.param, cache=tmp_path)
    problem = TASK.problem(request.param, run)
    entrant = Watched()
    entrant.fit(problem.train, run)
    return entrant, problem, run


def test_every_metric_of_the_card_is_measured_somewhere_and_no_other(tmp_path: Path) -> None:
    seen = set()
    for case in CASES:
        run = a_run(case, cache=tmp_path)
        problem = TASK.problem(case, run)
        entrant = Watched()
        entrant.fit(problem.train, run)
        seen |= {score.metric for score in TASK.measure(entrant, problem.test, run)}
    assert seen == set(CARD.metrics)


def test_a_drop_is_the_difference_from_the_first_point(fitted: tuple[Watched, Any, Run]) -> None:
    entrant, problem, run = fitted
    first = dict(problem.test.points[0].at)
    scores = {(score.metric, tuple(score.at.items())): score for score in TASK.measure(entrant, problem.test, run)}
    drops = [key for key in scores if key[0].startswith(("added_", "lost_"))]
    assert drops
    for metric, at in drops:
        of = {"lost_f1": "rollout_f1"}.get(metric, metric.removeprefix("added_").removeprefix("lost_"))
        change = scores[of, at].value - scores[of, tuple(first.items())].value
        sign = 1 if metric.startswith("added_") else -1
        assert scores[metric, at].value == pytest.approx(sign * change)
        assert dict(at) != first
        if scores[metric, at].items is not None:
            assert scores[metric, at].items.mean() == pytest.approx(scores[metric, at].value)


def test_validation_has_one_value_a_metric_and_keeps_nothing(fitted: tuple[Watched, Any, Run]) -> None:
    entrant, problem, run = fitted
    scores = list(TASK.measure(entrant, problem.valid, run))
    assert all(not score.at for score in scores)
    assert len({score.metric for score in scores}) == len(scores)
    assert not run.kept


def test_an_evaluation_leaves_no_trace(fitted: tuple[Watched, Any, Run]) -> None:
    entrant, problem, run = fitted
    first, second = (
        [(s.metric, dict(s.at), s.value) for s in TASK.measure(entrant, problem.test, run)] for _ in range(2)
    )
    assert first == second


def test_sequences_do_not_depend_on_earlier_ones(fitted: tuple[Watched, Any, Run]) -> None:
    entrant, problem, _ = fitted
    picks = np.arange(8)
    before = TASK.answers(entrant, problem.test, picks)
    TASK.answers(entrant, problem.test, picks + 20)
    assert np.array_equal(TASK.answers(entrant, problem.test, picks), before)


def test_activity_is_that_of_the_core(fitted: tuple[Watched, Any, Run]) -> None:
    entrant, problem, run = fitted
    items = problem.test.points[0].items
    given = items.shown if isinstance(items, Films) else items.symbols.astype(np.int64)
    shares = entrant.activity(given).mean(axis=0)
    found = {
        (s.at["t"], s.at["module"]): s.value for s in TASK.measure(entrant, problem.test, run) if s.metric == "active"
    }
    assert found == {(t + 1.0, m + 1.0): float(share) for (t, m), share in np.ndenumerate(shares)}


def test_budget_is_spent_to_the_last_batch(fitted: tuple[Watched, Any, Run]) -> None:
    assert fitted[2].spent == fitted[2].budget.total


def test_global_random_state_is_left_alone() -> None:
    run = a_run("copying")
    train = TASK.problem("copying", run).train
    before = torch.random.get_rng_state()
    Sums().fit(train, run)
    assert torch.equal(torch.random.get_rng_state(), before)


@pytest.mark.parametrize("case", CASES)
def test_seed_draws_the_problem(case: str, tmp_path: Path) -> None:
    first, again, other = (TASK.problem(case, a_run(case, seed, tmp_path)) for seed in (0, 0, 1))
    assert first.produced == again.produced != other.produced


def test_the_same_symbols_are_copied_after_every_delay() -> None:
    problem = TASK.problem("copying", a_run("copying", delays=[3, 6, 9]))
    answers = [shift.items.targets[:, -2:] for shift in problem.test.points]
    assert [shift.at["delay"] for shift in problem.test.points] == [3, 6, 9]
    assert all(np.array_equal(answers[0], other) for other in answers[1:])
    assert [shift.items.symbols.shape[1] for shift in problem.test.points] == [7, 10, 13]


def test_the_same_images_are_tested_at_every_resolution() -> None:
    problem = TASK.problem("digits", a_run("digits", sides=[5, 6, 8]))
    labels = [shift.items.targets for shift in problem.test.points]
    assert all(np.array_equal(labels[0], other) for other in labels[1:])
    assert [shift.items.symbols.shape[1] for shift in problem.test.points] == [25, 36, 64]
    assert problem.chance["accuracy"] == np.bincount(labels[0][:, 0]).max() / len(labels[0])


def test_nothing_behind_a_curtain_is_shown_or_counts(tmp_path: Path) -> None:
    problem = TASK.problem("balls", a_run("balls", cache=tmp_path, side=9))
    open_view, curtain = problem.test.points[0].items, problem.test.points[-1].items
    assert dict(problem.test.points[-1].at) == {"balls": 2.0, "view": "curtain"}
    assert np.array_equal(open_view.frames, curtain.frames)
    assert (curtain.shown[..., 3:6] == 0).all()
    assert (curtain.shown[..., :3] == open_view.shown[..., :3]).all()
    truth = 20.0 * (2 * curtain.hidden.astype(np.float32) - 1)
    wrong = np.where(curtain.visible, truth, -truth)
    assert values(Fixed(wrong), curtain) == values(Fixed(truth), curtain)


class Fixed(SequencePredictor):
    """Says what it is told to say."""

    name = "fixed"

    def __init__(self, logits: np.ndarray) -> None:
        self.logits = logits

    def fit(self, train: Sequences | Films, run: Run, /) -> None:
        pass

    def predict(self, symbols: np.ndarray, steps: int) -> np.ndarray:
        return self.logits

    def rollout(self, frames: np.ndarray, steps: int) -> np.ndarray:
        return self.logits


def values(system: SequencePredictor, split: Sequences | Films) -> dict[str, float]:
    run = a_run("copying")
    return {score.metric: score.value for score in TASK.measure(system, split, run)}


def test_metrics_of_films_by_hand() -> None:
    frames = np.array([[[[1, 0]], [[1, 1]], [[0, 0]]]], dtype=np.uint8)
    films = Films(frames, 1, np.ones((1, 2), dtype=np.bool_))
    logits = np.log(np.array([[[[0.75, 0.25]], [[0.5, 0.25]]]], dtype=np.float32))
    logits = logits - np.log1p(-np.exp(logits))
    found = values(Fixed(logits), films)
    assert found["rollout_cross_entropy"] == pytest.approx(-np.log([0.75, 0.25, 0.5, 0.75]).mean())
    assert found["rollout_f1"] == pytest.approx(2 * 1 / (1 + 2))


def test_guessing_the_share_of_ink_scores_chance_at_every_point(tmp_path: Path) -> None:
    problem = TASK.problem("balls", a_run("balls", cache=tmp_path))
    for point in problem.test.points:
        ink = point.items.hidden[..., point.items.visible].mean()
        guess = np.full(point.items.hidden.shape, np.log(ink / (1 - ink)), dtype=np.float32)
        found = values(Fixed(guess), point.items)["rollout_cross_entropy"]
        assert found == pytest.approx(point.chance["rollout_cross_entropy"], rel=1e-5)
        found = values(Fixed(np.ones_like(guess)), point.items)["rollout_f1"]
        assert found == pytest.approx(point.chance["rollout_f1"])
    assert problem.chance == problem.test.points[0].chance
    assert len({point.chance["rollout_f1"] for point in problem.test.points}) == len(problem.test.points)


def test_a_rollout_feeds_its_own_predictions(tmp_path: Path) -> None:
    run = a_run("balls", cache=tmp_path)
    problem = TASK.problem("balls", run)
    entrant = Sums()
    entrant.fit(problem.train, run)
    shown = problem.test.points[0].items.shown[:4]
    logits = entrant.rollout(shown, 3)
    model = entrant.model
    film = torch.tensor(shown, dtype=torch.float32).flatten(2)
    with torch.no_grad():
        for i in range(3):
            outputs, _ = model.outputs(film)
            following = model.read(outputs[:, -1])
            torch.testing.assert_close(torch.tensor(logits[:, i]).flatten(1), following, atol=1e-5, rtol=1e-4)
            film = torch.cat([film, following.sigmoid()[:, None]], dim=1)


def test_kept_films_begin_with_the_shown_frames(tmp_path: Path) -> None:
    run = a_run("balls", cache=tmp_path)
    problem = TASK.problem("balls", run)
    entrant = Sums()
    entrant.fit(problem.train, run)
    list(TASK.measure(entrant, problem.test, run))
    films = np.load(io.BytesIO(run.kept["rollout.npz"]), allow_pickle=False)
    points = problem.test.points
    assert len(films.files) == 2 * len(points)
    assert all(film.shape == (1, 6, 8, 8) and film.dtype == np.uint8 for film in films.values())
    assert np.array_equal(films["2 balls, open: film"], 255 * points[0].items.frames[:1])
    assert np.array_equal(films["2 balls, curtain: continued"][:, :3], 255 * points[-1].items.shown[:1])


def test_wrong_shape_is_refused() -> None:
    problem = TASK.problem("copying", a_run("copying"))
    with pytest.raises(BadOutput, match="predict returned shape"):
        values(Fixed(np.zeros((1, 2, 3), dtype=np.float32)), problem.valid)


def test_learning_rate_is_the_task_s_unless_the_entrant_has_its_own() -> None:
    def trained(entrant: Sums) -> Tensor:
        run = a_run("copying")
        entrant.fit(TASK.problem("copying", run).train, run)
        return entrant.model.core.scale

    task_s = a_run("copying").settings["lr"]
    assert torch.equal(trained(Sums()), trained(Sums(lr=task_s)))
    assert not torch.equal(trained(Sums()), trained(Sums(lr=2 * task_s)))


def test_embeddings_start_from_the_same_numbers() -> None:
    class Drawing(Sums):
        name = "drawing"

        def build(self, inputs: int, weights: int, width: int) -> Core[Tensor]:
            core = SumCore(inputs)
            core.extra = nn.Linear(5, 7)
            return core

    def start(entrant: Sums) -> dict[str, Tensor]:
        run = a_run("copying", examples=0)
        entrant.fit(TASK.problem("copying", run).train, run)
        return dict(entrant.model.named_parameters())

    plain, drawing = start(Sums()), start(Drawing())
    assert torch.equal(plain["embed.0.weight"], drawing["embed.0.weight"])


def test_the_widest_is_the_last_that_fits() -> None:
    assert widest(lambda size: size * size, 80) == 8
    assert widest(lambda size: size * size, 81) == 9
    with pytest.raises(ValueError, match="more than the 5 that it may have"):
        widest(lambda size: 10 * size, 5)
