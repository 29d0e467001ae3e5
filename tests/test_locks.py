"""A protocol cannot drift in silence, and a refactoring costs no record."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from harness.locks import protocol_problem
from harness.registry import find

CHECKOUT = Path(__file__).resolve().parents[1]
REGISTRY = find()
TASK = "word_similarity"


@pytest.mark.parametrize("task", REGISTRY.tasks)
def test_the_protocol_is_the_accepted_one(task: str) -> None:
    assert protocol_problem(task, REGISTRY.card(task).version, REGISTRY.of_task(task)) == ""


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone of the checkout's last commit, in which files may be edited."""
    if not (CHECKOUT / ".git").exists():
        pytest.skip("relocking needs a git checkout")
    folder = tmp_path_factory.mktemp("relock") / "clone"
    subprocess.run(["git", "clone", "--quiet", str(CHECKOUT), str(folder)], check=True)
    return folder


def check(clone: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "HARNESS_CACHE": str(clone.parent / "cache")}
    return subprocess.run(
        [sys.executable, "-m", "harness", "check", *words],
        cwd=clone,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def edit(path: Path, before: str, after: str) -> None:
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after))


def restore(clone: Path) -> None:
    subprocess.run(["git", "-C", str(clone), "checkout", "--quiet", "."], check=True)


def test_a_refactored_protocol_is_refused_until_it_is_relocked(clone: Path) -> None:
    edit(clone / "harness/tasks" / TASK / "metrics.py", "import numpy as np", "import numpy as np\n\n_UNUSED = 0")
    assert "metrics.py" in check(clone).stderr
    done = check(clone, "--relock", TASK)
    assert "accepted as a refactoring" in done.stdout, done.stderr
    assert TASK not in check(clone).stderr
    restore(clone)


def test_a_protocol_with_other_scores_is_not_relocked(clone: Path) -> None:
    edit(clone / "harness/seeds.py", "digest()[:8]", "digest()[8:16]")
    done = check(clone, "--relock", TASK)
    assert done.returncode == 2
    assert "no refactoring" in done.stderr
    restore(clone)


def test_a_refactored_entrant_keeps_its_records(clone: Path) -> None:
    words = ["run", "--tier", "smoke", "--task", TASK, "--entrant", "ppmi", "--no-table", "--results", "kept"]
    environment = {**os.environ, "HARNESS_CACHE": str(clone.parent / "cache")}
    run = [sys.executable, "-m", "harness", *words]
    subprocess.run(run, cwd=clone, env=environment, check=True, capture_output=True)
    edit(clone / "baselines" / TASK / "ppmi.py", "import numpy as np", "import numpy as np\n\n_UNUSED = 0")
    status = [
        sys.executable,
        "-m",
        "harness",
        "status",
        "--tier",
        "smoke",
        "--task",
        TASK,
        "--results",
        "kept",
        "--why",
    ]
    told = subprocess.run(status, cwd=clone, env=environment, check=True, capture_output=True, text=True).stdout
    assert "ppmi.py changed" in told
    assert "its records stay valid" in check(clone, "--relock", "ppmi").stdout
    told = subprocess.run(status, cwd=clone, env=environment, check=True, capture_output=True, text=True).stdout
    assert "stale" not in told
    restore(clone)
