"""A training that is killed at random checkpoints, first its process and then the whole harness, and goes on each time
has the scores of one that was never killed, bit for bit."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pytest

from harness.checks.smoke import untimed_scores
from harness.cli.session import open_planner
from harness.core.checkpoints import stored_checkpoints
from harness.core.processes import all_processes, descendants
from harness.records.environment import describe_environment
from harness.records.record import Record
from harness.records.store import Store
from harness.runs.executors.local import LocalExecutor
from harness.runs.selection import Selection

Run: TypeAlias = tuple[str, str, str]

DEADLINE_S = 600
RUNS: list[Run] = [
    ("long_range", "recall", "performer"),
    ("control", "reach", "drq"),
    ("federated", "digits", "scaffold"),
    ("entity_linking", "atlas", "genre"),
    ("generation", "digits", "vp_sde"),
    ("image_classification", "resolution_digits", "vit"),
    ("mlm", "atlas", "pmi_masking"),
    ("ood_dynamics", "balls", "rims"),
    ("retrieval", "atlas", "ance"),
]
"""A run of every task whose training loop is the task's: a kind of learning each. The short form does the first three:
supervised, by reinforcement, and by many clients."""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are only listed on Linux")


@pytest.mark.parametrize("run", RUNS, ids=[task for task, _, _ in RUNS])
def test_a_training_killed_twice_has_the_scores_of_one_never_killed(
    run: Run, tmp_path: Path, by_form: Callable[[int, int], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    if run not in RUNS[: by_form(3, len(RUNS))]:
        pytest.skip("the short form does three tasks")
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    expected = _finish(run, tmp_path / "never")
    for killed, share in zip(("run", "harness"), sorted(random.Random(str(run)).sample(range(5, 75), 2)), strict=True):
        _kill(_start(run, tmp_path / "twice"), tmp_path / "twice", share / 100, whole=killed == "harness")
    resumed = _finish(run, tmp_path / "twice")
    assert expected.resumed == 0
    # Once only, if the first kill came so late that the second one met the run before it had gone on.
    assert resumed.resumed in (1, 2)
    assert untimed_scores(resumed) == untimed_scores(expected)
    assert (resumed.curve, resumed.spent, resumed.produced) == (expected.curve, expected.spent, expected.produced)
    before, after = Store(tmp_path / "never").items(expected), Store(tmp_path / "twice").items(resumed)
    assert before.keys() == after.keys()
    assert all(np.array_equal(before[name], after[name]) for name in before)
    assert list((tmp_path / "twice" / ".checkpoints").iterdir()) == []


def _start(run: Run, results: Path) -> "subprocess.Popen[bytes]":
    """Start the command that does a run, with a checkpoint after every step."""
    task, case, entrant = run
    words = ["run", "--tier", "smoke", "--task", task, "--case", case, "--entrant", entrant, "--seeds", "1"]
    words += ["--no-table", "--results", str(results), "--checkpoint", "0"]
    return subprocess.Popen(
        [sys.executable, "-m", "harness", *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def _finish(run: Run, results: Path) -> Record:
    """Do a run to its end. This process starts it, which takes less time than the command."""
    task, case, entrant = run
    planner = open_planner(results, [], describe_environment())
    selection = Selection(tier="smoke", tasks=[task], cases=[case], entrants=[entrant], seeds=1)
    LocalExecutor().run(planner.plan(selection).due())
    store = Store(results)
    (record,) = store.all()
    assert store.problems == []
    return record


def _kill(harness: "subprocess.Popen[bytes]", results: Path, share: float, *, whole: bool) -> None:
    """Kill the harness or the process of its run as soon as a checkpoint was written after a share of the budget."""
    deadline = time.monotonic() + DEADLINE_S
    while not any(checkpoint.share >= share for checkpoint in stored_checkpoints(results / ".checkpoints")):
        assert harness.poll() is None, "the run had ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.002)
    known = all_processes()
    below = descendants(harness.pid, known)
    (of_run,) = [number for number in below if known[number].session == number]
    os.kill(harness.pid if whole else of_run, signal.SIGKILL)
    assert harness.wait(DEADLINE_S) == (-signal.SIGKILL if whole else 1)
    while any(number in (known := all_processes()) and not known[number].ended for number in below):
        assert time.monotonic() < deadline
        time.sleep(0.02)
