"""`harness tune`: one command chooses, writes and shows; the same again runs nothing."""

import json
import re
import subprocess
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

PLUGIN = '''
"""An entrant that is the better the less noise it adds, and fails where it is told to."""

import os
from typing import Literal

import numpy as np

from harness.tasks.word_similarity import WordEmbedder


class Noisy(WordEmbedder):
    """Neighbour counts with noise."""

    name = "noisy"
    search_space = {"noise": [0.0, 1.0, 100.0], "mode": ["good", "bad"]}
    noise: float = 100.0
    mode: Literal["good", "bad"] = "good"

    def fit(self, corpus, run):
        with open(os.environ["TRAINED"], "a") as log:
            log.write(f"{self.noise} {self.mode} {run.budget.total}\\n")
        if self.mode == "bad":
            raise RuntimeError("bad")
        size = len(corpus.vocabulary)
        pairs = corpus.tokens[:-1].astype(int) * size + corpus.tokens[1:]
        counts = np.log1p(np.bincount(pairs, minlength=size * size).reshape(size, size))
        self.table = (counts + counts.T + self.noise * run.rng("init").standard_normal((size, size))).astype(np.float32)

    def vectors(self):
        return self.table
'''
PLAIN = PLUGIN.replace("Noisy", "Plain").replace('"noisy"', '"plain"')
PLAIN = re.sub(r"    search_space = .*\n", "", PLAIN)

Command = Callable[..., "subprocess.CompletedProcess[str]"]


PLUGINS = (
    "--tier",
    "smoke",
    "--task",
    "word_similarity",
    "--plugin",
    "noisy_entrant.py",
    "--plugin",
    "plain_entrant.py",
)


@pytest.fixture
def run(harness: Command, tmp_path: Path) -> Command:
    """A verb that does runs of the plug-ins: `run("tune", "--trials", 3)`. What is trained is logged."""
    (tmp_path / "noisy_entrant.py").write_text(PLUGIN)
    (tmp_path / "plain_entrant.py").write_text(PLAIN)
    return lambda name, *words: harness(name, *PLUGINS, *words, TRAINED=str(tmp_path / "trained"))


@pytest.fixture
def tell(run: Command, verb: Command) -> Command:
    """A verb that does no runs: `tell("tune", "--check")`."""
    return lambda name, *words: verb(name, *PLUGINS, *words)


def trained(folder: Path) -> list[str]:
    log = folder / "trained"
    return log.read_text().splitlines() if log.exists() else []


OURS = ("--entrant", "noisy", "--entrant", "plain")


def test_tuning_chooses_writes_and_is_inherited_and_the_same_again_runs_nothing(
    run: Command, tell: Command, tmp_path: Path
) -> None:
    dry = tell("tune", *OURS, "--dry-run")
    assert dry.returncode == 0, dry.stderr
    assert "noise: 0.0, 1.0, 100.0; mode: good, bad" in dry.stdout
    assert "plain on atlas (nothing to choose: its defaults alone)" in dry.stdout
    assert trained(tmp_path) == []

    first = run("tune", *OURS, "--trials", 3)
    count = len(trained(tmp_path))
    assert count == 3 + 1
    more = run("tune", *OURS, "--trials", 8)
    assert len(trained(tmp_path)) == 6 + 1, "more trials go on from fewer, and end with the space"
    assert len(set(trained(tmp_path))) == 6, "but for plain's, which are noisy's defaults"
    budgets = {int(line.split()[-1]) for line in trained(tmp_path)}
    assert budgets == {20000}, "one pass, which is half of the smoke tier's two"

    again = tell("tune", *OURS, "--trials", 8)
    assert len(trained(tmp_path)) == 6 + 1
    assert "0 due" in again.stderr
    assert first.stdout.splitlines()[0] == more.stdout.splitlines()[0]
    assert again.stdout == more.stdout
    row = next(line for line in again.stdout.splitlines() if "| noisy" in line)
    assert "noise = 0.0" in row
    assert "6 (3 failed)" in row
    assert again.returncode == 1, "as after a run that failed"
    assert "failed before" in again.stderr

    entries = tomllib.loads((tmp_path / "tuned.toml").read_text())["word_similarity"]
    noisy, plain = (entries[name]["smoke"]["atlas"] for name in ("noisy", "plain"))
    assert (noisy["parameters"], noisy["trials"], noisy["asked"]) == ({"noise": 0.0}, 6, 8)
    assert (plain["parameters"], plain["trials"]) == ({}, 1)

    plan = json.loads(tell("plan", *OURS, "--seeds", 1, "--json").stdout)
    assert [run["cell"].split("/")[2:4] for run in plan["runs"]] == [
        [case, entrant] for case in ("atlas", "cost") for entrant in ("noisy", "plain")
    ]
    ran = run("run", *OURS, "--seeds", 1)
    assert ran.returncode == 0, ran.stderr
    assert trained(tmp_path)[-4:].count("0.0 good 40000") == 2, "both cases, on the whole budget"
    assert re.search(r"\| noisy .*\| +6 \|", ran.stdout), ran.stdout
    assert re.search(r"\| plain .*\| +1 \| +1 \|", ran.stdout), ran.stdout

    checked = tell("tune", "--check")
    assert "holds    word_similarity noisy at smoke on atlas" in checked.stdout
    assert checked.returncode == 1
    assert "ppmi was never tuned, unlike noisy, plain" in checked.stderr


def test_json_tells_what_the_overview_shows_and_trials_that_no_entry_counts_are_named(
    run: Command, tell: Command, tmp_path: Path
) -> None:
    told = json.loads(run("tune", "--entrant", "plain", "--json").stdout)
    (outcome,) = told["outcomes"]
    assert (outcome["entrant"], outcome["trials"], outcome["chosen"]) == ("plain", 1, {})
    assert outcome["default"] == outcome["best"]
    assert (told["failures"], told["failed_before"], told["without_winner"]) == ([], [], [])

    assert "its entry counts" not in tell("tune", "--check").stderr
    trial = next((tmp_path / "results/records/tuning").rglob("default-s1000.json"))
    for noise in (8, 7):
        trial.with_name(f"noise={noise}-s1000.json").write_bytes(trial.read_bytes())
    checked = tell("tune", "--check")
    assert checked.returncode == 1
    folder = "tuning/word_similarity/smoke/atlas/plain"
    assert f"but not 2 files in {folder}, such as noise=7-s1000.json; delete" in checked.stderr


def test_each_case_that_is_named_has_trials_of_its_own(verb: Command) -> None:
    words = ["--task", "federated", "--tier", "smoke", "--case", "atlas", "--case", "digits", "--entrant", "fedavg"]
    done = verb("tune", *words, "--trials", 2, "--dry-run", "--json")
    assert done.returncode == 0, done.stderr
    cells = [trial["cell"] for trial in json.loads(done.stdout)["trials"]]
    assert [cell.split("/")[-3] for cell in cells] == ["digits", "digits", "atlas", "atlas"]


WRONG = {
    "unknown case": (["--case", "atlass"], ["'atlass'", "did you mean atlas"]),
    "timed case": (["--case", "cost"], ["judged by a time", "atlas"]),
    "unknown entrant": (["--entrant", "nosy"], ["'nosy'", "did you mean noisy"]),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_bad_input_to_tuning_is_one_clear_line(tell: Command, wrong: str) -> None:
    words, parts = WRONG[wrong]
    done = tell("tune", *words)
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1
    assert all(part in done.stderr for part in parts), done.stderr
