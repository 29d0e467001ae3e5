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


class ParameterChanged(_Vectors):
    """Changes a parameter to what a record cannot hold."""

    name = "parameter_changed"
    dim: int = 8

    def fit(self, corpus, run):
        super().fit(corpus, run)
        self.dim = np.int64(8)


class Unweighable(_Vectors):
    """Cannot say how many weights it has."""

    name = "unweighable"

    def weights(self):
        raise RuntimeError("no idea")


class FailsTwice(Unweighable):
    """Fails, and then cannot say how many weights it has."""

    name = "fails_twice"

    def fit(self, corpus, run):
        raise RuntimeError("the cause")


class Nonsense(_Vectors):
    """Puts nonsense into the curve."""

    name = "nonsense"

    def fit(self, corpus, run):
        super().fit(corpus, run)
        run.curve.append({"spent": object()})


class KeepsText(_Vectors):
    """Keeps text where bytes are asked for."""

    name = "keeps_text"

    def fit(self, corpus, run):
        super().fit(corpus, run)
        run.kept["notes.txt"] = "text"


class KeepsElsewhere(_Vectors):
    """Tries to keep a file outside the store."""

    name = "keeps_elsewhere"

    def fit(self, corpus, run):
        super().fit(corpus, run)
        run.kept["../../../../../../outside.txt"] = b"text"


class Wordless(_Vectors):
    """Raises an exception that cannot be told."""

    name = "wordless"

    def fit(self, corpus, run):
        class Wordless(BaseException):
            def __str__(self):
                raise RuntimeError

        raise Wordless


class Talkative(_Vectors):
    """Raises an exception that says too much, and what UTF-8 cannot hold."""

    name = "talkative"

    def fit(self, corpus, run):
        raise ValueError(os.fsdecode(b"\\xff") + "x" * 5_000_000)


class Interrupts(_Vectors):
    """Raises what an interrupt from the keyboard raises."""

    name = "interrupts"

    def fit(self, corpus, run):
        raise KeyboardInterrupt


class Closes(_Vectors):
    """Closes everything that is open."""

    name = "closes"

    def fit(self, corpus, run):
        super().fit(corpus, run)
        os.closerange(0, 256)


class Moves(_Vectors):
    """Works in another folder."""

    name = "moves"

    def fit(self, corpus, run):
        super().fit(corpus, run)
        os.chdir("/")


class Forks(_Vectors):
    """Goes on in two processes."""

    name = "forks"

    def fit(self, corpus, run):
        super().fit(corpus, run)
        os.fork()
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
    "parameter_changed": ("error", "parameter dim became a int64 that a record cannot hold"),
    "unweighable": ("error", "no idea"),
    "fails_twice": ("error", "the cause"),
    "nonsense": ("error", "curve.0.spent: Input should be a valid number"),
    "keeps_text": ("error", "cannot keep 'notes.txt': it is a str, not bytes"),
    "keeps_elsewhere": ("error", "give it a plain name"),
    "wordless": ("error", "its text cannot be read"),
    "talkative": ("error", "\\udcffxxx"),
    "interrupts": ("error", ""),
    "closes": ("ok", ""),
    "moves": ("ok", ""),
    "forks": ("ok", ""),
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


def test_no_traceback_and_no_long_message_reaches_the_user(
    ran: tuple[CompletedProcess[str], dict[str, Record]],
) -> None:
    assert "Traceback" not in ran[0].stderr + ran[0].stdout
    assert max(map(len, ran[0].stderr.splitlines())) < 5000
    assert all(len(record.failure.message) <= 4000 for record in ran[1].values() if record.failure)


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
