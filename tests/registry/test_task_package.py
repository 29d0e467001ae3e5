"""A task of an installed package is found, run, shown and judged like any other; a broken one is one clear line."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

Command = Callable[..., "subprocess.CompletedProcess[str]"]

RUN = ("run", "--tier", "smoke", "--task", "tides")


def states(command: Command) -> set[str]:
    """The states that `harness status` tells of the records of the fixture's task."""
    done = command("status", "--tier", "smoke", "--task", "tides", "--json")
    assert done.returncode == 0, done.stderr
    return {run["state"] for run in json.loads(done.stdout)} - {"missing"}


def test_a_task_of_another_package_is_listed_run_shown_and_judged(sea: Command, tmp_path: Path) -> None:
    entrants = json.loads(sea("list", "--json").stdout)["tides"]["entrants"]
    assert {name: entrant["kind"] for name, entrant in entrants.items()} == {"harmonics": "method", "mean": "baseline"}

    ran = sea(*RUN)
    assert ran.returncode == 0, ran.stderr
    assert any(line.startswith("| harmonics ") for line in ran.stdout.splitlines()), ran.stdout
    assert "held constant: ahead 1 6 12" in ran.stdout
    nothing = sea("run", "--tier", "quick", "--task", "tides")
    assert (nothing.returncode, nothing.stderr) == (2, "harness: there is nothing at tier quick; there are: smoke\n")

    (claim,) = json.loads(sea("claims", "--tier", "smoke", "--task", "tides", "--json").stdout)["claims"]
    said = claim["paper"], claim["claim"], claim["text"]
    assert said == ("harmonics", "below_the_mean", "rehearsal: leaning for")

    report = sea("report", "--tier", "smoke", "--format", "svg")
    assert report.returncode == 0, report.stderr
    folder = tmp_path / "results" / "report"
    assert "Error of predicted heights by hours ahead" in (folder / "tides-smoke-ahead.svg").read_text()
    made = sea("site", "--out", "board", "--tier", "smoke")
    assert made.returncode == 0, made.stderr
    assert "Tides, tier smoke: error" in (tmp_path / "board" / "tides-smoke.html").read_text()
    claims = (tmp_path / "board" / "claims.html").read_text()
    assert "A wave of the moon&#39;s period tells heights more closely than their mean." in claims

    checked = sea("check")
    assert checked.returncode == 0, checked.stderr


EDITS = {
    "task.py": ('run.settings["starts"]', "1"),
    "data.py": ("VALID = 48, 12", "VALID = 48, 6"),
    "heights.csv": ("0,2", "0,3"),
    "task.toml": ("version = 1", "version = 2"),
}


def test_an_edited_task_makes_the_records_of_its_own_package_stale(sea: Command, sea_site: Path) -> None:
    assert sea(*RUN, "--seeds", "1", "--no-table").returncode == 0
    assert states(sea) == {"done"}
    for file, (before, after) in EDITS.items():
        path = sea_site / "fixture_sea" / "tides" / file
        whole = path.read_text()
        assert before in whole
        path.write_text(whole.replace(before, after, 1))
        assert states(sea) == {"stale"}, file
        path.write_text(whole)
    assert states(sea) == {"done"}


def test_a_task_that_cannot_be_imported_is_listed_and_its_runs_say_why_while_others_run(
    sea: Command, sea_site: Path
) -> None:
    task = sea_site / "fixture_sea" / "tides" / "task.py"
    task.write_text("import a_module_that_is_not_installed\n" + task.read_text())
    listed = sea("list")
    assert (listed.returncode, listed.stderr) == (0, "")
    assert "tides  Tides (version 1, hours)" in listed.stdout

    words = ("--task", "word_similarity", "--case", "harbour", "--case", "atlas", "--seeds", "1", "--no-table")
    ran = sea(*RUN, *words, "--entrant", "mean", "--entrant", "ppmi")
    assert ran.returncode == 1
    (line,) = [line for line in ran.stderr.splitlines() if "tides/harbour mean" in line]
    assert "error: tides/harbour mean seed 0: ModuleNotFoundError: No module named" in line
    assert "(./fixture_sea/tides/task.py:1)" in line
    assert "ok: word_similarity/atlas ppmi seed 0" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_a_new_task_installs_and_its_baseline_runs_and_conforms(
    harness: Command,
    harness_with: Callable[[Path], Command],
    install: Callable[[Path, Path], None],
    tmp_path: Path,
) -> None:
    made = harness("new", "my_task", "--kind", "task")
    assert made.returncode == 0, made.stderr
    assert "then: pip install -e my_task; harness run --task my_task --tier smoke" in made.stdout
    install(tmp_path / "my_task", tmp_path / "site")
    command = harness_with(tmp_path / "site")
    ran = command("run", "--task", "my_task", "--tier", "smoke")
    assert ran.returncode == 0, ran.stderr
    assert any(line.startswith("| mean ") for line in ran.stdout.splitlines()), ran.stdout
    checked = command("check", "mean")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    again = harness("new", "my_task", "--kind", "task")
    assert (again.returncode, again.stderr) == (2, "harness: my_task exists already; choose another name or --folder\n")
