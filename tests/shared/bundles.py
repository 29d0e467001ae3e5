"""A bundle taken apart, changed and put together again, by somebody who knows its form."""

import json
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from harness.records.record import Record
from harness.records.store import Store
from harness.submissions.manifest import MANIFEST, Manifest, Member, sha256

ENTRANT = "waves"
PLUGIN = '''
"""An entrant of the fixture's task."""

import numpy as np

from fixture_sea.tides import TidePredictor


class Waves(TidePredictor):
    """A wave of a period that is chosen by tuning."""

    name = "waves"
    search_space = {"period": [10.0, 12.42, 14.0]}
    period: float = 9.0

    def fit(self, train, run, /):
        rows = np.array(list(run.draw(train, cost=1)))
        self.table = np.linalg.lstsq(self._waves(rows[:, 0]), rows[:, 1], rcond=None)[0]

    def predict(self, hours):
        return self._waves(hours) @ self.table

    def _waves(self, hours):
        phase = 2 * np.pi * hours / self.period
        return np.stack([np.ones_like(hours), np.sin(phase), np.cos(phase)], axis=1)
'''
CLAIM = """
[[claim]]
id = "another_wave"
source = "a test"
says = "Another wave tells heights more closely than their mean."
task = "tides"
tiers = ["smoke"]
metric = "error"
kind = "greater"
estimand = "difference"
of = "waves"
over = ["mean"]
margin = 0.1
"""
"""A claim that reads the scores of items, so that the runs of `PLUGIN` keep them."""


class OpenBundle:
    """The files of a bundle in a folder, to be changed; `close` makes a bundle of them with digests that are right."""

    def __init__(self, path: Path, folder: Path) -> None:
        self.folder = folder
        with zipfile.ZipFile(path) as archive:
            archive.extractall(folder)
        self.manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text())

    @property
    def store(self) -> Store:
        """Its records."""
        return Store(self.folder)

    def place(self, seed: int) -> str:
        """The place of the result with a seed."""
        return f"tides/smoke/harbour/{ENTRANT}/default-s{seed}.json"

    def restate(self, seed: int, change: Callable[[Record], Mapping[str, Any]]) -> None:
        """Change fields of the result with a seed; its file carries the right digest afterwards."""
        record = self.store.read(self.place(seed))
        assert record is not None
        self.store.restate(record.model_copy(update=dict(change(record))))

    def remove(self, seed: int) -> None:
        """Remove the result with a seed, and what lies beside it."""
        path = self.store.path(self.place(seed))
        for file in path.parent.glob(f"{path.stem}.*"):
            file.unlink()

    def close(self, path: Path) -> Path:
        """The bundle of the files as they are now."""
        files = {
            file.relative_to(self.folder).as_posix(): file.read_bytes()
            for file in sorted(self.folder.rglob("*"))
            if file.is_file() and file.name != MANIFEST
        }
        members = {name: Member(size=len(data), digest=sha256(data)) for name, data in files.items()}
        manifest = Manifest.model_validate({**self.manifest, "members": members})
        return write_zip(path, {MANIFEST: manifest.to_bytes(), **files})


def write_zip(path: Path, files: Mapping[str, bytes]) -> Path:
    """A zip archive of files."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path
