"""The scored table: exactly these columns, whatever became of the runs, and the same from records and their files."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from harness.records.record import Failure, Record, RecordedScore
from harness.records.scored import scored
from harness.records.store import Store

RUN_COLUMNS = (
    "task tier case entrant label kind component seed status error key version data deviating produced generated "
    "device commit dirty threads weights trials budget unit setup_s shared_s train_s eval_s peak_mb contended path "
    "chosen parameters settings artefacts curve sidecar kept"
)
SCORE_COLUMNS = (
    "path case status metric value n_used n_expected better unit chance ceiling exact timing point items{axes} "
    "task tier entrant label seed contended"
)
FIELDS: dict[str, Any] = {
    **{"settings": {"width": 8}, "generated": True, "curve": (), "trials": 7},
    **{"setup_s": 1, "shared_s": 2, "train_s": 3, "eval_s": 4, "peak_mb": 5, "weights": 6, "contended": True},
    **{"kind": "method", "component": "ImageModel", "commit": "abc", "dirty": True, "device": "cuda", "threads": 2},
}
SCORES = {"accuracy": 0.5, "bytes": {(("size", 2.0), ("mask", "word")): 10}}

Make = Callable[..., Record]


@pytest.fixture
def make(record: Make) -> Make:
    """Makes records that have a value for every column."""

    def made(entrant: str = "vit", seed: int = 0, scores: Any = SCORES, **changes: Any) -> Record:
        return record(entrant, seed, scores, items=90, **{**FIELDS, **changes})

    return made


def test_a_run_has_exactly_these_columns(make: Make) -> None:
    (row,) = scored([make(chosen={"dim": 50})]).runs.to_dict("records")
    assert " ".join(map(str, row)) == f"{RUN_COLUMNS} x.dim x.n"
    assert (row["label"], row["x.dim"], row["x.n"]) == ("vit[dim=50]", 50.0, 100.0)
    assert (row["kind"], row["component"], row["version"], row["budget"], row["unit"]) == (
        "method",
        "ImageModel",
        1,
        1000,
        "examples",
    )
    assert [row[name] for name in ("setup_s", "shared_s", "train_s", "eval_s", "peak_mb", "weights")] == [
        1,
        2,
        3,
        4,
        5,
        6,
    ]
    assert (row["trials"], row["device"], row["commit"], row["threads"]) == (7, "cuda", "abc", 2)
    assert [row["generated"], row["dirty"], row["contended"]] == [True, True, True]
    assert row["path"] == "toy/small/plain/vit/dim=50-s0.json"


def test_a_score_has_exactly_these_columns(make: Make) -> None:
    first, second = scored([make()]).scores.to_dict("records")
    assert " ".join(map(str, first)) == SCORE_COLUMNS.format(axes=" x.mask x.n x.size")
    assert (first["metric"], first["value"], first["n_used"], first["n_expected"]) == ("accuracy", 0.5, 90, 100)
    assert (first["better"], first["unit"], first["chance"], first["ceiling"]) == ("higher", "share", 0.1, 1.0)
    assert (second["better"], second["exact"], second["timing"], second["contended"]) == ("lower", True, False, True)
    assert pd.isna([second["chance"], second["ceiling"]]).all()


def test_a_point_may_have_a_chance_of_its_own(make: Make) -> None:
    scores = [RecordedScore(metric="accuracy", value=0.5, n_used=1, n_expected=1, chance=own) for own in (None, 0.25)]
    made = make().model_copy(update={"scores": tuple(scores)})
    assert scored([made]).scores["chance"].tolist() == [0.1, 0.25]


def test_a_point_lies_where_its_run_lies_and_further(make: Make) -> None:
    first, second = scored([make()]).scores.to_dict("records")
    assert (second["x.size"], second["x.mask"], second["x.n"]) == (2.0, "word", 100.0)
    assert first["x.n"] == 100.0
    assert pd.isna([first["x.size"], first["x.mask"]]).all()


def test_a_point_on_the_axis_of_its_case_stands_for_itself(make: Make) -> None:
    assert scored([make(scores={"accuracy": {(("n", 7),): 0.5}})]).scores["x.n"].tolist() == [7.0]


def test_words_and_numbers_share_an_axis(make: Make) -> None:
    made = scored([make(chosen={"rate": "auto"}), make("bit", chosen={"rate": 0.5}), make("maj")])
    assert made.runs["x.rate"].tolist()[:2] == ["auto", 0.5]
    assert pd.isna(made.runs["x.rate"].tolist()[2])


def test_a_failed_run_is_a_row_with_its_error_in_one_line(make: Make) -> None:
    lost = make(status="error", failure=Failure(type="ValueError", message="no\n  such   thing"))
    made = scored([lost, make("bit")])
    assert made.runs["error"].tolist() == ["ValueError: no such thing", ""]
    assert made.runs["status"].tolist() == ["error", "ok"]
    assert set(made.scores["entrant"]) == {"bit"}


def test_the_curve_on_the_validation_split_lies_on_the_axis_of_the_budget(make: Make) -> None:
    curve = ({"spent": 100.0, "loss": 2.0}, {"spent": 500.0, "valid_accuracy": 0.25, "valid_other": 1.0})
    table = scored([make(curve=curve)])
    assert table.curves[["metric", "value", "x.spent", "x.n", "n_used"]].values.tolist() == [
        ["accuracy", 0.25, 500.0, 100.0, 0]
    ]
    assert len(table.scores) == 2


def test_a_diverged_run_is_at_chance_wherever_finished_runs_of_its_case_are_measured(make: Make) -> None:
    measured = {"accuracy": {(("size", 2.0),): 0.5, (("size", 4.0),): 0.6}}
    curve = ({"spent": 500.0, "valid_accuracy": 0.25},)
    table = scored([make(scores=measured, curve=curve), make("bit", scores=0.1, status="diverged")])
    own = table.scores[table.scores["entrant"] == "bit"]
    assert own[["value", "n_used", "x.size"]].values.tolist() == [[0.1, 90, 2.0], [0.1, 90, 4.0]]
    assert own["point"].tolist() == [(("size", 2.0),), (("size", 4.0),)]
    along = table.curves[table.curves["entrant"] == "bit"]
    assert along[["value", "x.spent"]].values.tolist() == [[0.1, 500.0]]


def test_a_diverged_run_of_a_case_without_finished_runs_has_a_chance_score_without_a_point(make: Make) -> None:
    table = scored([make(scores=0.1, status="diverged", curve=({"spent": 1.0, "valid_accuracy": 0.2},))])
    assert table.scores["point"].tolist() == [()]
    assert len(table.curves) == 0


def test_a_point_is_what_the_run_does_not_fix(make: Make) -> None:
    measured = {"accuracy": {(("n", 100), ("size", 2.0)): 0.5}}
    assert scored([make(scores=measured)]).scores["point"].tolist() == [(("size", 2.0),)]


def test_settings_are_compared_by_their_digest(make: Make) -> None:
    made = scored([make(), make("bit", settings={"width": 16}), make("maj"), make("gru", settings={})])
    first, second, third, fourth = made.runs["deviating"]
    assert first == third
    gained = make().model_copy(update={"settings": {"width": 8, "depth": 2, "heads": 1}})
    assert scored([gained]).runs["deviating"][0] == first
    assert len({first, second, fourth}) == 3


def test_rows_keep_the_order_of_the_records(make: Make) -> None:
    made = scored([make("vit", 1), make("bit", 0), make("vit", 0)])
    stems = ("vit/default-s1", "bit/default-s0", "vit/default-s0")
    assert made.runs["path"].tolist() == [f"toy/small/plain/{stem}.json" for stem in stems]
    assert made.scores["path"].tolist() == [path for path in made.runs["path"] for _ in range(2)]


def test_no_records_give_empty_frames_with_all_columns() -> None:
    made = scored([])
    assert [" ".join(frame.columns) for frame in made] == [RUN_COLUMNS, *[SCORE_COLUMNS.format(axes="")] * 2]
    assert [len(frame) for frame in made] == [0, 0, 0]


def test_stored_records_give_the_frames_of_records(make: Make, tmp_path: Path) -> None:
    store = Store(tmp_path)
    curve = ({"spent": 100.0, "valid_accuracy": 0.25},)
    for one in (make(chosen={"dim": 5}), make("bit", curve=curve), make("maj", status="diverged")):
        store.write(one)
    for quick, whole in zip(scored(store.stored()), scored(store.all()), strict=True):
        pd.testing.assert_frame_equal(quick, whole)


@pytest.mark.parametrize("frame", ["runs", "scores"])
def test_numbers_are_numbers_though_there_is_no_record(make: Make, frame: str) -> None:
    some, none = (getattr(scored(records), frame) for records in ([make()], []))
    numeric = list(some.drop(columns=[name for name in some if name.startswith("x.")]).select_dtypes("number"))
    assert numeric
    assert [none[name].dtype for name in numeric] == [some[name].dtype for name in numeric]


def test_frames_import_no_torch() -> None:
    code = "import sys, harness.records.scored; harness.records.scored.scored([]); assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
