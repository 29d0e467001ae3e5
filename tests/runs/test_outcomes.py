"""Whatever a plug-in does, its run ends in a record that names the cause, and the others finish."""

from pathlib import Path
from subprocess import CompletedProcess

import pytest

from harness.records.record import Record
from harness.records.store import Store

PLUGIN = '''
"""Entrants that fail, each in its own way, and one that does not."""

import os
import sys
import time

import numpy as np

from harness.tasks.word_similarity import WordEmbedder


class _Vectors(WordEmbedder):
    def fit(self, corpus, run):
        self.table = run.rng("init").standard_normal((len(corpus.vocabulary), 8)).astype(np.float32)

    def vectors(self):
        return self.table


class Good(_Vectors):
    """Does what it should."""

    name = "good"


class Raises(_Vectors):
    """Raises in training."""

    name = "raises"

    def fit(self, corpus, run):
        raise RuntimeError("boom")


class Hangs(_Vectors):
    """Never ends."""

    name = "hangs"

    def fit(self, corpus, run):
        time.sleep(1000)


class Exits(_Vectors):
    """Leaves politely."""

    name = "exits"

    def fit(self, corpus, run):
        sys.exit(3)


class Drops(_Vectors):
    """Leaves without a word."""

    name = "drops"

    def fit(self, corpus, run):
        os._exit(4)


class Killed(_Vectors):
    """Is killed."""

    name = "killed"

    def fit(self, corpus, run):
        os.kill(os.getpid(), 9)


class Greedy(_Vectors):
    """Takes more memory than it may."""

    name = "greedy"

    def fit(self, corpus, run):
        self.table = np.ones((1 << 20, 1 << 12))


class NotFinite(_Vectors):
    """Returns NaN."""

    name = "not_finite"

    def vectors(self):
        return self.table * np.nan


class Misshapen(_Vectors):
    """Returns one vector too few."""

    name = "misshapen"

    def vectors(self):
        return self.table[1:]


class Diverges(_Vectors):
    """Logs a loss that is not finite."""

    name = "diverges"

    def fit(self, corpus, run):
        run.log(loss=float("inf"))
'''

EXPECTED = {
    "good": ("ok", ""),
    "raises": ("error", "boom"),
    "hangs": ("timeout", "limit of 8 s"),
    "exits": ("error", "exited with status 3"),
    "drops": ("error", "exited with status 4"),
    "killed": ("killed", "signal 9"),
    "greedy": ("oom", "allocate"),
    "not_finite": ("error", "not finite"),
    "misshapen": ("error", "shape"),
    "diverges": ("diverged", "loss is inf"),
}


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[CompletedProcess[str], dict[str, Record]]:
    """One `run` of all of them."""
    import os
    import subprocess
    import sys

    folder = tmp_path_factory.mktemp("outcomes")
    plugin = folder / "failing.py"
    plugin.write_text(PLUGIN)
    words = ["run", "--tier", "smoke", "--task", "word_similarity", "--seeds", "1", "--plugin", plugin, "--limit", "8"]
    words += ["--memory", "900", "--results", folder / "results", "--case", "atlas"]
    words += [word for name in EXPECTED for word in ("--entrant", name)]
    done = subprocess.run(
        [sys.executable, "-m", "harness", *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env={**os.environ, "COLUMNS": "200"},
    )
    return done, {record.spec.entrant: record for record in Store(folder / "results").all()}


@pytest.mark.parametrize("entrant", EXPECTED)
def test_every_outcome_is_a_record_that_names_its_cause(
    ran: tuple[CompletedProcess[str], dict[str, Record]], entrant: str
) -> None:
    status, cause = EXPECTED[entrant]
    record = ran[1][entrant]
    assert record.status == status
    assert cause in (record.failure.message if record.failure else "")


@pytest.mark.parametrize("entrant", EXPECTED)
def test_every_outcome_is_a_row_of_the_table(
    ran: tuple[CompletedProcess[str], dict[str, Record]], entrant: str
) -> None:
    assert any(line.startswith(f"| {entrant} ") for line in ran[0].stdout.splitlines()), ran[0].stdout


def test_a_failed_run_makes_the_exit_status_non_zero(ran: tuple[CompletedProcess[str], dict[str, Record]]) -> None:
    assert ran[0].returncode == 1


def test_a_diverged_run_scores_chance(ran: tuple[CompletedProcess[str], dict[str, Record]]) -> None:
    record = ran[1]["diverges"]
    assert {score.metric: score.value for score in record.scores}[record.primary] == 0.0


def test_no_path_of_this_machine_is_recorded(ran: tuple[CompletedProcess[str], dict[str, Record]]) -> None:
    for record in ran[1].values():
        text = record.failure.traceback if record.failure else ""
        assert str(Path.home()) not in text
        assert 'File "/' not in text.replace('File "/usr/lib', "")
