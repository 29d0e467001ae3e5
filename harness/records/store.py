"""The store: records below `results/records/`, written whole or not at all, and verified whenever they are read.

`records/<task>/<tier>/<case>/<entrant>/` has a file a run, `records/tuning/` the same for trials, and `records/shared/`
what many records have in common, in files that are named by the digest of their content.
"""

import errno
import hashlib
import itertools
import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TypeAlias, TypeVar

import numpy as np
from filelock import FileLock

from harness.core.errors import UserError
from harness.core.files import names_in, write_whole
from harness.core.spec import Spec
from harness.records.beside import Beside, has_digest, kept_path, sidecar_path, write_beside
from harness.records.form import (
    CorruptRecord,
    Shared,
    UnusableRecord,
    from_bytes,
    stored_from_bytes,
    to_files,
)
from harness.records.record import Record, Stored
from harness.records.shared import SharedFiles

T = TypeVar("T", Record, Stored)
_PUT_ASIDE = (errno.EISDIR, errno.ELOOP, errno.EACCES, errno.EPERM)
"""Why a file cannot be read that nobody else reads either: with other errors it may be readable later."""

_Form: TypeAlias = Callable[[bytes, Shared], T]
"""Reads a file's bytes as a record of one of the two forms."""


@dataclass
class Store:
    """A folder of results. Records that are corrupt are moved aside, unless the store is only read."""

    root: Path
    is_only_read: bool = False
    _aside: list[str] = field(default_factory=list, init=False, repr=False)
    _unusable: dict[str, str] = field(default_factory=dict, init=False, repr=False)

    @property
    def records(self) -> Path:
        """The folder of records."""
        return self.root / "records"

    @property
    def checkpoints(self) -> Path:
        """The folder of the checkpoints of runs that have not finished."""
        return self.root / ".checkpoints"

    @property
    def problems(self) -> list[str]:
        """What was found wrong while reading, in words: a line for every record that was put aside, and one for every
        reason why records that may be sound cannot be used."""
        by_reason: dict[str, list[str]] = {}
        for name, why in self._unusable.items():
            by_reason.setdefault(why, []).append(name)
        return [*self._aside, *(_not_used(names, why) for why, names in by_reason.items())]

    def path(self, place: str) -> Path:
        """The file of the record at a place."""
        return self.records / place

    def make_writable(self) -> None:
        """Create the folder of records. Raises `UserError` with the path if it cannot be written to."""
        try:
            self.records.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(f"cannot write to the results folder {self.root}: {error.strerror}") from error
        if not os.access(self.records, os.W_OK):
            raise UserError(f"cannot write to the results folder {self.root}: permission denied")

    def lock(self, spec: Spec) -> FileLock:
        """The lock of a run: the process that holds it may do the run. It is released when its process ends."""
        path = self.root / ".locks" / hashlib.sha256(spec.place.encode()).hexdigest()[:24]
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(f"cannot write to the results folder {self.root}: {error.strerror}") from error
        return FileLock(path.with_suffix(".lock"))

    def write(
        self, record: Record, items: Mapping[str, np.ndarray] | None = None, kept: Mapping[str, bytes] | None = None
    ) -> Path:
        """Write a record, its sidecar of item scores and its kept files; its own file last, by rename."""
        path = self.path(record.spec.place)
        try:
            beside = write_beside(path, items or {}, kept or {})
            self._write(record.model_copy(update=beside._asdict()))
            beside.remove_others(path)
        except OSError as error:
            raise UserError(f"cannot write the record {path}: {error.strerror}") from error
        return path

    def restate(self, record: Record) -> None:
        """Write a stored record's own file again; its sidecar and its kept files stay as they are."""
        try:
            self._write(record)
        except OSError as error:
            raise UserError(f"cannot write the record {self.path(record.spec.place)}: {error.strerror}") from error

    def read(self, place: str) -> Record | None:
        """The record at a place, its sidecar and kept files verified; None if there is none or it cannot be used."""
        return self._verified(place, from_bytes)

    def stored_at(self, place: str) -> Stored | None:
        """The record at a place as plain values, otherwise as `read`, which takes three times as long."""
        return self._verified(place, stored_from_bytes)

    def why_unusable(self, place: str) -> str:
        """Why the record at a place, which may be sound, could not be used when it was last read; "" if it could."""
        return self._unusable.get(place, "")

    def all(self) -> Iterator[Record]:
        """Every record of a result, in order of path. Corrupt records and duplicates are put aside; all records that
        are not used are named in `problems`."""
        for place in self.places():
            record = self.read(place)
            if record is not None:
                yield record

    def stored(self, tier: str | None = None, tasks: Collection[str] | None = None) -> Iterator[Stored]:
        """Every record (of a tier, of some tasks) as plain values, whose types are not checked, otherwise as `all`; for
        the scored table."""
        for place in self.places(tier, tasks):
            stored = self.stored_at(place)
            if stored is not None:
                yield stored

    def places(self, tier: str | None = None, tasks: Collection[str] | None = None) -> Iterator[str]:
        """The places of all results (of a tier, of some tasks) that have a record, in order, without reading them."""
        return self._places(self._folder, [tasks, None if tier is None else {tier}, None, None])

    def places_beside(self, spec: Spec) -> list[str]:
        """The other places with a record of the same entrant, case and seed: those where parameters were set
        otherwise."""
        folder, _, own = spec.place.rpartition("/")
        names = names_in(self.path(folder), ending=f"-s{spec.seed}.json")
        return [f"{folder}/{name}" for name in names if name != own]

    def items(self, record: Record) -> dict[str, np.ndarray]:
        """The items' own scores beside a record: float32 arrays by the name that the record's score gives."""
        return self.item_scores(record.spec.place, record.sidecar)

    def item_scores(self, place: str, sidecar: str) -> dict[str, np.ndarray]:
        """The arrays in the sidecar of the record at a place, given the sidecar's digest ("" = there is none). Raises
        `UserError` if it is missing or edited."""
        if not sidecar:
            return {}
        path = sidecar_path(self.path(place), sidecar)
        if not has_digest(path, sidecar):
            raise UserError(f"the item scores {path} are missing or edited; delete the record, and run it again")
        with np.load(path, allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files}

    def kept(self, place: str, name: str, digest: str) -> bytes:
        """The file that the record at a place kept under a name, if it has that digest. Raises `UserError`."""
        path = kept_path(self.path(place), name)
        if not has_digest(path, digest):
            raise UserError(f"the kept file {path} is missing or edited; `harness run` repeats its run")
        return path.read_bytes()

    def _write(self, record: Record) -> None:
        """Write the files of a record: those that it shares, where they are not there yet, and then its own."""
        files = to_files(record)
        self._shared.write(files.shared)
        write_whole(self.path(record.spec.place), files.own)

    def _verified(self, place: str, form: _Form[T]) -> T | None:
        """The record at a place if it is sound, with its sidecar and kept files."""
        raw = None
        try:
            raw = self._bytes(place)
            if raw is None:
                return None
            found = form(raw, self._shared.find)
            fault = self._fault(place, found)
        except UnusableRecord as why:
            self._unusable[place] = str(why)
            return None
        except CorruptRecord as error:
            fault = str(error)
        if not fault:
            self._unusable.pop(place, None)
            return found
        if raw is not None and self._bytes(place) not in (None, raw):
            # A run has replaced the record and its sidecar meanwhile.
            return self._verified(place, form)
        self._put_aside(place, fault)
        return None

    @cached_property
    def _folder(self) -> str:
        return str(self.records)

    @cached_property
    def _shared(self) -> SharedFiles:
        return SharedFiles(self.records / "shared")

    def _bytes(self, place: str) -> bytes | None:
        """The bytes of a record's own file, None if there is none."""
        path = f"{self._folder}/{place}"
        try:
            with open(path, "rb", buffering=0) as file:
                return file.read()
        except (FileNotFoundError, NotADirectoryError) as error:
            if os.path.islink(path):
                raise CorruptRecord("a link that leads nowhere") from error
            return None
        except OSError as error:
            if error.errno in _PUT_ASIDE:
                raise CorruptRecord(f"unreadable ({error.strerror})") from error
            raise UnusableRecord(f"it cannot be read ({error.strerror})") from error

    def _fault(self, place: str, found: Record | Stored) -> str:
        """What is wrong with a record that was read at a place, in words; "" if nothing is."""
        if found.spec.place != place:
            return f"duplicate: it belongs at {found.spec.place}"
        if isinstance(found, Stored):
            beside = Beside(found.content["sidecar"], found.content["kept"])
        else:
            beside = Beside(found.sidecar, found.kept)
        return beside.missing(self.path(place)) if any(beside) else ""

    def _places(self, folder: str, wanted: Sequence[Collection[str] | None], above: str = "") -> Iterator[str]:
        """The JSON files as many folders deep as there are entries in `wanted`, which names those to enter (None: all).
        A folder that cannot be read is named in `problems`."""
        try:
            names = sorted(os.listdir(folder))
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError as error:
            problem = f"the folder {above.rstrip('/') or folder} is not read: {error.strerror}"
            if problem not in self._aside:
                self._aside.append(problem)
            return
        if not wanted:
            yield from (above + name for name in names if name.lower().endswith(".json"))
            return
        for name in names:
            if wanted[0] is None or name in wanted[0]:
                yield from self._places(f"{folder}/{name}", wanted[1:], f"{above}{name}/")

    def _put_aside(self, place: str, why: str) -> None:
        if self.is_only_read:
            self._aside.append(f"record {place} is {why}; it is not used")
            return
        aside = _free(self.root / "quarantine" / place)
        try:
            aside.parent.mkdir(parents=True, exist_ok=True)
            self.path(place).replace(aside)
        except OSError:
            self._aside.append(f"record {place} is {why}; it is not used")
        else:
            where = aside.relative_to(self.root).as_posix()
            self._aside.append(f"record {place} is {why}; it is not used and was moved to {where}")


def _not_used(places: Sequence[str], why: str) -> str:
    """The message that records are not used."""
    if len(places) == 1:
        return f"record {places[0]} is not used: {why}; run it again"
    return f"{len(places)} records, the first of them {places[0]}, are not used: {why}; run them again"


def _free(path: Path) -> Path:
    """`path`, or with a number where something lies there already: nothing that was put aside is lost."""
    numbered = (path.with_name(f"{path.name}.{number}") for number in itertools.count(2))
    return next(itertools.filterfalse(os.path.lexists, itertools.chain([path], numbered)))
