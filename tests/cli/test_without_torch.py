"""Tables, claims, explanations and status need records alone: no torch, and the same bytes every time."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

BLOCKED = "import sys; sys.modules['torch'] = None; from harness.cli import main; main()"

Command = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the smoke results of one task."""
    folder = tmp_path_factory.mktemp("torchless")
    words = ["run", "--tier", "smoke", "--task", "word_similarity", "--no-table"]
    environment = {**os.environ, "HARNESS_CACHE": str(folder / "cache")}
    subprocess.run([sys.executable, "-m", "harness", *words], cwd=folder, env=environment, check=True)
    return folder


def torchless(folder: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", BLOCKED, *words], cwd=folder, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    "words",
    [
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
    ],
    ids=" ".join,
)
def test_reading_verbs_need_no_torch_and_repeat_themselves(folder: Path, words: tuple[str, ...]) -> None:
    first, second = torchless(folder, *words), torchless(folder, *words)
    assert first.returncode == 0, first.stderr
    assert first.stdout == second.stdout
    assert first.stdout.strip()


def test_a_written_table_is_checked_against_its_records(folder: Path) -> None:
    assert torchless(folder, "table", "--tier", "smoke", "--write").returncode == 0
    assert torchless(folder, "table", "--tier", "smoke", "--check").returncode == 0
    (path,) = (folder / "results" / "tables").glob("word_similarity-smoke.md")
    path.write_text(path.read_text().replace("ppmi", "pmmi", 1))
    done = torchless(folder, "table", "--tier", "smoke", "--check")
    assert done.returncode == 1
    assert path.name in done.stderr


def test_a_written_board_is_checked_against_its_records(folder: Path) -> None:
    assert torchless(folder, "claims", "--tier", "smoke", "--write").returncode == 0
    assert torchless(folder, "claims", "--tier", "smoke", "--check").returncode == 0
    path = folder / "results" / "tables" / "claims-smoke.md"
    path.write_text(path.read_text() + "reproduced\n")
    assert torchless(folder, "claims", "--tier", "smoke", "--check").returncode != 0


def test_a_corrupt_record_is_named_and_put_aside(folder: Path) -> None:
    path = next((folder / "results" / "records").glob("word_similarity/smoke/atlas/sgns/default-s1.json"))
    path.write_bytes(path.read_bytes()[:-40])
    done = torchless(folder, "status", "--tier", "smoke")
    assert "sgns/default-s1.json" in done.stderr
    assert "1 missing" in done.stdout
    assert (folder / "results" / "quarantine" / path.relative_to(folder / "results" / "records")).exists()
