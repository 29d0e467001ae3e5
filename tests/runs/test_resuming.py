"""The same command again runs nothing; a kill at any moment loses nothing and does nothing twice."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.records.store import Store

HELPER = """
WAIT = 0.8
"""
PLUGIN = '''
"""An entrant that takes its time, and notes every time that it is trained."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from harness.tasks.word_similarity import WordEmbedder
from slow_helper import WAIT


class Slow(WordEmbedder):
    """Waits, then draws random vectors."""

    name = "slow"

    def fit(self, corpus, run):
        Path(os.environ["TRAINED"]).with_suffix(".pid").write_text(str(os.getpid()))
        time.sleep(WAIT)
        self.table = run.rng("init").standard_normal((len(corpus.vocabulary), 8)).astype(np.float32)
        with open(os.environ["TRAINED"], "a") as log:
            log.write(f"{run.seed('init')}\\n")

    def vectors(self):
        return self.table
'''
OTHER = PLUGIN.replace("from slow_helper import WAIT\n", "").replace("WAIT", "0.0")
OTHER = OTHER.replace('"slow"', '"other"').replace("class Slow", "class Other")
SEEDS = 4


@pytest.fixture(autouse=True)
def _interrupts_are_heard() -> Iterator[None]:
    """Where the tests themselves run in the background interrupts are ignored, and children would inherit that."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with two plug-ins, of which one imports a helper."""
    (tmp_path / "slow_helper.py").write_text(HELPER)
    (tmp_path / "slow_entrant.py").write_text(PLUGIN)
    (tmp_path / "other_entrant.py").write_text(OTHER)
    return tmp_path


def command(folder: Path, verb: str = "run", *more: str) -> list[str]:
    words = ["--tier", "smoke", "--task", "word_similarity", "--results", "results", "--plugin", "slow_entrant.py"]
    if verb == "run":
        words += ["--case", "atlas", "--entrant", "slow", "--seeds", str(SEEDS), "--no-table"]
    return [sys.executable, "-m", "harness", verb, *words, *more]


def environment(folder: Path) -> dict[str, str]:
    return {**os.environ, "TRAINED": str(folder / "trained"), "HARNESS_CACHE": str(folder / "cache")}


def do(folder: Path, verb: str = "run", *more: str) -> "subprocess.CompletedProcess[str]":
    words = command(folder, verb, *more)
    return subprocess.run(words, cwd=folder, env=environment(folder), capture_output=True, text=True, check=False)


def start(folder: Path) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        command(folder), cwd=folder, env=environment(folder), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def trained(folder: Path) -> list[str]:
    log = folder / "trained"
    return log.read_text().split() if log.exists() else []


def statuses(folder: Path) -> list[str]:
    return [record.status for record in Store(folder / "results").all()]


def test_the_same_run_again_runs_nothing(folder: Path) -> None:
    assert do(folder).returncode == 0
    assert len(trained(folder)) == SEEDS
    assert do(folder).returncode == 0
    assert len(trained(folder)) == SEEDS


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_killed_harness_goes_on_where_it_stopped(folder: Path, number: signal.Signals) -> None:
    # Long enough that what runs when the signal comes does not end before it is heard, however busy the machine is.
    (folder / "slow_helper.py").write_text("WAIT = 3.0\n")
    process = start(folder)
    while len(trained(folder)) < 2:
        time.sleep(0.02)
    process.send_signal(number)
    process.wait()
    time.sleep(3.5)
    done = len(trained(folder))
    assert do(folder).returncode == 0
    assert statuses(folder) == ["ok"] * SEEDS
    # A run that was killed between its training and its record is done again; a finished one never is.
    assert len(trained(folder)) <= SEEDS + 2
    assert done < SEEDS


def test_a_killed_worker_is_recorded_and_repeated(folder: Path) -> None:
    process = start(folder)
    pid = folder / "trained.pid"
    while not (pid.exists() and pid.read_text()):
        time.sleep(0.02)
    os.kill(int(pid.read_text()), signal.SIGKILL)
    process.wait()
    assert sorted(set(statuses(folder))) == ["killed", "ok"]
    assert do(folder).returncode == 0
    assert statuses(folder) == ["ok"] * SEEDS


def test_two_runs_at_once_run_no_cell_twice(folder: Path) -> None:
    processes = [start(folder), start(folder)]
    assert [process.wait() for process in processes] == [0, 0]
    assert len(trained(folder)) == len(set(trained(folder))) == SEEDS


def test_editing_a_helper_makes_stale_what_imports_it_and_names_it(folder: Path) -> None:
    plugin = ("--plugin", "other_entrant.py", "--entrant", "other")
    assert do(folder, "run", *plugin).returncode == 0
    (folder / "slow_helper.py").write_text(HELPER.replace("0.8", "0.7"))
    told = do(folder, "status", "--why", "--plugin", "other_entrant.py").stdout
    stale = [line for line in told.splitlines() if line.startswith("stale")]
    assert len(stale) == SEEDS
    assert all("/slow/" in line and "slow_helper.py changed" in line for line in stale)


def test_editing_a_comment_makes_nothing_stale(folder: Path) -> None:
    assert do(folder).returncode == 0
    (folder / "slow_helper.py").write_text("# How long it waits.\n" + HELPER)
    (folder / "slow_entrant.py").write_text(PLUGIN.replace("Waits, then draws", "Draws, after a while,"))
    assert "stale" not in do(folder, "status", "--why").stdout


def test_a_run_dies_with_the_harness(folder: Path) -> None:
    (folder / "slow_helper.py").write_text("WAIT = 600\n")
    process = start(folder)
    note = folder / "trained.pid"
    while not (note.exists() and note.read_text()):
        time.sleep(0.02)
    process.kill()
    process.wait()
    deadline = time.monotonic() + 10
    while (alive := _is_running(int(note.read_text()))) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not alive


def _is_running(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"
