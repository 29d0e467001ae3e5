"""The store: records below `results/records/`, written whole or not at all, and verified whenever they are read."""

import glob
import hashlib
import io
import itertools
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TypeAlias, TypeVar

import numpy as np
from filelock import FileLock

from harness.core.errors import UserError
from harness.core.spec import Spec
from harness.records.record import CorruptRecord, Record, Stored, from_bytes, stored_from_bytes, to_bytes

T = TypeVar("T")
_Judge: TypeAlias = Callable[[Path, bytes], tuple[T | None, str]]
"""What is made of a file's bytes, and in words what is wrong with them."""


@dataclass
class Store:
    """A folder of results. `problems` collects, in words, what was found wrong and put aside while reading."""

    root: Path
    problems: list[str] = field(default_factory=list)

    @property
    def records(self) -> Path:
        """The folder of records."""
        return self.root / "records"

    def path(self, cell: PurePosixPath) -> Path:
        """Where the record of a cell lies."""
        return self.records / cell

    def make_writable(self) -> None:
        """Create the folder of records. Raises `UserError` with the path if it cannot be written to."""
        try:
            self.records.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(f"cannot write to the results folder {self.root}: {error.strerror}") from error
        if not os.access(self.records, os.W_OK):
            raise UserError(f"cannot write to the results folder {self.root}: permission denied")

    def lock(self, spec: Spec) -> FileLock:
        """The lock of a run's cell: who holds it may run it. It dies with its process."""
        path = self.root / ".locks" / hashlib.sha256(str(spec.cell).encode()).hexdigest()[:24]
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(f"cannot write to the results folder {self.root}: {error.strerror}") from error
        return FileLock(path.with_suffix(".lock"))

    def write(
        self, record: Record, items: Mapping[str, np.ndarray] | None = None, kept: Mapping[str, bytes] | None = None
    ) -> Path:
        """Write a record, its sidecar of item scores and its kept files; the record last, by rename."""
        path = self.path(record.spec.cell)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            sidecar = _npz(items) if items else b""
            digest = hashlib.sha256(sidecar).hexdigest() if sidecar else ""
            if sidecar:
                _write_whole(_sidecar(path, digest), sidecar)
            for name, data in (kept or {}).items():
                _write_whole(_kept(path, name), data)
            digests = {name: hashlib.sha256(data).hexdigest() for name, data in (kept or {}).items()}
            _write_whole(path, to_bytes(record.model_copy(update={"sidecar": digest, "kept": digests})))
            for old in path.parent.glob(f"{glob.escape(path.stem)}.*.npz"):
                if old != _sidecar(path, digest):
                    old.unlink()
            for old in path.with_suffix("").glob("*"):
                if old.name not in (kept or {}):
                    old.unlink()
        except OSError as error:
            raise UserError(f"cannot write the record {path}: {error.strerror}") from error
        return path

    def restate(self, record: Record) -> None:
        """Write anew what a stored record says of itself; its sidecar and its kept files stay as they are."""
        try:
            _write_whole(self.path(record.spec.cell), to_bytes(record))
        except OSError as error:
            raise UserError(f"cannot write the record {self.path(record.spec.cell)}: {error.strerror}") from error

    def read(self, cell: PurePosixPath) -> Record | None:
        """The record of a cell, or None if there is none or it had to be put aside."""
        return self._verified(self.path(cell), self._judged)

    def all(self) -> Iterator[Record]:
        """Every record, in order of path; what is corrupt or a duplicate is put aside and named in `problems`."""
        return self._each(self._judged)

    def stored(self) -> Iterator[Stored]:
        """Every record as plain values, in order of path, put aside as in `all`: what frames are made of.

        Neither the types of values nor sidecars and kept files, of which frames have nothing, are checked: a third of
        the time.
        """
        return self._each(self._judged_as_stored)

    def items(self, record: Record) -> dict[str, np.ndarray]:
        """The items' own scores beside a record: float32 arrays by the name that the record's score gives."""
        return self.item_scores(record.spec.place, record.sidecar)

    def item_scores(self, place: str, sidecar: str) -> dict[str, np.ndarray]:
        """The arrays in the sidecar of the record at a place, given the sidecar's digest ("" = there is none). Raises
        `UserError` if it is missing or edited."""
        if not sidecar:
            return {}
        path = _sidecar(self.path(PurePosixPath(place)), sidecar)
        if not _same_bytes(path, sidecar):
            raise UserError(f"the item scores {path} are missing or edited; delete the record, and run it again")
        with np.load(path, allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files}

    def kept(self, place: str, name: str, digest: str) -> bytes:
        """The file that the record at a place kept under a name, if it has that digest. Raises `UserError`."""
        path = _kept(self.path(PurePosixPath(place)), name)
        if not _same_bytes(path, digest):
            raise UserError(f"the kept file {path} is missing or edited; `harness run` repeats its run")
        return path.read_bytes()

    def _each(self, judge: _Judge[T]) -> Iterator[T]:
        for path in sorted(self.records.glob("*/*/*/*/*.json")):
            found = self._verified(path, judge)
            if found is not None:
                yield found

    def _verified(self, path: Path, judge: _Judge[T]) -> T | None:
        try:
            raw = path.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise UserError(f"cannot read the record {path}: {error.strerror}") from error
        found, fault = judge(path, raw)
        if not fault:
            return found
        if path.exists() and path.read_bytes() != raw:
            # A run has replaced the record meanwhile, and its sidecar with it.
            return self._verified(path, judge)
        self._put_aside(path, fault)
        return None

    def _judged(self, path: Path, raw: bytes) -> tuple[Record | None, str]:
        """The record in a file's bytes, and in words what is wrong with it."""
        try:
            record = from_bytes(raw)
        except CorruptRecord as error:
            return None, str(error)
        if self.path(record.spec.cell) != path:
            return None, f"duplicate: it belongs at {record.spec.cell}"
        if record.sidecar and not _same_bytes(_sidecar(path, record.sidecar), record.sidecar):
            return None, "without its sidecar of item scores, which is missing or edited"
        for name, digest in record.kept.items():
            if not _same_bytes(_kept(path, name), digest):
                return None, f"without its kept file {name}, which is missing or edited"
        return record, ""

    def _judged_as_stored(self, path: Path, raw: bytes) -> tuple[Stored | None, str]:
        try:
            stored = stored_from_bytes(raw)
        except CorruptRecord as error:
            return None, str(error)
        if not path.as_posix().endswith(f"/{stored.spec.place}"):
            return None, f"duplicate: it belongs at {stored.spec.place}"
        return stored, ""

    def _put_aside(self, path: Path, why: str) -> None:
        name = path.relative_to(self.records).as_posix()
        aside = _free(self.root / "quarantine" / name)
        try:
            aside.parent.mkdir(parents=True, exist_ok=True)
            path.replace(aside)
        except OSError:
            self.problems.append(f"record {name} is {why}; it is not used")
        else:
            place = aside.relative_to(self.root).as_posix()
            self.problems.append(f"record {name} is {why}; it is not used and was moved to {place}")


def _free(path: Path) -> Path:
    """`path`, or with a number where something lies there already: nothing that was put aside is lost."""
    numbered = (path.with_name(f"{path.name}.{number}") for number in itertools.count(2))
    return next(itertools.filterfalse(Path.exists, itertools.chain([path], numbered)))


def _sidecar(path: Path, digest: str) -> Path:
    # Named by content, so that a record is never beside the sidecar of another run, not even after a kill.
    return path.with_suffix(f".{digest[:12]}.npz")


def _kept(path: Path, name: str) -> Path:
    return path.with_suffix("") / name


def _same_bytes(path: Path, digest: str) -> bool:
    return path.exists() and hashlib.sha256(path.read_bytes()).hexdigest() == digest


def _npz(items: Mapping[str, np.ndarray]) -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **{name: array.astype(np.float32) for name, array in items.items()})  # type: ignore[arg-type]
    return buffer.getvalue()


def _write_whole(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
