"""A kill at any moment loses no record, doubles none and corrupts none; processes that do the same runs share them."""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from bad_plugins import Bad
from harness.core.processes import all_processes, descendants
from harness.records.store import Store

RUNS = 12
DEADLINE_S = 600

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are only listed on Linux")


@pytest.fixture
def start(tmp_path: Path) -> Callable[[], "subprocess.Popen[bytes]"]:
    """Starts the command that does all runs; each run notes that it has begun."""
    note = "with open('NOTES', 'a') as file:\n    file.write(f'{self.dim}\\n')\ntime.sleep(0.05)"
    source = Bad("ok", note.replace("NOTES", str(tmp_path / "notes"))).source("counted")
    (tmp_path / "counted.py").write_text(source)
    values = ",".join(map(str, range(1, RUNS + 1)))
    words = ["run", "--task", "word_similarity", "--tier", "smoke", "--case", "atlas", "--seeds", "1", "--no-table"]
    words += ["--plugin", "counted.py", "--entrant", f"counted[dim={values}]", "--workers", "1"]
    command = [sys.executable, "-m", "harness", *words]
    environment = {**os.environ, "HARNESS_CACHE": str(tmp_path / "cache")}
    return lambda: subprocess.Popen(
        command, cwd=tmp_path, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )


def records(folder: Path) -> dict[str, str]:
    """When each run was finished, by place; a harmed record is an error."""
    store = Store(folder / "results")
    found = {record.spec.place: record.finished for record in store.all() if record.status == "ok"}
    assert store.problems == []
    return found


def test_kills_at_random_moments_lose_nothing_and_double_nothing(
    start: Callable[[], "subprocess.Popen[bytes]"], tmp_path: Path, by_form: Callable[[int, int], int]
) -> None:
    kills, draw, known = 0, random.Random(0), {}
    wanted, files = by_form(4, 50), tmp_path / "results" / "records"
    while kills < wanted:
        if len(known) == RUNS:
            for place in draw.sample(sorted(known), RUNS - 2):
                (files / place).unlink()
                del known[place]
        running, goal = start(), draw.randint(len(known), RUNS - 1)
        below = _wait(running, lambda goal=goal: sum(1 for _ in files.glob("word*/*/*/*/*.json")) > goal)
        time.sleep(draw.random() * 0.2)
        victim = draw.choice([running.pid, *below])
        try:
            os.kill(victim, signal.SIGKILL)
        except ProcessLookupError:
            victim = running.pid
            running.kill()
        kills += 1
        if victim == running.pid:
            running.wait()
            _wait_for_the_end(below)
        else:
            assert b"Traceback" not in running.communicate(timeout=DEADLINE_S)[1]
        after = records(tmp_path)
        assert known.items() <= after.items(), "a finished run was lost or done again"
        known = after
    finished = start()
    assert b"Traceback" not in finished.communicate(timeout=DEADLINE_S)[1]
    assert finished.returncode == 0
    assert len(records(tmp_path)) == RUNS
    assert not list(tmp_path.rglob("*.part"))


def test_processes_that_do_the_same_runs_do_each_once(
    start: Callable[[], "subprocess.Popen[bytes]"], tmp_path: Path, by_form: Callable[[int, int], int]
) -> None:
    for _ in range(by_form(1, 25)):
        (tmp_path / "notes").unlink(missing_ok=True)
        for path in (tmp_path / "results").glob("records/word*/*/*/*/*.json"):
            path.unlink()
        running = [start() for _ in range(4)]
        for process in running:
            assert b"Traceback" not in process.communicate(timeout=DEADLINE_S)[1]
        assert [process.returncode for process in running] == [0] * 4
        assert Counter((tmp_path / "notes").read_text().split()) == Counter(map(str, range(1, RUNS + 1)))
        assert len(records(tmp_path)) == RUNS


def _wait(running: "subprocess.Popen[bytes]", reached: Callable[[], bool]) -> list[int]:
    """Wait until something is reached or the process has ended; the processes that it has started meanwhile."""
    deadline = time.monotonic() + DEADLINE_S
    while not reached() and running.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    return descendants(running.pid, all_processes())


def _wait_for_the_end(below: list[int]) -> None:
    """Wait until processes have ended; they must within some seconds."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        known = all_processes()
        if not any(number in known and not known[number].ended for number in below):
            return
        time.sleep(0.05)
    raise AssertionError("processes of a killed harness still run")
