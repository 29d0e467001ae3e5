"""A protocol cannot drift in silence, and a refactoring costs no record."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from harness.checks.locks import protocol_problem
from harness.registry.find import find

CHECKOUT = Path(__file__).resolve().parents[2]
REGISTRY = find()
TASK = "word_similarity"


@pytest.mark.parametrize("task", REGISTRY.tasks)
def test_the_protocol_is_the_accepted_one(task: str) -> None:
    assert protocol_problem(REGISTRY.card(task), REGISTRY.of_task(task)) == ""


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
    edit(clone / "harness/tasks" / TASK / "task.toml", "[settings]\n", "[settings]\nunused = 0\n")
    told = check(clone).stderr
    assert "metrics.py" in told
    assert "task.toml" in told
    done = check(clone, "--relock", TASK)
    assert "accepted as a refactoring" in done.stdout, done.stderr
    assert TASK not in check(clone).stderr
    restore(clone)


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("vocabulary = 20000", "vocabulary = 10000", "setting vocabulary was 20000, is 10000"),
        ("chance = 0.5", "chance = 0.25", "chance of wic_accuracy was 0.5, is 0.25"),
    ],
)
def test_a_changed_default_is_refused_though_smoke_scores_stay(clone: Path, before: str, after: str, told: str) -> None:
    edit(clone / "harness/tasks" / TASK / "task.toml", before, after)
    assert f"{TASK}: its protocol changed (harness/tasks/{TASK}/task.toml)" in check(clone).stderr
    done = check(clone, "--relock", TASK)
    assert done.returncode == 2
    assert told in done.stderr
    assert "raise `version` in task.toml" in done.stderr
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
