"""Tables, claims, explanations and status need records alone: no torch, and the same bytes every time."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, TypeAlias

import pytest

PROGRAM = """
import contextlib, io, json, sys
sys.modules["torch"] = None
from harness.cli import main
told = []
for words in json.loads(sys.argv[1]):
    sys.argv = ["harness", *words]
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as err:
        try:
            main()
        except SystemExit as end:
            told.append([end.code or 0, out.getvalue(), err.getvalue()])
print(json.dumps(told))
"""
"""Does a list of commands where torch cannot be imported; prints the exit status and both outputs of each."""

VERBS = (
    ("table", "--tier", "smoke"),
    ("table", "--tier", "smoke", "--format", "latex"),
    ("table", "--tier", "smoke", "--format", "html"),
    ("table", "--tier", "smoke", "--format", "csv"),
    ("table", "--tier", "smoke", "--json"),
    ("table", "--tier", "smoke", "--contrast", "all"),
    ("claims", "--tier", "smoke"),
    ("claims", "--tier", "smoke", "--json"),
    ("explain", "word_similarity", "ppmi", "--tier", "smoke"),
    ("status", "--why"),
    ("plan", "--tier", "small"),
    ("tune", "--tier", "smoke", "--dry-run"),
    ("tune", "--tier", "smoke", "--check"),
    ("list",),
)

Told: TypeAlias = tuple[int, str, str]


def torchless(folder: Path, *commands: tuple[str, ...], **environment: str) -> list[Told]:
    """Exit status, standard output and standard error of commands that one process does in turn."""
    words = [sys.executable, "-c", PROGRAM, json.dumps(commands)]
    variables = {**os.environ, "HARNESS_CACHE": str(folder / "cache"), **environment}
    done = subprocess.run(words, cwd=folder, env=variables, stdout=subprocess.PIPE, text=True, check=True)
    return [tuple(told) for told in json.loads(done.stdout)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with smoke results of one task."""
    folder = tmp_path_factory.mktemp("torchless")
    entrants = [word for name in ("flyvec", "ppmi", "sgns") for word in ("--entrant", name)]
    (told,) = torchless(folder, ("run", "--tier", "smoke", "--task", "word_similarity", "--no-table", *entrants))
    assert told[0] == 0, told
    return folder


@pytest.fixture(scope="module")
def twice(folder: Path) -> dict[tuple[str, ...], tuple[Told, Told]]:
    """What the verbs say in two processes in which sets have other orders."""
    first, second = (torchless(folder, *VERBS, PYTHONHASHSEED=seed) for seed in ("1", "2"))
    return dict(zip(VERBS, zip(first, second, strict=True), strict=True))


@pytest.mark.parametrize("words", VERBS, ids=" ".join)
def test_reading_verbs_need_no_torch_and_repeat_themselves(
    twice: dict[tuple[str, ...], Any], words: tuple[str, ...]
) -> None:
    first, second = twice[words]
    status, out, err = first
    assert status == 0, err
    assert out.strip()
    assert first == second


def test_a_written_table_is_checked_against_its_records(folder: Path) -> None:
    write, check = (("table", "--tier", "smoke", option) for option in ("--write", "--check"))
    written, checked = torchless(folder, write, check)
    assert (written[0], checked[0]) == (0, 0), checked
    (path,) = (folder / "results" / "tables").glob("word_similarity-smoke.md")
    path.write_text(path.read_text().replace("ppmi", "pmmi", 1))
    ((status, _, err),) = torchless(folder, check)
    assert status == 1
    assert path.name in err


def test_a_written_board_is_checked_against_its_records(folder: Path) -> None:
    write, check = (("claims", "--tier", "smoke", option) for option in ("--write", "--check"))
    written, checked = torchless(folder, write, check)
    assert (written[0], checked[0]) == (0, 0), checked
    path = folder / "results" / "tables" / "claims-smoke.md"
    path.write_text(path.read_text() + "reproduced\n")
    ((status, _, err),) = torchless(folder, check)
    assert status != 0
    assert path.name in err


def test_a_corrupt_record_is_named_and_put_aside(folder: Path) -> None:
    def missing(told: Told) -> int:
        return int(re.findall(r"(\d+) missing", told[1])[0])

    status = ("status", "--tier", "smoke", "--task", "word_similarity")
    (before,) = torchless(folder, status)
    path = next((folder / "results" / "records").glob("word_similarity/smoke/atlas/sgns/default-s1.json"))
    path.write_bytes(path.read_bytes()[:-40])
    (after,) = torchless(folder, status)
    assert "sgns/default-s1.json" in after[2]
    assert missing(after) == missing(before) + 1
    assert (folder / "results" / "quarantine" / path.relative_to(folder / "results" / "records")).exists()
