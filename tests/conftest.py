"""Fixtures that several test modules share."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.core.entrant import Entrant

CHECKOUT = Path(__file__).resolve().parents[1]

Command = Callable[..., "subprocess.CompletedProcess[str]"]


def pytest_make_parametrize_id(val: object) -> str | None:
    """Entrants are named alike in every worker process; their default ids are addresses."""
    return val.name if isinstance(val, Entrant) else None


@pytest.fixture
def mirror(monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of real data sets: `$HARNESS_MIRROR`, else `../shared/data` beside the checkout; skips without."""
    folder = Path(os.environ.get("HARNESS_MIRROR") or CHECKOUT.parent / "shared" / "data")
    if not folder.is_dir():
        pytest.skip("real data is absent: set HARNESS_MIRROR to a mirror folder of the data sets")
    monkeypatch.setenv("HARNESS_MIRROR", str(folder))
    return folder


@pytest.fixture
def harness(tmp_path: Path) -> Command:
    """The `harness` command in a folder of its own: `harness("run", "--tier", "smoke")` gives the finished process."""

    def command(*words: object, **environment: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "harness", *map(str, words)],
            cwd=tmp_path,
            env={**os.environ, "HARNESS_CACHE": str(tmp_path / "cache"), "COLUMNS": "200", **environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=240,
        )

    return command
