"""The same command again runs nothing; a kill at any moment loses nothing and does nothing twice."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.records.store import Store

HELPER = "WIDTH = 8\n"
PLUGIN = '''
"""An entrant that waits, and notes every time that it is trained."""

import os
import time
from pathlib import Path

from harness.tasks.word_similarity import WordEmbedder
from slow_helper import WIDTH


class Slow(WordEmbedder):
    """Waits, then draws random vectors."""

    name = "slow"

    def fit(self, corpus, run):
        Path(os.environ["TRAINED"]).with_suffix(".pid").write_text(str(os.getpid()))
        time.sleep(float(os.environ["WAIT"]))
        self.table = run.rng("init").standard_normal((len(corpus.vocabulary), WIDTH)).astype("float32")
        with open(os.environ["TRAINED"], "a") as log:
            log.write(f"{run.seed('init')}\\n")

    def vectors(self):
        return self.table
'''
OTHER = PLUGIN.replace("from slow_helper import WIDTH\n", "").replace("WIDTH", "8")
OTHER = OTHER.replace('"slow"', '"other"').replace("class Slow", "class Other")
SEEDS = 4


@pytest.fixture(autouse=True)
def _interrupts_are_heard() -> Iterator[None]:
    """Where the tests themselves run in the background interrupts are ignored, and children would inherit that."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def write_plugins(folder: Path) -> None:
    """Two plug-ins, of which one imports a helper."""
    (folder / "slow_helper.py").write_text(HELPER)
    (folder / "slow_entrant.py").write_text(PLUGIN)
    (folder / "other_entrant.py").write_text(OTHER)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the plug-ins."""
    write_plugins(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which both plug-ins have run."""
    folder = tmp_path_factory.mktemp("once")
    write_plugins(folder)
    done = do(folder, "run", *BOTH)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def finished(once: Path, tmp_path: Path) -> Path:
    """A copy of that folder."""
    return shutil.copytree(once, tmp_path / once.name)


BOTH = ("--plugin", "other_entrant.py", "--entrant", "other")


def command(verb: str = "run", *more: str) -> list[str]:
    words = ["--tier", "smoke", "--task", "word_similarity", "--results", "results", "--plugin", "slow_entrant.py"]
    if verb == "run":
        words += ["--case", "atlas", "--entrant", "slow", "--seeds", str(SEEDS), "--no-table"]
    return [sys.executable, "-m", "harness", verb, *words, *more]


def environment(folder: Path, wait: float) -> dict[str, str]:
    names = {"TRAINED": folder / "trained", "WAIT": wait, "HARNESS_CACHE": folder / "cache"}
    return {**os.environ, **{name: str(value) for name, value in names.items()}}


def do(folder: Path, verb: str = "run", *more: str) -> "subprocess.CompletedProcess[str]":
    words = command(verb, *more)
    return subprocess.run(words, cwd=folder, env=environment(folder, 0), capture_output=True, text=True, check=False)


def start(folder: Path, wait: float) -> "subprocess.Popen[bytes]":
    """A `run` whose runs wait for so many seconds."""
    null = subprocess.DEVNULL
    return subprocess.Popen(command(), cwd=folder, env=environment(folder, wait), stdout=null, stderr=null)


def pid_of_run(folder: Path) -> int:
    """The process of the first run to train, as soon as there is one."""
    note = folder / "trained.pid"
    while not (note.exists() and note.read_text()):
        time.sleep(0.02)
    return int(note.read_text())


def trained(folder: Path) -> list[str]:
    log = folder / "trained"
    return log.read_text().split() if log.exists() else []


def statuses(folder: Path) -> list[str]:
    return [record.status for record in Store(folder / "results").all()]


def test_the_same_run_again_runs_nothing(finished: Path) -> None:
    before = trained(finished)
    assert len(before) == 2 * SEEDS
    assert do(finished, "run", *BOTH).returncode == 0
    assert trained(finished) == before


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_killed_harness_goes_on_where_it_stopped(folder: Path, number: signal.Signals) -> None:
    # Long enough that the runs at the time of the signal do not end before it arrives, however busy the machine is.
    process = start(folder, wait=3.0)
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
    process = start(folder, wait=0.8)
    os.kill(pid_of_run(folder), signal.SIGKILL)
    process.wait()
    assert sorted(set(statuses(folder))) == ["killed", "ok"]
    assert do(folder).returncode == 0
    assert statuses(folder) == ["ok"] * SEEDS


def test_two_runs_at_once_run_no_cell_twice(folder: Path) -> None:
    processes = [start(folder, wait=0.8) for _ in range(2)]
    assert [process.wait() for process in processes] == [0, 0]
    assert len(trained(folder)) == len(set(trained(folder))) == SEEDS


def test_editing_a_helper_makes_stale_what_imports_it_and_names_it(finished: Path) -> None:
    (finished / "slow_helper.py").write_text(HELPER.replace("8", "9"))
    told = do(finished, "status", "--why", "--plugin", "other_entrant.py").stdout
    stale = [line for line in told.splitlines() if line.startswith("stale")]
    assert len(stale) == SEEDS
    assert all("/slow/" in line and "slow_helper.py changed" in line for line in stale)


def test_editing_a_comment_makes_nothing_stale(finished: Path) -> None:
    (finished / "slow_helper.py").write_text("# How wide the vectors are.\n" + HELPER)
    (finished / "slow_entrant.py").write_text(PLUGIN.replace("Waits, then draws", "Draws, after a while,"))
    told = do(finished, "status", "--why").stdout
    assert "done" in told
    assert "stale" not in told


def test_a_run_dies_with_the_harness(folder: Path) -> None:
    process = start(folder, wait=600)
    pid = pid_of_run(folder)
    process.kill()
    process.wait()
    deadline = time.monotonic() + 10
    while (alive := _is_running(pid)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not alive


def _is_running(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"
