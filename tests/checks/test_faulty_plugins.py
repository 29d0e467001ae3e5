"""A plug-in with a mistake gets a finding that says what and where, never a traceback; and nothing hangs."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

PLUGIN = '''
"""An entrant with a mistake, or with none."""

import numpy as np

from harness.tasks.word_similarity import WordEmbedder


class Mine(WordEmbedder):
    """The same vector for every word."""

    name = "mine"
    dim: int = 2

    def fit(self, train, run):
        print("HELLO")
        self.size = len(train.vocabulary)

    def vectors(self):
        return np.ones((self.size, 2), np.float32)
'''

FAULTY = {
    "lacks a method": ("def vectors", "def vektors", "abstract method vectors"),
    "raises": ('print("HELLO")', 'raise KeyError("tokenz")', "KeyError: 'tokenz' (./MINE:"),
    "never ends": ('print("HELLO")', "while True: pass", "timeout: stopped after its limit of 1 s"),
    "has a default of the wrong type": ("= 2", '= "two"', "dim = 'two': input should be a valid integer"),
    "answers in another shape": ("(self.size, 2)", "(3, 2)", "smoke run: error: vectors"),
}

Command = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.mark.parametrize("fault", FAULTY)
def test_a_mistake_is_a_finding(harness: Command, tmp_path: Path, fault: str) -> None:
    before, after, told = FAULTY[fault]
    assert before in PLUGIN
    (tmp_path / "mine.py").write_text(PLUGIN.replace(before, after))
    limit = ["--limit", 1] if fault == "never ends" else []
    done = harness("check", "mine.py", *limit)
    assert done.returncode == 1
    assert told.replace("MINE", f"{tmp_path.name}/mine.py") in done.stdout, done.stdout
    assert "Traceback" not in done.stdout + done.stderr


@pytest.fixture
def run(harness: Command, tmp_path: Path) -> Command:
    """`harness run` of the plug-in on the smallest case."""

    def command(text: str, *words: str) -> "subprocess.CompletedProcess[str]":
        (tmp_path / "mine.py").write_text(text)
        asked = ["--task", "word_similarity", "--tier", "smoke", "--case", "atlas", "--seeds", 1, "--entrant", "mine"]
        return harness(*words, "run", *asked, "--plugin", "mine.py", "--json")

    return command


def test_what_a_plugin_prints_is_no_output_of_the_harness(run: Command) -> None:
    done = run(PLUGIN)
    assert json.loads(done.stdout)["ran"] == 1
    assert "HELLO" in done.stderr


def test_a_failure_is_told_in_one_line_with_its_place(run: Command, tmp_path: Path) -> None:
    (failure,) = json.loads(run(PLUGIN.replace("= len(", "= len(3 + ")).stdout)["failures"]
    assert "error: word_similarity/atlas mine seed 0: TypeError: unsupported operand" in failure
    assert failure.endswith(f"(./{tmp_path.name}/mine.py:17)")


def test_debug_shows_the_traceback_of_a_failed_run(run: Command) -> None:
    (failure,) = json.loads(run(PLUGIN.replace("= len(", "= len(3 + "), "--debug").stdout)["failures"]
    assert "Traceback" in failure
