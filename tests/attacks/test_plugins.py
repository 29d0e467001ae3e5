"""No plug-in takes others down: each run is a record and at most one line, and nothing of it goes on running."""

import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

from bad_plugins import QUICK, SLEEP, SLOW, Bad
from harness.records.record import Record
from harness.records.store import Store

Command = Callable[..., "subprocess.CompletedProcess[str]"]

SMALLEST = ("--task", "word_similarity", "--tier", "smoke", "--case", "atlas", "--seeds", "1")

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="left-overs are only found on Linux")


class Outcome(NamedTuple):
    """What became of runs of bad plug-ins."""

    plugins: Mapping[str, Bad]
    done: "subprocess.CompletedProcess[str]"
    records: Mapping[str, Record]


@pytest.fixture(scope="module", params=["quick", "slow"])
def outcome(
    request: pytest.FixtureRequest,
    harness_in: Callable[[Path], Command],
    tmp_path_factory: pytest.TempPathFactory,
    by_form: Callable[[bool, bool], bool],
) -> Outcome:
    """One `run` of plug-ins; those that reach a limit only in the long form."""
    if request.param == "slow" and by_form(True, False):
        pytest.skip("takes the time of the limits; set HARNESS_ATTACKS=long")
    plugins = QUICK if request.param == "quick" else SLOW
    folder = tmp_path_factory.mktemp("attacks")
    words = []
    for name, bad in plugins.items():
        (folder / f"{name}.py").write_text(bad.source(name))
        words += ["--plugin", f"{name}.py", "--entrant", name]
    limits = ("--limit", 120 if request.param == "quick" else 10, "--memory", 1000)
    done = harness_in(folder)("run", *SMALLEST, *limits, *words)
    return Outcome(plugins, done, {record.spec.entrant: record for record in Store(folder / "results").all()})


def test_every_run_is_a_record_with_its_status(outcome: Outcome) -> None:
    found = {name: record.status for name, record in outcome.records.items()}
    assert found == {name: bad.status for name, bad in outcome.plugins.items()}


def test_every_run_is_a_row_of_the_table(outcome: Outcome) -> None:
    rows = {line.split()[1] for line in outcome.done.stdout.splitlines() if line.startswith("| ")}
    assert outcome.plugins.keys() <= rows


def test_failures_are_one_short_line_and_no_traceback(outcome: Outcome) -> None:
    assert outcome.done.returncode == 1
    assert "Traceback" not in outcome.done.stdout + outcome.done.stderr
    told = [line for line in outcome.done.stderr.splitlines() if line.startswith("[")]
    runs = [line for line in told if "] ok:" not in line and "seed 0" in line]
    assert len(runs) == sum(bad.status != "ok" for bad in outcome.plugins.values())
    assert all(len(line) < 4500 and line.isprintable() for line in runs)


def test_nothing_outlives_its_run(outcome: Outcome) -> None:
    deadline = time.monotonic() + 5
    while (left := _sleeping()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert left == []


def _sleeping() -> list[str]:
    """The processes of bad plug-ins that still run."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().split(b"\0")
        except OSError:
            continue
        if SLEEP.encode() in words:
            found.append(path.parent.name)
    return found


def test_records_that_are_removed_while_others_run_are_told(harness: Command, tmp_path: Path) -> None:
    removes = "import glob\nfor path in glob.glob('results/records/word*/*/*/*/*.json'):\n    os.unlink(path)"
    (tmp_path / "removes.py").write_text(Bad("ok", removes).source("removes"))
    words = (*SMALLEST[:-1], 2, "--workers", 1, "--plugin", "removes.py", "--entrant", "removes", "--no-table")
    done = harness("run", *words)
    assert done.returncode == 1
    assert "gone: word_similarity/atlas removes seed 0: its record was removed meanwhile" in done.stderr
