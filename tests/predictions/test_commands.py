"""`export` and `score`: what is asked is written, predictions are filed and shown as what they are, or nothing is."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.core.predictions import NONE
from harness.records.store import Store

Command = Callable[..., "subprocess.CompletedProcess[str]"]

PLACE = ("--task", "retrieval", "--tier", "smoke")
CASE = (*PLACE, "--case", "atlas")


@pytest.fixture
def asked(verb: Command, tmp_path: Path) -> Path:
    """The folder of what is asked."""
    done = verb("export", *CASE, "--out", "asked")
    assert done.returncode == 0, done.stderr
    return tmp_path / "asked"


def test_what_is_asked_can_be_predicted_scored_and_shown(verb: Command, asked: Path, tmp_path: Path) -> None:
    assert sorted(path.name for path in asked.iterdir()) == [
        "README.md",
        "corpus.jsonl",
        "example.run.gz",
        "queries.jsonl",
    ]
    assert "a TREC run" in (asked / "README.md").read_text()
    example = asked / "example.run.gz"
    assert verb("score", *CASE, "--check", example).returncode == 0
    assert not (tmp_path / "results").exists()
    done = verb("score", *CASE, "--name", "guess", example, "--json")
    assert done.returncode == 0, done.stderr
    (scores,) = json.loads(done.stdout).values()
    assert {score["metric"] for score in scores} == {"mrr@10", "ndcg@10", "recall@100", "map"}
    (record,) = Store(tmp_path / "results").all()
    assert (record.spec.entrant, record.origin.kind, record.spec.budget.total) == ("guess", "predictions", 0)
    table = verb("table", *PLACE).stdout
    assert "| guess | predictions |" in " ".join(table.split())
    assert "no claim uses them" in table
    explained = verb("explain", "retrieval", "guess", "--tier", "smoke").stdout
    assert "harness score --task retrieval --tier smoke --case atlas --name guess --replace FILE" in explained
    done = verb("site", "--tier", "smoke", "--out", "site")
    assert done.returncode == 0, done.stderr
    assert '<span class="kind predictions">predictions' in (tmp_path / "site/entrant/retrieval-guess.html").read_text()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((*CASE, "--name", "bm25"), "--name bm25 is the name of an entrant of retrieval; give the predictions another"),
        ((*CASE, "--name", "Mine"), "--name 'Mine' is no name for predictions; it must match"),
        (CASE, "say what was predicted and what to call it: --case CASE --name NAME"),
        ((*PLACE, "--case", "medquad", "--name", "x"), "unknown case of retrieval at tier smoke 'medquad'"),
        (("--task", "retrieval", "--tier", "huge", "--case", "atlas", "--name", "x"), "unknown tier 'huge'"),
        (("--task", "federated", "--tier", "smoke", "--qrels", "q"), "federated takes no labels from outside"),
        ((*CASE, "--name", "x"), "a.run cannot be read: No such file or directory"),
    ],
)
def test_bad_input_is_one_line_and_files_nothing(
    words: tuple[str, ...], message: str, verb: Command, tmp_path: Path
) -> None:
    done = verb("score", *words, "a.run")
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"harness: {message}")
    assert not (tmp_path / "results").exists()


def test_only_the_test_split_is_asked_for(verb: Command, tmp_path: Path) -> None:
    assert verb("export", *CASE, "--split", "test", "--out", "asked").returncode == 0
    done = verb("export", *CASE, "--split", "valid", "--out", "other")
    assert (done.returncode, "predictions are scored on the test split alone" in done.stderr) == (2, True)
    assert not (tmp_path / "other").exists()


def test_one_bad_file_of_several_files_nothing(verb: Command, asked: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.run").write_text("q0 Q0 d0 1\n")
    done = verb("score", *CASE, "--name", "guess", asked / "example.run.gz", "bad.run")
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert not (tmp_path / "results").exists()


def test_predictions_are_kept_only_if_asked_and_then_exported(harness: Command, tmp_path: Path) -> None:
    run = ("run", *PLACE, "--entrant", "bm25", "--seeds", 1, "--no-table", "--json")
    kept = (*run, "--keep-predictions")
    assert json.loads(harness(*run).stdout)["ran"] == 1
    refused = harness("export", *PLACE, "--predictions", "bm25", "--out", "found")
    assert refused.returncode == 2
    assert refused.stderr.endswith(
        "has kept no predictions; repeat it: harness run --task retrieval --tier smoke --entrant bm25 "
        "--keep-predictions\n"
    )
    assert [json.loads(harness(*words).stdout)["ran"] for words in (kept, kept, run)] == [1, 0, 0]
    done = harness("export", *PLACE, "--predictions", "bm25", "--out", "found")
    assert done.returncode == 0, done.stderr
    assert [path.name for path in (tmp_path / "found").iterdir()] == ["atlas-s0.run.gz"]
    again = harness("export", *PLACE, "--predictions", "bm25", "--out", "found")
    assert "--out found is not an empty folder; name another one" in again.stderr


def test_a_run_that_has_no_predictions_says_why(harness: Command, tmp_path: Path) -> None:
    place = ("--task", "generation", "--tier", "smoke", "--case", "mixture")
    run = ("run", *place, "--entrant", "ve_sde", "--seeds", 1, "--keep-predictions", "--json")
    assert [json.loads(harness(*run).stdout)["ran"] for _ in range(2)] == [1, 0]
    (record,) = Store(tmp_path / "results").all()
    assert NONE in record.kept
    done = harness("export", *place, "--predictions", "ve_sde", "--out", "found")
    assert done.returncode == 2
    assert "no predictions: it samples where the score is known" in done.stderr
