"""A protocol cannot drift in silence, and code that was tidied up costs no record."""

import json
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.checks.compare import changed_scores, check_scores, golden_problems
from harness.checks.golden import Cell, Golden, cell_of, defaults, own_entrants
from harness.checks.smoke import smoke_specs
from harness.core.card import Card
from harness.registry.find import Registry, find
from harness.registry.headers import HARNESS
from harness.registry.tasks import TaskHome

Command = Callable[..., "subprocess.CompletedProcess[str]"]

REGISTRY = find()
TASK = "word_similarity"
CELL, SCORE = "atlas/ppmi seed 0", "mean_spearman"
VALUE = 0.25
SPECS = {cell_of(spec): spec for spec in smoke_specs(REGISTRY, TASK, own_entrants(REGISTRY, TASK))}
GOLDEN = Golden(
    version=REGISTRY.card(TASK).version,
    packages={"torch": "2.0"},
    processor="a processor",
    defaults=defaults(REGISTRY.card(TASK)),
    code={spec.entrant: spec.code for spec in SPECS.values()},
    cells={cell: Cell(key=spec.key, scores={SCORE: VALUE, "coverage": 1.0}) for cell, spec in SPECS.items()},
)
"""What `smoke.json` would say of the present code if every run had the same scores."""


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize("task", [task for task, home in REGISTRY.homes.items() if home.root == HARNESS])
def test_smoke_scores_are_the_golden_ones(task: str) -> None:
    problems, told = check_scores(REGISTRY, task)
    assert not problems, "\n".join([*problems, told])


def measured(score: float, **changes: Any) -> Golden:
    """The golden scores with another score in one place, from a place with other `changes`."""
    cell = GOLDEN.cells[CELL]
    changed = Cell(key=cell.key, scores={**cell.scores, SCORE: score})
    return GOLDEN.model_copy(update={"cells": {**GOLDEN.cells, CELL: changed}, **changes})


OTHER_TORCH = {"packages": {"torch": "0.1"}}
OTHER_PROCESSOR = {"processor": "an abacus"}


@pytest.mark.parametrize(
    ("now", "good"),
    [
        (measured(VALUE), True),
        (measured(VALUE * (1 + 1e-15)), False),
        (measured(VALUE + 0.01, **OTHER_TORCH), True),
        (measured(VALUE + 0.03, **OTHER_TORCH), False),
        (measured(VALUE + 0.01, **OTHER_PROCESSOR), True),
        (measured(VALUE + 0.03, **OTHER_PROCESSOR), False),
    ],
    ids=[
        "same",
        "last bit",
        "close, other torch",
        "far, other torch",
        "close, other processor",
        "far, other processor",
    ],
)
def test_scores_must_be_equal_in_the_same_place_and_close_elsewhere(now: Golden, good: bool) -> None:
    assert bool(changed_scores(TASK, GOLDEN, now)) != good


def test_a_changed_score_is_named_with_its_run_and_what_to_do() -> None:
    head, line = changed_scores(TASK, GOLDEN, measured(0.5))
    assert head.endswith("raise `version` in task.toml, or mend the code")
    assert line == f"{CELL}: {SCORE} was {VALUE}, is 0.5"


def test_many_changed_scores_are_counted_and_a_few_named() -> None:
    cells = {name: Cell(key=cell.key, scores=dict.fromkeys(cell.scores, 9.0)) for name, cell in GOLDEN.cells.items()}
    lines = changed_scores(TASK, GOLDEN, GOLDEN.model_copy(update={"cells": cells}))
    count = sum(len(cell.scores) for cell in cells.values())
    assert f"{count} smoke scores changed" in lines[0]
    assert (len(lines), lines[-1]) == (7, f"and {count - 5} more")


def test_a_score_that_is_gone_or_new_is_a_change() -> None:
    cell = GOLDEN.cells[CELL]
    fewer = {name: score for name, score in cell.scores.items() if name != SCORE}
    less = GOLDEN.model_copy(update={"cells": {**GOLDEN.cells, CELL: Cell(key=cell.key, scores=fewer)}})
    assert f"{SCORE} was {VALUE}, is None" in changed_scores(TASK, GOLDEN, less)[1]
    assert f"{SCORE} was None, is {VALUE}" in changed_scores(TASK, less, GOLDEN)[1]


def test_a_run_of_another_key_is_not_compared() -> None:
    other = Cell(key="0" * 32, scores={SCORE: 0.5})
    now = GOLDEN.model_copy(update={"cells": {**GOLDEN.cells, CELL: other}})
    assert changed_scores(TASK, GOLDEN, now) == []


def registry_with(folder: Path, card: Card | None = None, content: str | None = None, **changes: Any) -> Registry:
    """The registry, with the golden scores of one task (or that `content` of their file) changed, and another card."""
    changed = GOLDEN.model_copy(update=changes).model_dump_json() if content is None else content
    (folder / "smoke.json").write_text(changed, encoding="utf-8")
    home = TaskHome(folder, REGISTRY.homes[TASK].package)
    tasks = {**REGISTRY.tasks, TASK: card or REGISTRY.tasks[TASK]}
    return replace(REGISTRY, tasks=tasks, homes={**REGISTRY.homes, TASK: home})


def test_golden_scores_of_the_present_code_have_no_problem(tmp_path: Path) -> None:
    assert golden_problems(registry_with(tmp_path), TASK) == []


CELLS = dict(GOLDEN.cells)
OTHER_CODE = {
    cell: Cell(key=replace(spec, code="0" * 32).key, scores={})
    for cell, spec in SPECS.items()
    if spec.entrant == "ppmi"
}
PROBLEMS: dict[str, tuple[dict[str, Any], str]] = {
    "the code of an entrant": (
        {"code": {**GOLDEN.code, "ppmi": "0" * 32}, "cells": {**CELLS, **OTHER_CODE}},
        f"{TASK}: the code of ppmi is not that of smoke.json. If it gives the same scores, "
        f"`harness check --accept ppmi` keeps the records; else `harness check --golden {TASK}`, and they are stale",
    ),
    "no JSON": ({"content": "{"}, "smoke.json: content: Invalid JSON"),
    "a missing field": (
        {"content": '{"version": 2}'},
        "smoke.json: packages: Field required; restore it, or delete it",
    ),
    "another version": (
        {"version": 1},
        f"smoke.json is of version 1, the card of version 2: `harness check --golden {TASK}`",
    ),
    "a changed setting": (
        {"defaults": {**GOLDEN.defaults, "setting vocabulary": 10}},
        "setting vocabulary was 10, is 20000: keys leave it out, and smoke scores prove nothing about it",
    ),
    "a changed chance": (
        {"defaults": {**GOLDEN.defaults, "chance of wic_accuracy": 0.25}},
        "chance of wic_accuracy was 0.25, is 0.5: keys leave it out",
    ),
    "a new setting": (
        {"defaults": {k: v for k, v in GOLDEN.defaults.items() if k != "setting radius"}},
        f"new on the card or gone from it: setting radius: `harness check --golden {TASK}`",
    ),
    "a run that is gone": (
        {"cells": {**CELLS, "atlas/gone seed 0": CELLS[CELL]}},
        "atlas/gone seed 0: new, gone, or not",
    ),
    "a new run": ({"cells": {k: v for k, v in CELLS.items() if k != CELL}}, f"{CELL}: new, gone, or not the same run"),
    "another run": ({"cells": {**CELLS, CELL: Cell(key="", scores={})}}, f"{CELL}: new, gone, or not the same run"),
}


@pytest.mark.parametrize("problem", PROBLEMS)
def test_what_shows_without_a_run_is_one_line_that_says_what_to_do(tmp_path: Path, problem: str) -> None:
    changes, message = PROBLEMS[problem]
    (line,) = golden_problems(registry_with(tmp_path, **changes), TASK)
    assert message in line
    assert "\n" not in line


def test_missing_golden_scores_are_one_line_with_the_command_and_the_tolerance(tmp_path: Path) -> None:
    registry = registry_with(tmp_path)
    (tmp_path / "smoke.json").unlink()
    homes = {**REGISTRY.homes, TASK: TaskHome(tmp_path, "another_package")}
    assert golden_problems(replace(registry, homes=homes), TASK) == [], "other packages need not have any"
    in_harness = TaskHome(HARNESS / "no_such_folder", "harness.no_such_folder")
    (line,) = golden_problems(replace(registry, homes={**homes, TASK: in_harness}), TASK)
    assert f"`harness check --golden {TASK}` writes it" in line
    assert "elsewhere within 0.001 of their value or 0.02 in all" in line


def edit(path: Path, before: str, after: str) -> None:
    """Replace some text of a file, which must be there."""
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after))


def stale(sea: Command) -> set[str]:
    """The entrants of the fixture's task whose records are stale."""
    told = json.loads(sea("status", "--tier", "smoke", "--task", "tides", "--json").stdout)
    return {run["cell"].split("/")[3] for run in told if run["state"] == "stale"}


def test_golden_scores_are_written_compared_and_not_written_over_scores_that_changed(
    sea: Command, sea_site: Path
) -> None:
    path = sea_site / "fixture_sea" / "tides" / "smoke.json"
    assert "smoke.json is not there: `harness check --golden tides` writes it" in sea("check", "tides").stderr
    assert "8 scores of 2 entrants" in sea("check", "--golden", "tides").stdout
    good = sea("check", "tides")
    assert (good.returncode, good.stdout) == (0, "tides: 8 smoke scores of 2 entrants, bit for bit\n")

    written = json.loads(path.read_text())
    scores = written["cells"]["harbour/mean seed 0"]["scores"]
    value = scores["error_ahead (ahead=6)"]
    scores["error_ahead (ahead=6)"] = value + 0.5
    path.write_text(json.dumps(written))
    for words in (["check", "tides"], ["check", "--golden", "tides"]):
        refused = sea(*words)
        assert refused.returncode in (1, 2)
        assert f"harbour/mean seed 0: error_ahead (ahead=6) was {value + 0.5}, is {value}" in refused.stderr
        assert "raise `version` in task.toml, or mend the code" in refused.stderr
    edit(path.with_name("task.toml"), "version = 1", "version = 2")
    assert sea("check", "--golden", "tides").returncode == 0
    assert json.loads(path.read_text())["version"] == 2


def test_code_that_was_tidied_up_keeps_its_records_again_and_again(sea: Command, sea_site: Path) -> None:
    method = sea_site / "fixture_sea" / "harmonics" / "harmonics.py"
    assert sea("run", "--tier", "smoke", "--task", "tides", "--seeds", "1", "--no-table").returncode == 0
    assert sea("check", "--golden", "tides").returncode == 0
    for before, after in (("phase", "angle"), ("angle", "turn")):
        edit(method, before, after)
        assert stale(sea) == {"harmonics"}
        assert "the code of harmonics is not that of smoke.json" in sea("check").stderr
        accepted = sea("check", "--accept", "tides")
        assert accepted.returncode == 0, accepted.stderr
        assert "mean: nothing changed" in accepted.stdout
        assert "harmonics: every smoke score is the golden one; its records stay valid" in accepted.stdout
        assert stale(sea) == set()
        assert sea("check").returncode == 0

    edit(method, "2 * np.pi", "2.1 * np.pi")
    refused = sea("check", "--accept", "harmonics")
    assert refused.returncode == 1
    assert "harmonics: harbour/harmonics seed 0: error was" in refused.stderr
    assert "its records are stale: `harness check --golden tides`" in refused.stderr
    assert stale(sea) == {"harmonics"}


def test_code_is_not_accepted_by_golden_scores_from_elsewhere(sea: Command, sea_site: Path) -> None:
    path = sea_site / "fixture_sea" / "tides" / "smoke.json"
    assert sea("check", "--golden", "tides").returncode == 0
    edit(path, '"torch": "', '"torch": "0.')
    close = sea("check", "tides").stdout
    assert "within 0.001 of their value or 0.02 in all: smoke.json was written with torch 0." in close
    assert "`harness check --golden tides` makes it exact here" in close
    edit(sea_site / "fixture_sea" / "harmonics" / "harmonics.py", "phase", "angle")
    refused = sea("check", "--accept", "harmonics")
    assert refused.returncode == 2
    assert "smoke.json was written with torch 0." in refused.stderr
