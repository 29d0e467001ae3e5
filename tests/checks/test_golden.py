"""A protocol cannot drift in silence, and code that was tidied up costs no record."""

import json
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.checks import golden
from harness.checks.golden import changed_scores, check_scores, golden_problems, own_entrants
from harness.checks.golden_file import Golden, defaults, run_name
from harness.checks.smoke import run_smoke, smoke_specs
from harness.records.record import Record
from harness.registry.find import Registry, find
from harness.registry.headers import HARNESS
from harness.registry.tasks import TaskHome
from predicting import lost_in_round_trips

Command = Callable[..., "subprocess.CompletedProcess[str]"]

REGISTRY = find()
TASK, RUN, SCORE, VALUE = "word_similarity", "atlas/ppmi seed 0", "mean_spearman", 0.25
WRITE = f"`harness check --golden {TASK}`"
SPECS = {run_name(spec): spec for spec in smoke_specs(REGISTRY, TASK, own_entrants(REGISTRY, TASK))}
GOLDEN = Golden(
    about="",
    version=REGISTRY.card(TASK).version,
    packages={"torch": "2.0"},
    processor="a processor",
    defaults=defaults(REGISTRY.card(TASK)),
    code={spec.entrant: spec.code for spec in SPECS.values()},
    keys={run: spec.key for run, spec in SPECS.items()},
    scores={run: {SCORE: VALUE, "coverage": 1.0} for run in SPECS},
)
"""What `smoke.json` would say of the present code if every run had the same scores."""


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize("task", [task for task, home in REGISTRY.homes.items() if home.root == HARNESS])
def test_smoke_scores_are_the_golden_ones_and_those_of_the_predictions_that_are_kept(
    task: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """One test for both: it runs the whole smoke tier of the task."""

    def run_and_keep(registry: Registry, task: str, entrants: Sequence[str], _: Path, **options: Any) -> list[Record]:
        return run_smoke(registry, task, entrants, tmp_path, keeps_predictions=True, **options)

    monkeypatch.setattr(golden, "run_smoke", run_and_keep)
    problems, compared = check_scores(REGISTRY, task)
    assert not problems, "\n".join(problems)
    assert compared
    assert list(lost_in_round_trips(REGISTRY, task, tmp_path)) == []


def changed(**fields: Any) -> Golden:
    """The golden scores with some fields changed: those of a mapping, or all of another value."""
    known = {name: getattr(GOLDEN, name) for name in fields}
    return GOLDEN.model_copy(
        update={name: {**known[name], **new} if isinstance(new, dict) else new for name, new in fields.items()}
    )


@pytest.mark.parametrize("place", [{}, {"packages": {"torch": "0.1"}}, {"processor": "an abacus"}], ids=str)
@pytest.mark.parametrize("moved", [0.0, 1e-16, 0.01, 0.03])
def test_scores_are_compared_bit_for_bit_in_the_same_place_and_within_a_tolerance_elsewhere(
    place: dict[str, Any], moved: float
) -> None:
    now = changed(scores={RUN: {SCORE: VALUE + moved, "coverage": 1.0}}, **place)
    assert bool(changed_scores(TASK, GOLDEN, now)) == (VALUE + moved != VALUE and (moved > 0.02 or not place))


@pytest.mark.parametrize(("place", "is_compared"), [({}, True), ({"processor": "an abacus"}, False)])
def test_runs_that_amplify_rounding_errors_are_compared_in_the_same_place_alone(
    place: dict[str, Any], is_compared: bool
) -> None:
    golden = GOLDEN.model_copy(update={"amplified": (RUN,)})
    now = changed(scores={RUN: {SCORE: VALUE + 0.5, "coverage": 1.0}}, **place)
    assert bool(changed_scores(TASK, golden, now)) == is_compared


def test_changed_scores_are_named_with_their_runs_and_what_to_do() -> None:
    head, *lines, last = changed_scores(TASK, GOLDEN, changed(scores={run: {SCORE: 0.5} for run in SPECS}))
    assert head == (
        f"{TASK}: {2 * len(SPECS)} smoke scores changed though the keys of their runs did not: raise `version` in "
        "task.toml, or mend the code"
    )
    assert lines[:2] == [
        f"{min(SPECS)}: coverage was 1.0, is None",
        f"{min(SPECS)}: {SCORE} was 0.25, is 0.5",
    ]
    assert last == f"and {2 * len(SPECS) - 5} more"


def test_scores_of_runs_with_other_keys_are_not_compared() -> None:
    assert not changed_scores(TASK, GOLDEN, changed(keys={RUN: "0"}, scores={RUN: {SCORE: 0.5}}))


OTHER_CODE = {run: replace(spec, code="0").key for run, spec in SPECS.items() if spec.entrant == "ppmi"}
PROBLEMS: dict[str, tuple[dict[str, Any], str]] = {
    "another version": ({"version": 1}, f"{TASK}: smoke.json is of version 1, the card of version 2: {WRITE}"),
    "a changed setting": (
        {"defaults": {"setting vocabulary": 10}},
        "setting vocabulary was 10, is 20000: keys leave it out, and smoke scores prove nothing about it",
    ),
    "a changed chance": ({"defaults": {"chance of wic_accuracy": 0.2}}, "chance of wic_accuracy was 0.2, is 0.5: keys"),
    "a setting that is gone": (
        {"defaults": {"setting old": 1}},
        f"new on the card or gone from it: setting old: {WRITE}",
    ),
    "the code of an entrant": (
        {"code": {"ppmi": "0"}, "keys": OTHER_CODE},
        "the code of ppmi is not that of smoke.json. If it gives the same scores, `harness check --accept ppmi` keeps",
    ),
    "a run that is gone": (
        {"keys": {"atlas/x seed 0": "0"}},
        f"or not the same run as in smoke.json: atlas/x seed 0: {WRITE}",
    ),
    "another run": ({"keys": {RUN: "0"}}, f"or not the same run as in smoke.json: {RUN}: {WRITE}"),
}


def problems_of(folder: Path, content: str) -> list[str]:
    """What shows without a run where a task's golden scores are those."""
    (folder / "smoke.json").write_text(content, encoding="utf-8")
    homes = {**REGISTRY.homes, TASK: TaskHome(folder, "another_package")}
    return golden_problems(replace(REGISTRY, homes=homes), TASK)


@pytest.mark.parametrize("problem", PROBLEMS)
def test_what_shows_without_a_run_is_one_line_that_says_what_to_do(tmp_path: Path, problem: str) -> None:
    assert problems_of(tmp_path, GOLDEN.model_dump_json()) == []
    changes, message = PROBLEMS[problem]
    (line,) = problems_of(tmp_path, changed(**changes).model_dump_json())
    assert message in line


@pytest.mark.parametrize(("content", "message"), [("{", "content: Invalid JSON"), ("{}", "about: Field required")])
def test_a_file_with_a_fault_is_named_with_the_place(tmp_path: Path, content: str, message: str) -> None:
    (line,) = problems_of(tmp_path, content)
    assert line.startswith(f"{tmp_path}/smoke.json: {message}")
    assert line.endswith(f"; restore it, or delete it and {WRITE}")


def test_missing_golden_scores_of_this_distribution_are_one_line_with_the_command_and_the_tolerance() -> None:
    def problems(package: str) -> list[str]:
        homes = {**REGISTRY.homes, TASK: TaskHome(HARNESS / "nowhere", package)}
        return golden_problems(replace(REGISTRY, homes=homes), TASK)

    (line,) = problems("harness.nowhere")
    assert f"nowhere/smoke.json is not there: {WRITE} writes it." in line
    assert "bit for bit on this machine, within 0.001 of their value or 0.02 in all elsewhere" in line
    assert problems("another_package") == []


def edit(path: Path, before: str, after: str) -> None:
    """Replace some text of a file, which must be there."""
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after))


def test_golden_scores_are_written_and_compared_but_changed_scores_need_another_version(
    sea: Command, sea_site: Path
) -> None:
    path = sea_site / "fixture_sea" / "tides" / "smoke.json"
    assert sea("check", "tides").returncode == 2
    assert "8 smoke scores of 2 entrants" in sea("check", "--golden", "tides").stdout
    assert sea("check", "tides").stdout == "tides: 8 smoke scores of 2 entrants, bit for bit\n"

    written = json.loads(path.read_text())
    scores = written["scores"]["harbour/mean seed 0"]
    scores["error"] += 0.5
    path.write_text(json.dumps(written))
    for words in (["check", "tides"], ["check", "--golden", "tides"]):
        refused = sea(*words)
        assert refused.returncode in (1, 2)
        assert f"harbour/mean seed 0: error was {scores['error']}, is " in refused.stderr
        assert "raise `version` in task.toml, or mend the code" in refused.stderr
    edit(path.with_name("task.toml"), "version = 1", "version = 2")
    assert sea("check", "--golden", "tides").returncode == 0
    assert json.loads(path.read_text())["version"] == 2


def test_code_that_was_tidied_up_keeps_its_records_again_and_again(sea: Command, sea_site: Path) -> None:
    def stale() -> set[str]:
        runs = json.loads(sea("status", "--tier", "smoke", "--task", "tides", "--json").stdout)
        return {run["cell"].split("/")[3] for run in runs if run["state"] == "stale"}

    method = sea_site / "fixture_sea" / "harmonics" / "harmonics.py"
    sea("run", "--tier", "smoke", "--task", "tides", "--seeds", "1", "--no-table")
    sea("check", "--golden", "tides")
    for before, after in (("phase", "angle"), ("angle", "turn")):
        edit(method, before, after)
        assert stale() == {"harmonics"}
        accepted = sea("check", "--accept", "tides")
        assert accepted.returncode == 0, accepted.stderr
        assert "mean: there is no other code to accept" in accepted.stdout
        assert "harmonics: every smoke score is the golden one; its records stay valid" in accepted.stdout
        assert stale() == set()

    edit(method, "2 * np.pi", "2.1 * np.pi")
    refused = sea("check", "--accept", "harmonics")
    assert refused.returncode == 1
    assert "harmonics: harbour/harmonics seed 0: error was" in refused.stderr
    assert stale() == {"harmonics"}

    edit(sea_site / "fixture_sea" / "tides" / "smoke.json", '"torch": "', '"torch": "0.')
    elsewhere = sea("check", "--accept", "harmonics")
    assert elsewhere.returncode == 2
    assert "code is accepted where scores are the same bit for bit, but smoke.json is from torch 0." in elsewhere.stderr
