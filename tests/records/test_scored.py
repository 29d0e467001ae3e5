"""The scored table: all that records say, as rows; the same from records and from their files."""

import math
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.core.spec import Budget
from harness.records.record import Failure, Record, RecordedScore
from harness.records.scored import TaskScores, scored
from harness.records.store import Store
from toys import CARD, make_card

FIELDS: dict[str, Any] = {
    **{"settings": {"width": 8}, "generated": True, "curve": (), "trials": 7, "resumed": 1},
    **{"train_s": 3, "weights": 6, "contended": True},
    **{"kind": "method", "component": "ImageModel", "commit": "abc", "dirty": True, "device": "cuda", "threads": 2},
}
SCORES = {"accuracy": 0.5, "bytes": {(("size", 2.0), ("mask", "word")): 10}}

Make = Callable[..., Record]


@pytest.fixture
def make(record: Make) -> Make:
    """Makes records that have a value for every field."""

    def made(entrant: str = "vit", seed: int = 0, scores: Any = SCORES, **changes: Any) -> Record:
        return record(entrant, seed, scores, items=90, **{**FIELDS, **changes})

    return made


def rows(*records: Record) -> TaskScores:
    """The rows of records of the toy task at small."""
    return scored(records)["toy", "small"]


def test_a_run_has_every_field_of_its_record(make: Make) -> None:
    record = make(chosen={"dim": 50}, budget=Budget("examples", 500))
    (run,) = rows(record).runs
    assert run._asdict() == {
        "task": "toy",
        "tier": "small",
        "case": "plain",
        "entrant": "vit",
        "label": "vit[dim=50]",
        "kind": "method",
        "component": "ImageModel",
        "seed": 0,
        "status": "ok",
        "error": "",
        "key": record.key,
        "version": 1,
        "data": record.spec.data,
        "deviating": run.deviating,
        "deviating_parameters": run.deviating_parameters,
        "code": record.spec.code,
        "produced": "plain0",
        "generated": True,
        "device": "cuda",
        "commit": "abc",
        "dirty": True,
        "threads": 2,
        "weights": 6,
        "trials": 7,
        "budget": 500,
        "unit": "examples",
        "train_s": 3,
        "resumed": 1,
        "contended": True,
        "path": "toy/small/plain/vit/dim=50-s0.json",
        "chosen": {"dim"},
        "parameters": {},
        "settings": {"width": 8, "depth": 2},
        "artefacts": {},
        "curve": (),
        "sidecar": "",
        "kept": {},
        "at": {"n": 100.0, "dim": 50.0},
    }


def test_a_score_has_the_facts_of_its_metric(make: Make) -> None:
    first, second = rows(make()).scores
    assert (first.metric, first.value, first.n_used, first.n_expected) == ("accuracy", 0.5, 90, 100)
    assert (first.better, first.unit, first.chance, first.ceiling) == ("higher", "share", 0.1, 1.0)
    assert (second.better, second.exact, second.timing, second.run.contended) == ("lower", True, False, True)
    assert math.isnan(second.chance)
    assert math.isnan(second.ceiling)


def test_a_point_may_have_a_chance_of_its_own(make: Make) -> None:
    scores = [RecordedScore(metric="accuracy", value=0.5, n_used=1, n_expected=1, chance=own) for own in (None, 0.25)]
    made = make().model_copy(update={"scores": tuple(scores)})
    assert [score.chance for score in rows(made).scores] == [0.1, 0.25]


def test_a_point_lies_where_its_run_lies_and_further(make: Make) -> None:
    first, second = rows(make()).scores
    assert (first.point, first.at) == ((), {"n": 100.0})
    assert second.at == {"n": 100.0, "size": 2.0, "mask": "word"}


def test_a_point_on_the_axis_of_its_case_replaces_the_place_of_its_case(make: Make) -> None:
    (score,) = rows(make(scores={"accuracy": {(("n", 7),): 0.5}})).scores
    assert (score.point, score.at) == ((), {"n": 7})


def test_a_point_is_what_the_run_does_not_fix(make: Make) -> None:
    (score,) = rows(make(scores={"accuracy": {(("n", 100), ("size", 2.0)): 0.5}})).scores
    assert score.point == (("size", 2.0),)


def test_words_and_numbers_share_an_axis(make: Make) -> None:
    made = rows(make("a", chosen={"rate": "auto"}), make("b", chosen={"rate": 0.5}), make("c", chosen={"rate": None}))
    assert [run.at.get("rate") for run in made.runs] == ["auto", 0.5, None]


def test_a_failed_run_is_a_row_with_its_error_in_one_line(make: Make) -> None:
    lost = make(status="error", failure=Failure(type="ValueError", message="no\n  such   thing"))
    made = rows(lost, make("bit"))
    assert [(run.status, run.error) for run in made.runs] == [("ok", ""), ("error", "ValueError: no such thing")]
    assert {score.run.entrant for score in made.scores} == {"bit"}


def test_the_curve_on_the_validation_split_lies_on_the_axis_of_the_budget(make: Make) -> None:
    curve = ({"spent": 100.0, "loss": 2.0}, {"spent": 500.0, "valid_accuracy": 0.25, "valid_other": 1.0})
    made = rows(make(curve=curve))
    (score,) = made.curves
    assert (score.metric, score.value, score.at, score.n_used) == ("accuracy", 0.25, {"n": 100.0, "spent": 500.0}, 0)
    assert len(made.scores) == 2


def test_a_diverged_run_is_at_chance_wherever_finished_runs_of_its_case_are_measured(make: Make) -> None:
    measured = {"accuracy": {(("size", 2.0),): 0.5, (("size", 4.0),): 0.6}}
    curve = ({"spent": 500.0, "valid_accuracy": 0.25},)
    made = rows(make(scores=measured, curve=curve), make("bit", scores=0.1, status="diverged"))
    own = [score for score in made.scores if score.run.entrant == "bit"]
    assert [(score.value, score.n_used, score.point) for score in own] == [
        (0.1, 90, (("size", 2.0),)),
        (0.1, 90, (("size", 4.0),)),
    ]
    along = [score for score in made.curves if score.run.entrant == "bit"]
    assert [(score.value, score.at["spent"]) for score in along] == [(0.1, 500.0)]


@pytest.mark.parametrize(("better", "expected"), [("higher", 0.05), ("lower", 0.8)])
def test_a_diverged_run_is_never_better_than_a_finished_one(make: Make, better: str, expected: float) -> None:
    card = make_card(metrics={**CARD["metrics"], "accuracy": {"better": better, "chance": 0.1}})
    made = rows(
        *(make(name, scores={"accuracy": value}, card=card) for name, value in (("vit", 0.8), ("maj", 0.05))),
        make("bit", scores=0.1, status="diverged", card=card),
    )
    (lost,) = (score.value for score in made.scores if score.run.entrant == "bit")
    assert lost == expected


def test_a_diverged_run_of_a_case_without_finished_runs_has_a_chance_score_without_a_point(make: Make) -> None:
    made = rows(make(scores=0.1, status="diverged", curve=({"spent": 1.0, "valid_accuracy": 0.2},)))
    assert [score.point for score in made.scores] == [()]
    assert made.curves == []


def test_settings_are_compared_by_their_digest(make: Make) -> None:
    def deviating(**changes: Any) -> str:
        return rows(make(**changes)).runs[0].deviating

    assert deviating() == deviating(seed=1)
    gained = make().model_copy(update={"settings": {"width": 8, "depth": 2, "heads": 1}})
    assert rows(gained).runs[0].deviating == deviating()
    assert len({deviating(), deviating(settings={"width": 16}), deviating(settings={})}) == 3


def test_rows_are_in_order_of_the_records_paths(make: Make) -> None:
    made = rows(make("vit", 1), make("bit", 0), make("vit", 0))
    paths = [f"toy/small/plain/{stem}.json" for stem in ("bit/default-s0", "vit/default-s0", "vit/default-s1")]
    assert [run.path for run in made.runs] == paths
    assert [score.path for score in made.scores] == [path for path in paths for _ in range(2)]


def test_each_task_and_tier_has_rows_of_its_own(make: Make) -> None:
    table = scored([make(), make(tier="quick")])
    assert {key: len(of_task.runs) for key, of_task in table.items()} == {("toy", "small"): 1, ("toy", "quick"): 1}
    assert scored([]) == {}


def test_stored_records_give_the_rows_of_records(make: Make, tmp_path: Path) -> None:
    store = Store(tmp_path)
    curve = ({"spent": 100.0, "valid_accuracy": 0.25},)
    for record in (make(chosen={"dim": 5}), make("bit", curve=curve), make("maj", status="diverged")):
        store.write(record)
    assert str(scored(store.stored())) == str(scored(store.all()))


def test_the_scored_table_needs_neither_torch_nor_pandas() -> None:
    code = "import sys, harness.records.scored as m; m.scored([]); assert not {'torch', 'pandas'} & {*sys.modules}"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
