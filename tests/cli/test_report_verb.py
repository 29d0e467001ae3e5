"""`harness report`: figures from records alone, checked against them, without torch."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from sites import BLOCKED

Command = Callable[..., "subprocess.CompletedProcess[str]"]

RESULTS = Path(__file__).resolve().parents[2] / "results"


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The committed records of one task at quick."""
    folder = tmp_path_factory.mktemp("results")
    for part in ("records/retrieval/quick", "records/shared"):
        shutil.copytree(RESULTS / part, folder / part)
    return folder


@pytest.fixture(scope="module")
def folder(results: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of these records, made where torch cannot be imported."""
    folder = tmp_path_factory.mktemp("report")
    words = ["report", "--tier", "quick", "--results", str(results), "--out", str(folder), "--format", "svg"]
    done = subprocess.run([sys.executable, "-c", BLOCKED, *words], capture_output=True, text=True, check=True)
    assert sorted(map(Path, done.stdout.split())) == sorted(folder.iterdir())
    assert "skipped: retrieval-quick-validation: " in done.stderr
    return folder


@pytest.fixture
def check(harness: Command, results: Path, folder: Path) -> Command:
    """Checks the report against the records."""
    words = ("report", "--tier", "quick", "--results", results, "--out", folder, "--format", "svg", "--check")
    return partial(harness, *words)


def test_what_was_written_is_of_the_records_and_what_was_changed_is_told(check: Command, folder: Path) -> None:
    assert check().returncode == 0
    figure = folder / "retrieval-quick-overlap.svg"
    whole = figure.read_text()
    figure.write_text(whole.replace(">ance<", ">anec<"))
    (folder / "retrieval-quick-gone.svg").write_text("old")
    done = check()
    assert done.returncode == 1
    for words in (f"{figure} was edited", "retrieval-quick-gone.svg is left over"):
        assert words in done.stderr
    (folder / "retrieval-quick-gone.svg").unlink()
    figure.write_text(whole)


def test_one_figure_of_one_task(harness: Command, tmp_path: Path) -> None:
    words = ("--task", "retrieval", "--tier", "small", "--only", "overlap", "--results", RESULTS)
    done = harness("report", *words, "--out", "here", "--json")
    (report,) = json.loads(done.stdout)
    assert [Path(name).name for name in report["figures"][0]["files"]] == [
        "retrieval-small-overlap.svg",
        "retrieval-small-overlap.png",
    ]
    assert [path.name for path in sorted((tmp_path / "here").iterdir())] == [
        "retrieval-small-overlap.png",
        "retrieval-small-overlap.svg",
    ]
    points = report["figures"][0]["panels"][0][0]["lines"][0]["points"]
    assert 0 < points[0]["cell"]["value"] <= 1


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--only", "overlp"), "unknown figure 'overlp'; did you mean overlap"),
        (("--format", "pgn"), "unknown format of figures 'pgn'; did you mean png?"),
        (("--tier", "smal"), "unknown tier 'smal'"),
        (("--plugin", "mine.py"), "plug-in mine.py is not a file; --plugin takes the path of a Python file"),
    ],
)
def test_bad_input_is_one_line(verb: Command, words: tuple[str, ...], says: str) -> None:
    done = verb("report", *words)
    assert done.returncode == 2
    assert says in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


PLUGIN = """
import numpy as np
from harness.tasks.word_similarity.interface import WordEmbedder

class Guess(WordEmbedder):
    name = "guess"

    def fit(self, train, run):
        self.words = run.rng("guess").standard_normal((len(train.vocabulary), 4)).astype(np.float32)

    def vectors(self):
        return self.words
"""


def test_a_plug_in_is_drawn_beside_the_others_and_missed_where_it_has_no_records(
    harness: Command, tmp_path: Path
) -> None:
    (tmp_path / "guess.py").write_text(PLUGIN)
    asked = ("--tier", "smoke", "--task", "word_similarity", "--plugin", "guess.py")
    drawn = ("report", *asked, "--only", "correlation", "--format", "svg", "--json")

    both = ("--entrant", "ppmi", "--entrant", "guess")
    assert harness("run", *asked, *both, "--seeds", "1", "--case", "atlas").returncode == 0
    (report,) = json.loads(harness(*drawn).stdout)
    lines = report["figures"][0]["panels"][0][0]["lines"]
    assert {line["label"]: line["kind"] for line in lines} == {"ppmi": "baseline", "guess": "plugin"}
    assert not any("guess" in note for note in report["figures"][0]["notes"])
    assert harness("report", *asked, "--only", "correlation", "--format", "svg", "--check").returncode == 0

    shutil.rmtree(tmp_path / "results/records/word_similarity/smoke/atlas/guess")
    (report,) = json.loads(harness(*drawn).stdout)
    assert any("guess" in note for note in report["figures"][0]["notes"])


def test_without_records_it_says_how_to_get_some(verb: Command) -> None:
    done = verb("report", "--results", "nothing")
    assert done.returncode == 0
    assert "`harness run --tier quick` makes some" in done.stderr


def test_a_table_of_some_cases_has_those_of_each_task_and_tier(verb: Command) -> None:
    done = verb("table", "--case", "atlas", "--case", "scifact", "--results", RESULTS, "--format", "csv")
    fields = [line.split(",") for line in done.stdout.splitlines() if line]
    cells = [dict(zip(fields[0], row, strict=False)) for row in fields if row != fields[0]]
    found = {(cell["task"], cell["tier"], cell["case"]) for cell in cells if cell["kind"] != "reference"}
    assert {("retrieval", "quick", "atlas"), ("retrieval", "small", "scifact")} <= found
    assert {case for _, _, case in found} == {"atlas", "scifact"}


def test_an_unknown_case_of_a_table_is_one_line(verb: Command) -> None:
    done = verb("table", "--task", "retrieval", "--case", "scifac")
    assert done.returncode == 2
    assert "unknown case 'scifac'; did you mean scifact?" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_condition_that_is_none_is_one_line(verb: Command) -> None:
    done = verb("table", "--where", "scale")
    assert done.returncode == 2
    assert "--where 'scale' is no condition; write axis=value" in done.stderr
