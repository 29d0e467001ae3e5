"""A long training goes on from its last checkpoint after its run was killed, and has the scores of one never killed."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from harness.checks.smoke import untimed_scores
from harness.cli.session import open_planner
from harness.records.environment import describe_environment
from harness.records.record import Record
from harness.records.store import Store
from harness.runs.executors.local import LocalExecutor
from harness.runs.job import CHECKPOINT_S
from harness.runs.selection import Selection

TASK, CASE, NAME = "word_similarity", "atlas", "walker"

STEPS = 10
KILLED_AFTER = 6
PLUGIN = '''
"""An entrant with a loop of its own, which is killed once."""

import os
from pathlib import Path

import torch

from harness.tasks.word_similarity import WordEmbedder

NOTES = Path(__file__).with_name("notes")


class Walker(WordEmbedder):
    """Takes random steps, as many as the budget has tenths, and notes each of them."""

    name = "walker"

    def fit(self, corpus, run):
        self.run, self.steps = run, 0
        self.table = torch.zeros(len(corpus.vocabulary), 4)
        for step in run.draw(range(STEPS), run.budget.total // STEPS, {"walker": self}):
            self.table += torch.randn(self.table.shape, generator=run.torch_rng("steps"))
            self.table *= 1 + torch.rand(()) * run.rng("scale").random()
            self.steps += 1
            run.log(steps=self.steps)
            with NOTES.open("a") as notes:
                notes.write(f"{step}\\n")
            if step + 1 == KILLED_AFTER and NOTES.with_name("killed").exists():
                NOTES.with_name("killed").unlink()
                HOW

    def vectors(self):
        return self.table.numpy()

    def state_dict(self):
        return {"table": self.table, "steps": self.steps}

    def load_state_dict(self, state):
        RESTORE
'''
RESTORE = 'self.table, self.steps = state["table"], state["steps"]'
Command = Callable[..., "CompletedProcess[str]"]


def source(how: str = "os.kill(os.getpid(), 9)", restore: str = RESTORE) -> str:
    """The plug-in's source."""
    values = {"STEPS": STEPS, "KILLED_AFTER": KILLED_AFTER, "HOW": how, "RESTORE": restore}
    text = PLUGIN
    for name, value in values.items():
        text = text.replace(name, str(value))
    return text


@pytest.fixture
def do(tmp_path: Path) -> Callable[..., Record]:
    """Does the run of the plug-in, whose source is given, unless it is done, with a checkpoint after each step unless
    another time between them is given; returns its record. It is killed after six of its ten steps if `dies`."""

    def done(text: str, results: str = "results", *, dies: bool = False, every_s: float = 0.0, **more: Any) -> Record:
        (tmp_path / "walker.py").write_text(text)
        if dies:
            (tmp_path / "killed").touch()
        planner = open_planner(tmp_path / results, [tmp_path / "walker.py"], describe_environment())
        selection = Selection(tier="smoke", tasks=[TASK], cases=[CASE], entrants=[NAME], seeds=1)
        due = planner.plan(selection).due(retry_errors=True)
        LocalExecutor().run(replace(job, checkpoint_s=every_s, **more) for job in due)
        (record,) = Store(tmp_path / results).all()
        return record

    return done


def taken(folder: Path) -> list[int]:
    """The steps that were taken, in order."""
    return [int(step) for step in (folder / "notes").read_text().split()]


def outcome(record: Record) -> tuple[object, ...]:
    """All that a run decides, but for times."""
    return record.status, untimed_scores(record), record.curve, record.spent, record.costs.weights, record.produced


def folder_of_checkpoints(folder: Path) -> Path:
    return Store(folder / "results").checkpoints


def test_the_same_command_goes_on_and_says_so(harness: Command, verb: Command, tmp_path: Path) -> None:
    (tmp_path / "walker.py").write_text(source())
    (tmp_path / "killed").touch()
    plugin = ("--plugin", "walker.py")
    words = ("run", "--task", TASK, "--tier", "smoke", "--case", CASE, "--entrant", NAME, "--seeds", 1, "--no-table")
    assert "was killed by signal 9" in harness(*words, *plugin, "--checkpoint", 0).stderr
    goes_on = "word_similarity/smoke/atlas/walker/default-s0.json goes on from 50%"
    assert goes_on in verb("status", *plugin).stdout
    again = harness(*words, *plugin)
    assert again.returncode == 0, again.stderr
    assert "word_similarity/atlas walker seed 0 goes on from 50%" in again.stderr
    assert goes_on not in verb("status", *plugin).stdout
    assert "seed 0, resumed 1 time:" in verb("explain", TASK, NAME, "--tier", "smoke").stdout


def test_a_killed_run_that_went_on_has_the_scores_of_one_never_killed(
    do: Callable[..., Record], tmp_path: Path
) -> None:
    assert do(source(), dies=True).status == "killed"
    resumed, whole = do(source()), do(source(), "other")
    assert taken(tmp_path) == [*range(KILLED_AFTER), *range(KILLED_AFTER - 1, STEPS), *range(STEPS)]
    assert outcome(resumed) == outcome(whole)
    assert (resumed.resumed, whole.resumed) == (1, 0)
    assert list(folder_of_checkpoints(tmp_path).iterdir()) == []


def test_a_short_run_writes_no_checkpoint(do: Callable[..., Record], tmp_path: Path) -> None:
    assert do(source(), dies=True, every_s=CHECKPOINT_S).status == "killed"
    assert not folder_of_checkpoints(tmp_path).exists()
    assert do(source()).resumed == 0
    assert taken(tmp_path) == [*range(KILLED_AFTER), *range(STEPS)]


@pytest.mark.parametrize("harm", ["truncated", "other code", "does not fit"])
def test_with_a_checkpoint_that_cannot_be_used_the_run_starts_from_the_beginning(
    do: Callable[..., Record], tmp_path: Path, harm: str
) -> None:
    text = source(restore="raise LookupError") if harm == "does not fit" else source()
    do(text, dies=True)
    if harm == "truncated":
        (path,) = folder_of_checkpoints(tmp_path).iterdir()
        path.write_bytes(path.read_bytes()[:-100])
    record = do(source(how="raise KeyError") if harm == "other code" else text)
    assert (record.status, record.resumed) == ("ok", 0)
    assert taken(tmp_path) == [*range(KILLED_AFTER), *range(STEPS)]
    assert list(folder_of_checkpoints(tmp_path).iterdir()) == []


@pytest.mark.parametrize("how", ["raise KeyError", "os._exit(3)"])
def test_the_checkpoints_of_a_run_that_fails_are_removed(do: Callable[..., Record], tmp_path: Path, how: str) -> None:
    assert do(source(how), dies=True).status == "error"
    assert list(folder_of_checkpoints(tmp_path).iterdir()) == []


def test_a_run_that_reached_its_limit_of_time_goes_on_when_it_is_repeated(
    do: Callable[..., Record], tmp_path: Path
) -> None:
    text = source(how="import time; time.sleep(1000)")
    assert do(text, dies=True, limit_s=5.0).status == "timeout"
    assert do(text).resumed == 1


def test_the_training_clock_leaves_out_what_was_lost(do: Callable[..., Record]) -> None:
    text = source(how="import time; time.sleep(2); os.kill(os.getpid(), 9)")
    assert do(text, dies=True).status == "killed"
    assert do(text).costs.train_s < 2
