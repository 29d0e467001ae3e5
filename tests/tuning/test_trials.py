"""Every entrant of a task has as many trials, on the validation split alone; the best wins, and a failed one cannot."""

import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from harness.core.entrant import Entrant
from harness.core.errors import UserError
from harness.core.spec import Budget, TierName
from harness.core.task import Problem, Score, Task
from harness.records.record import RecordedScore, RunStatus
from harness.records.store import Store
from harness.registry.find import find, load_task
from harness.registry.tuned import EntryName, write_tuned
from harness.run import Run
from harness.runs import runner
from harness.runs.job import Job
from harness.runs.plan import Planner
from harness.runs.selection import Selection
from harness.tuning.entries import at_an_end, check_entries, restate_trials, uneven
from harness.tuning.trials import FIRST_SEED, Tuning, TuningPlan, TuningResult, budget_of_trials, plan_tuning

PLUGIN = '''
"""Entrants with one parameter, and one without."""

import numpy as np

from harness.tasks.word_similarity import WordEmbedder


class Mine(WordEmbedder):
    """Random vectors."""

    name = "mine"
    search_space = {"dim": (2, 500)}
    dim: int = 8

    def fit(self, corpus, run):
        self.table = run.rng("init").standard_normal((len(corpus.vocabulary), self.dim)).astype(np.float32)

    def vectors(self):
        return self.table


class Fixed(Mine):
    """The same, with nothing to choose."""

    name = "fixed"
    search_space = {}


class Twin(Mine):
    """The same weights."""

    name = "twin"
    tuned_as = "mine"
'''
TASK, PRIMARY = "word_similarity", "mean_spearman"


@pytest.fixture
def planner(tmp_path: Path) -> Planner:
    """The registry with the plug-in, and an empty folder of results."""
    path = tmp_path / "plugin" / "mine_entrant.py"
    path.parent.mkdir()
    path.write_text(PLUGIN)
    return Planner(find([path]), Store(tmp_path / "results"))


def planned(planner: Planner, *entrants: str, trials: int = 4, seeds: int | None = None, **more: Any) -> TuningPlan:
    chosen: dict[str, Any] = {"tier": "quick", "tasks": [TASK], **more}
    return plan_tuning(planner, Selection(entrants=entrants, seeds=seeds, **chosen), trials)


def tuning_of_mine(planner: Planner, **more: Any) -> Tuning:
    (tuning,) = planned(planner, "mine", **more).tunings
    return tuning


def keys(tuning: Tuning) -> list[str]:
    return [run.spec.key for trial in tuning.trials for run in trial]


def store(planner: Planner, run: Job, value: float | None, status: RunStatus = "ok", metric: str = PRIMARY) -> None:
    scores = () if value is None else (RecordedScore(metric=metric, value=value, n_used=1, n_expected=1),)
    planner.store.write(run.record(status, datetime.now(UTC), scores=scores))


def result_of(
    planner: Planner, tuning: Tuning, values: Sequence[float | tuple[float | None, RunStatus]]
) -> TuningResult:
    """The result of trials with these scores (and statuses)."""
    for trial, given in zip(tuning.trials, values, strict=True):
        value, status = given if isinstance(given, tuple) else (given, "ok")
        for run in trial:
            store(planner, run, value, status)
    return TuningResult.of(tuning, planner.store)


def test_every_entrant_has_as_many_trials_or_all_that_there_are(planner: Planner) -> None:
    trials = {tuning.name.entrant: len(tuning.trials) for tuning in planned(planner, trials=6).tunings}
    headers = planner.registry.of_task(TASK)
    tuned = {name for name, header in headers.items() if header.from_tier == "smoke" and not header.tuned_as}
    assert set(trials) == tuned
    searched = {name for name in trials if headers[name].search_space.domains}
    assert searched >= {"flyvec", "mine", "ppmi", "sgns"}
    assert {trials[name] for name in searched} == {6}
    assert {trials[name] for name in set(trials) - searched} == {1}


@pytest.mark.parametrize("task", find().tasks)
@pytest.mark.parametrize("tier", ["quick", "small"])
def test_every_task_can_be_tuned(planner: Planner, task: str, tier: TierName) -> None:
    tunings = planned(planner, tasks=[task], tier=tier).tunings
    assert tunings
    assert len({(tuning.name.case, tuning.job.spec.budget, tuning.seeds) for tuning in tunings}) == 1
    for run in (run for tuning in tunings for trial in tuning.trials for run in trial):
        assert run.spec.split == "valid"
        # At least half is saved, unless the tier says that a trial has the whole budget.
        assert 0 < run.spec.budget.total <= run.resolved.budget.total / min(2, run.resolved.trial_divisor)


def test_seeds_of_trials_are_not_those_of_results(planner: Planner) -> None:
    tuning = tuning_of_mine(planner, seeds=2)
    results = planner.plan(Selection(tier="paper", tasks=[TASK])).runs
    assert tuning.seeds == (FIRST_SEED, FIRST_SEED + 1)
    assert max(run.spec.seed for run in results) < FIRST_SEED


def test_a_trial_has_a_fifth_of_the_budget_or_what_the_card_says_in_whole_portions(planner: Planner) -> None:
    resolved = planner.registry.card("image_classification").resolve("large", "cifar10")
    batch, total = resolved.settings["batch"], resolved.budget.total
    assert budget_of_trials(resolved) == Budget("examples", total // 5 // batch * batch)
    longer = resolved.model_copy(update={"trial_divisor": 2})
    assert budget_of_trials(longer) == Budget("examples", total // 2 // batch * batch)
    words = planner.registry.card(TASK).resolve("quick", "atlas")
    assert budget_of_trials(words).total == words.settings["tokens"], "less than a pass would train nothing"
    tiny = resolved.model_copy(update={"budget": Budget("examples", 3)})
    assert budget_of_trials(tiny).total == 3


def test_records_of_trials_are_no_results(planner: Planner) -> None:
    result_of(planner, tuning_of_mine(planner), [0.1, 0.2, 0.3, 0.4])
    assert list(planner.store.all()) == list(planner.store.stored()) == []
    (trial, *_) = (planner.store.records / "tuning").rglob("*.json")
    smuggled = planner.store.records / trial.relative_to(planner.store.records / "tuning")
    smuggled.parent.mkdir(parents=True)
    trial.rename(smuggled)
    assert list(planner.store.all()) == []
    assert "duplicate: it belongs at tuning/" in planner.store.problems[0]


def test_a_trial_and_a_result_have_different_keys_even_where_all_else_is_the_same(planner: Planner) -> None:
    spec = tuning_of_mine(planner).trials[0][0].spec
    assert replace(spec, split="test").key != spec.key


@pytest.mark.parametrize(("scores", "winner"), [([0.1, 0.3, 0.2, 0.0], 1), ([0.1, 0.2, 0.3, -0.4], 2)])
def test_the_best_score_wins(planner: Planner, scores: list[float], winner: int) -> None:
    tuning = tuning_of_mine(planner)
    result = result_of(planner, tuning, scores)
    assert result.winner == winner
    entry = result.entry()
    assert entry is not None
    assert (entry.score, entry.trials, entry.asked, tuning.name.case) == (scores[winner], 4, 4, "atlas")
    assert dict(entry.parameters) == dict(tuning.trials[winner][0].spec.chosen)


def test_the_lowest_score_wins_where_lower_is_better(planner: Planner) -> None:
    card = planner.registry.card(TASK)
    metric = card.metrics[PRIMARY].model_copy(update={"better": "lower"})
    lower = card.model_copy(update={"metrics": {**card.metrics, PRIMARY: metric}})
    planner = Planner(replace(planner.registry, tasks={TASK: lower}), planner.store)
    assert result_of(planner, tuning_of_mine(planner), [-0.1, -0.2, -0.4, -0.3]).winner == 2


@pytest.mark.parametrize(("scores", "winner"), [([0.3, 0.3, 0.3, 0.1], 0), ([0.1, 0.2, 0.3, 0.3], 2)])
def test_defaults_win_ties_and_else_the_earlier_trial(planner: Planner, scores: list[float], winner: int) -> None:
    result = result_of(planner, tuning_of_mine(planner), scores)
    assert result.winner == winner


def test_where_no_trial_is_above_chance_the_defaults_stay(planner: Planner) -> None:
    tuning = tuning_of_mine(planner)
    margin = tuning.job.card.metrics[PRIMARY].margin
    assert margin
    assert result_of(planner, tuning, [-0.1, margin / 2, 0.0, margin]).winner == 0
    assert result_of(planner, tuning, [-0.1, margin / 2, 0.0, margin + 0.01]).winner == 3
    assert result_of(planner, tuning, [(None, "error"), margin / 2, 0.0, 0.0]).winner == 1


@pytest.mark.parametrize("status", ["error", "diverged", "timeout", "oom", "killed"])
def test_a_failed_trial_cannot_win(planner: Planner, status: RunStatus) -> None:
    value = 0.9 if status == "diverged" else None
    assert result_of(planner, tuning_of_mine(planner), [(value, status), 0.1, 0.2, (value, status)]).winner == 2


def test_a_trial_of_which_one_seed_failed_cannot_win(planner: Planner) -> None:
    tuning = tuning_of_mine(planner, seeds=2)
    for number, trial in enumerate(tuning.trials):
        for run in trial:
            failed = number == 3 and run.spec.seed > FIRST_SEED
            store(planner, run, None if failed else number / 10, "error" if failed else "ok")
    assert TuningResult.of(tuning, planner.store).winner == 2


def test_where_all_trials_failed_nothing_is_written(planner: Planner) -> None:
    result = result_of(planner, tuning_of_mine(planner), [(None, "error")] * 4)
    assert result.entry() is None


def test_an_entrant_that_is_tuned_as_another_has_no_trials(planner: Planner) -> None:
    plan = planned(planner, "twin", "mine")
    assert [tuning.name.entrant for tuning in plan.tunings] == ["mine"]
    assert [(skipped.entrant, skipped.why) for skipped in plan.not_applicable] == [
        ("twin", "has the parameters that are chosen for mine")
    ]


def test_stored_trials_are_done_and_more_of_them_go_on(planner: Planner) -> None:
    result_of(planner, tuning_of_mine(planner), [0.1, 0.2, 0.3, 0.4])
    assert [trial[0].state for trial in tuning_of_mine(planner, trials=6).trials] == ["done"] * 4 + ["missing"] * 2


def test_a_validation_split_without_the_primary_metric_is_a_clear_error(planner: Planner) -> None:
    tuning = tuning_of_mine(planner)
    for trial in tuning.trials:
        store(planner, trial[0], 0.5, metric="spearman")
    with pytest.raises(UserError, match="does not give one value of 'mean_spearman', so nothing can be tuned on it"):
        _ = TuningResult.of(tuning, planner.store).scores


def test_trials_are_compared_by_the_metric_that_is_primary_now(planner: Planner) -> None:
    for trial, (before, now) in zip(
        tuning_of_mine(planner).trials, [(0.4, 0.1), (0.3, 0.2), (0.2, 0.4), (0.1, 0.3)], strict=True
    ):
        scores = [
            RecordedScore(metric=metric, value=value, n_used=1, n_expected=1)
            for metric, value in ((PRIMARY, before), ("spearman", now))
        ]
        planner.store.write(trial[0].record("ok", datetime.now(UTC), scores=tuple(scores)))
    assert TuningResult.of(tuning_of_mine(planner), planner.store).winner == 0
    card = planner.registry.card(TASK).model_copy(update={"primary": "spearman"})
    planner = Planner(replace(planner.registry, tasks={TASK: card}), planner.store)
    result = TuningResult.of(tuning_of_mine(planner), planner.store)
    assert (result.scores, result.winner) == ([0.1, 0.2, 0.4, 0.3], 2)


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"cases": ["cost"]}, r"case cost of word_similarity is judged by a time \(train_s\); those to tune on .* atlas"),
    ({"tasks": ["long_range"], "cases": ["scaling"]}, "case scaling of long_range trains nothing; .* recall"),
    ({"cases": ["atlas", "cost"]}, r"case cost of word_similarity is judged by a time"),
    ({"cases": ["atlass"]}, "unknown case at tier quick 'atlass'; did you mean atlas"),
]


@pytest.mark.parametrize(("selection", "message"), WRONG)
def test_a_case_that_cannot_be_tuned_on_is_a_clear_error(
    planner: Planner, selection: dict[str, Any], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        planned(planner, **selection)


def test_every_case_that_is_named_is_tuned_on_by_itself(planner: Planner) -> None:
    tunings = planned(planner, "mine", "ppmi", tier="small", cases=["mix", "wikipedia"]).tunings
    assert [(tuning.name.case, tuning.name.entrant) for tuning in tunings] == [
        (case, entrant) for case in ("wikipedia", "mix") for entrant in ("mine", "ppmi")
    ]
    assert {tuning.name for tuning in tunings} == {
        EntryName(TASK, entrant, "small", case) for entrant in ("mine", "ppmi") for case in ("wikipedia", "mix")
    }
    alone = planned(planner, "mine", "ppmi", tier="small", cases=["mix"]).tunings
    assert [keys(tuning) for tuning in tunings[2:]] == [keys(tuning) for tuning in alone]


def test_where_no_case_is_named_the_first_that_can_be_tuned_on_is(planner: Planner) -> None:
    assert {tuning.name.case for tuning in planned(planner, tier="small").tunings} == {"wikipedia"}


@pytest.mark.parametrize("name", ["mien", "mine[dim=5]"])
def test_an_unknown_entrant_is_a_clear_error(planner: Planner, name: str) -> None:
    with pytest.raises(UserError, match=r"unknown entrant .* did you mean mine"):
        planned(planner, name)


class Spy(Task[Entrant]):
    """A task that notes what it is asked to measure on."""

    def __init__(self, task: Task[Entrant]) -> None:
        super().__init__(task.card)
        self.task = task
        self.asked: list[Any] = []

    def problem(self, case: str, run: Run) -> Problem:
        problem = self.task.problem(case, run)
        drawn = {"chance": {PRIMARY: 0.1}, "valid_chance": {PRIMARY: 0.2}}
        return replace(problem, valid=(problem.valid, "valid"), test=(problem.test, "test"), **drawn)

    def measure(self, system: Entrant, split: Any, run: Run) -> Iterator[Score]:
        data, name = split
        self.asked.append(name)
        yield from self.task.measure(system, data, run)


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Runs may be done in this process: what is done to a run's own process is not done to it."""
    for name in ("limit_memory", "set_threads", "seed_globals"):
        monkeypatch.setattr(f"harness.core.limits.{name}", lambda value: None)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    yield
    sys.modules.pop("mine_entrant", None)


@pytest.fixture
def spy(planner: Planner, monkeypatch: pytest.MonkeyPatch, here: None) -> Spy:
    """The spy in the task's place."""
    spy = Spy(load_task(planner.registry.card(TASK), planner.registry.homes[TASK]))
    monkeypatch.setattr("harness.runs.runner.load_task", lambda card, home: spy)
    return spy


@pytest.mark.parametrize(
    ("task", "entrant"),
    [
        ("word_similarity", "ppmi"),
        ("long_range", "softmax"),
        ("retrieval", "bm25"),
        ("image_classification", "vit"),
        ("ood_dynamics", "gru"),
        ("federated", "fedavg"),
    ],
)
def test_the_validation_split_of_every_task_gives_what_trials_are_judged_by(
    planner: Planner, here: None, task: str, entrant: str
) -> None:
    (tuning,) = planned(planner, entrant, tasks=[task], tier="smoke", trials=1).tunings
    planner.store.write(runner._Attempt(tuning.trials[0][0]).run())
    assert TuningResult.of(tuning, planner.store).winner == 0


def test_a_trial_is_measured_on_the_validation_split_and_never_sees_the_test_split(planner: Planner, spy: Spy) -> None:
    run = tuning_of_mine(planner, tier="smoke").trials[0][0]
    attempt = runner._Attempt(run)
    record = attempt.run()
    assert record.status == "ok", record.failure
    assert spy.asked == ["valid"]
    assert attempt.problem is not None
    assert attempt.problem.test is None
    assert record.spec.split == "valid"
    assert record.metrics[PRIMARY].chance == 0.2


def test_a_result_is_measured_on_the_test_split(planner: Planner, spy: Spy) -> None:
    plan = planner.plan(Selection(tier="smoke", tasks=[TASK], entrants=["mine"]))
    record = runner._Attempt(plan.runs[0]).run()
    assert record.status == "ok"
    assert spy.asked == ["test"]
    assert record.metrics[PRIMARY].chance == 0.1


def test_a_case_without_a_validation_split_fails_with_the_reason(
    planner: Planner, spy: Spy, monkeypatch: pytest.MonkeyPatch
) -> None:
    problem = spy.problem
    monkeypatch.setattr(spy, "problem", lambda case, run: replace(problem(case, run), valid=None))
    record = runner._Attempt(tuning_of_mine(planner, tier="smoke").trials[0][0]).run()
    assert record.failure is not None
    assert "case atlas has no validation split to tune on" in record.failure.message


def written(planner: Planner, values: Sequence[float]) -> Planner:
    """The planner after these scores were written down, with all else as it was."""
    result = result_of(planner, tuning_of_mine(planner), values)
    entry = result.entry()
    assert entry is not None
    write_tuned(result.tuning.job.header.path.parent, {result.tuning.name: entry})
    return Planner(planner.registry, planner.store)


def states(planner: Planner) -> list[str]:
    return [entry.state for entry in check_entries(planner, planner.registry.card(TASK), "quick")]


def test_an_entry_holds_as_long_as_its_trials_are_its_own(planner: Planner) -> None:
    now = written(planner, [0.1, 0.2, 0.3, 0.4])
    assert states(now) == ["holds"]
    store(now, tuning_of_mine(now).trials[1][0], 0.9)
    assert states(now) == ["differs"]


def test_an_entry_whose_trials_are_elsewhere_says_so(planner: Planner, tmp_path: Path) -> None:
    now = written(planner, [0.1, 0.2, 0.3, 0.4])
    assert states(Planner(now.registry, Store(tmp_path / "other"))) == ["absent"]


def test_an_edited_entry_is_not_what_its_trials_chose(planner: Planner) -> None:
    now = written(planner, [0.4, 0.2, 0.3, 0.1])
    path = tuning_of_mine(now).job.header.path.parent / "tuned.toml"
    path.write_text(path.read_text().replace("parameters = {}", "parameters = { dim = 9 }"))
    assert states(Planner(now.registry, now.store)) == ["differs"]


def test_entrants_that_were_not_tuned_alike_are_named(planner: Planner) -> None:
    assert list(uneven(planner, planner.registry.card(TASK), "quick")) == []
    now = written(planner, [0.1, 0.2, 0.3, 0.4])
    lines = list(uneven(now, now.registry.card(TASK), "quick"))
    assert any("fixed was never tuned, unlike mine" in line for line in lines)
    assert not any("twin" in line for line in lines)
    (fixed,) = planned(now, "fixed", trials=9).tunings
    entry = result_of(now, fixed, [0.1]).entry()
    assert entry is not None
    write_tuned(fixed.job.header.path.parent, {fixed.name: entry})
    lines = list(uneven(Planner(now.registry, now.store), now.registry.card(TASK), "quick"))
    assert any("not the same number of trials for all: fixed 9, mine 4" in line for line in lines)


@pytest.mark.parametrize(
    ("space", "annotation", "chosen", "named"),
    [
        ("(2, 500)", "int", 450, True),
        ("(2, 500)", "int", 3, True),
        ("(2, 500)", "int", 30, False),
        ("(2, 500)", "int", 0, True),
        ("(2, 500)", "Annotated[int, Le(500)]", 450, False),
        ("[4, 16, 64]", "int", 64, True),
        ("[4, 16, 64]", "int", 16, False),
        ("[4, 64]", "int", 64, False),
    ],
)
def test_a_choice_at_an_end_of_what_was_searched_is_named(
    planner: Planner, space: str, annotation: str, chosen: int, named: bool
) -> None:
    """Not where the parameter allows nothing beyond it, nor one of two values."""
    path = planner.registry.of_task(TASK)["mine"].path
    path.write_text(
        path.read_text()
        .replace('{"dim": (2, 500)}', f'{{"dim": {space}}}')
        .replace("dim: int = 8", f"dim: {annotation} = 8")
        .replace(
            "import numpy as np", "from typing import Annotated\n\nimport numpy as np\nfrom annotated_types import Le"
        )
    )
    now = Planner(find([path]), planner.store)
    entry = result_of(now, tuning_of_mine(now, trials=1), [0.4]).entry()
    assert entry is not None
    write_tuned(path.parent, {tuning_of_mine(now).name: entry.model_copy(update={"parameters": {"dim": chosen}})})
    lines = list(at_an_end(Planner(now.registry, now.store), now.registry.card(TASK), "quick"))
    ours = [line for line in lines if " mine " in line]
    assert bool(ours) == named
    if named:
        assert f"dim = {chosen} is at an end of what was searched" in ours[0]


def on_two_cases(planner: Planner) -> Planner:
    """The planner after mine was tuned on two cases, with more trials and other scores on the second."""
    for case, values in {"wikipedia": [0.1, 0.4, 0.2], "mix": [0.4, 0.1, 0.2, 0.3]}.items():
        (tuning,) = planned(planner, "mine", tier="small", cases=[case], trials=len(values)).tunings
        entry = result_of(planner, tuning, values).entry()
        assert entry is not None
        write_tuned(tuning.job.header.path.parent, {tuning.name: entry})
    return Planner(planner.registry, planner.store)


def test_each_case_has_an_entry_that_holds_by_itself(planner: Planner) -> None:
    now = on_two_cases(planner)
    card = now.registry.card(TASK)

    def states() -> set[tuple[str, str]]:
        return {
            (check.name.case, check.state)
            for check in check_entries(now, card, "small")
            if check.name.entrant == "mine"
        }

    assert states() == {("wikipedia", "holds"), ("mix", "holds")}
    (tuning,) = planned(now, "mine", tier="small", cases=["mix"]).tunings
    store(now, tuning.trials[1][0], 0.9)
    assert states() == {("wikipedia", "holds"), ("mix", "differs")}


def test_entrants_are_compared_case_by_case(planner: Planner) -> None:
    now = on_two_cases(planner)
    (fixed,) = planned(now, "fixed", tier="small", cases=["mix"], trials=9).tunings
    entry = result_of(now, fixed, [0.1]).entry()
    assert entry is not None
    write_tuned(fixed.job.header.path.parent, {fixed.name: entry})
    lines = list(uneven(Planner(now.registry, now.store), now.registry.card(TASK), "small"))
    ours = [line for line in lines if ": fixed" in line]
    assert len(ours) == 2
    assert re.fullmatch(rf"{TASK} at small on wikipedia: fixed was never tuned, unlike .*\bmine\b.*", ours[0])
    assert ours[1] == f"{TASK} at small on mix: not the same number of trials for all: fixed 9, mine 4"


def test_results_say_the_trials_of_the_entry_that_they_used(planner: Planner) -> None:
    selection = Selection(tier="small", tasks=[TASK], entrants=["mine"], seeds=1)
    now = on_two_cases(planner)
    for run in now.plan(selection).runs:
        now.store.write(replace(run, trials=0).record("ok", datetime.now(UTC)))
    assert restate_trials(now, selection) == 3
    trials = {record.spec.case: record.trials for record in now.store.all()}
    assert trials == {"wikipedia": 3, "mix": 4, "cost_wikipedia": 3}


def test_results_that_stay_valid_say_by_how_many_trials_their_parameters_were_chosen(planner: Planner) -> None:
    selection = Selection(tier="quick", tasks=[TASK], entrants=["mine"], seeds=1)
    for run in planner.plan(selection).runs:
        store(planner, run, 0.5)
    now = written(planner, [0.4, 0.2, 0.3, 0.1])
    assert {record.trials for record in now.store.all()} == {0}
    assert restate_trials(now, selection) == 2
    assert {record.trials for record in now.store.all()} == {4}
    assert restate_trials(now, selection) == 0
    assert {run.state for run in now.plan(selection).runs} == {"done"}
