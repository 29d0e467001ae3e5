"""Results and sites for tests: of committed records, and of records that are made of these."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from harness.records.record import Failure, Record
from harness.records.store import Store

RESULTS = Path(__file__).resolve().parents[2] / "results"
BLOCKED = "import sys; sys.modules['torch'] = None; from harness.cli import main; main()"


def copied(folder: Path, *parts: str) -> Path:
    """A folder of results with some of the committed records."""
    for part in (*parts, "shared"):
        shutil.copytree(RESULTS / "records" / part, folder / "records" / part)
    return folder


def made(folder: Path, change: Callable[[Record], Iterable[Record]]) -> Path:
    """A folder of results whose records are made of the committed ones of FlyVec's and PPMI's at quick."""
    source, store = Store(RESULTS), Store(folder)
    for place in source.places("quick", {"word_similarity"}):
        if "/flyvec/default" in place or "/ppmi/default" in place:
            record = source.read(place)
            assert record is not None
            for changed in change(record):
                store.write(changed.model_copy(update={"key": changed.spec.key, "sidecar": "", "kept": {}}))
    return folder


def failed(record: Record) -> Record:
    """The record of the run if it had failed."""
    failure = Failure(type="RuntimeError", message="<b>it</b> broke & ended")
    return record.model_copy(update={"status": "error", "failure": failure, "scores": (), "curve": ()})


def with_parameter(record: Record, value: str) -> Record:
    """The record of the run if a parameter had been set from outside."""
    return record.model_copy(update={"spec": replace(record.spec, chosen={"note": value}, parameters={"note": value})})


def write_site(results: Path, out: Path, *words: Any) -> "subprocess.CompletedProcess[str]":
    """`harness site` where torch cannot be imported."""
    command = [sys.executable, "-c", BLOCKED, "site", "--results", results, "--out", out, *words]
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False, env=dict(os.environ))
