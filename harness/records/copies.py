"""The files of stored records, and copying records from one store to another, byte for byte, also by way of another
machine."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.core.files import write_whole
from harness.records.beside import Beside, kept_path, sidecar_path
from harness.records.form import CorruptRecord, from_bytes, to_files
from harness.records.record import Record
from harness.records.shared import content_of
from harness.records.store import Store

SHARED = "shared"
"""The folder, below that of the records, of what they share."""


def files_of(record: Record) -> list[str]:
    """The names of all files of a stored record, relative to the folder of records: those that it shares with others,
    its sidecar, what its run kept, and at last its own."""
    place = record.spec.place
    path = Path(place)
    beside = [sidecar_path(path, record.sidecar)] if record.sidecar else []
    beside += [kept_path(path, name) for name in record.kept]
    shared = [f"{SHARED}/{digest}.json" for digest in to_files(record).shared]
    return [*shared, *(path.as_posix() for path in beside), place]


def copy_record(record: Record, source: Store, target: Store) -> None:
    """Copy a stored record with all its files; its own file last. A record in its place is replaced. Raises
    `OSError`."""
    with target.lock(record.spec):
        file_record(record, read_files(record, source), target)


def read_files(record: Record, source: Store) -> dict[str, bytes]:
    """The bytes of all files of a stored record, by name. Raises `OSError`."""
    return {name: source.path(name).read_bytes() for name in files_of(record)}


def file_record(record: Record, files: Mapping[str, bytes], target: Store) -> None:
    """Write the files of a record, all of them and no others, into a store, its own last, while the lock of its place
    is held. A record in its place is replaced. Raises `OSError`."""
    for name in sorted(files, key=lambda name: name == record.spec.place):
        path = target.path(name)
        # Many records share a file, and writing waits for the disk.
        if not (name.startswith(f"{SHARED}/") and path.is_file() and path.read_bytes() == files[name]):
            write_whole(path, files[name])
    Beside(record.sidecar, record.kept).remove_others(target.path(record.spec.place))


def record_in(files: Mapping[str, bytes], place: str) -> Record:
    """The record of a place whose files these are, by name, which may have come from anywhere: all its files with the
    digests that it names, and no others. Raises `CorruptRecord` or `UnusableRecord`."""

    def data_of(name: str, digest: str) -> bytes:
        data = files.get(name, b"")
        if not hashlib.sha256(data).hexdigest().startswith(digest):
            raise CorruptRecord(f"without its file {name}, which is missing or edited")
        return data

    def shared(kind: str, digest: str) -> Mapping[str, Any]:
        return content_of(kind, data_of(f"{SHARED}/{digest}.json", digest))

    record, path = from_bytes(files.get(place, b""), shared), Path(place)
    if record.spec.place != place:
        raise CorruptRecord(f"that of {record.spec.place}")
    beside = {kept_path(path, name): digest for name, digest in record.kept.items()}
    if record.sidecar:
        beside[sidecar_path(path, record.sidecar)] = record.sidecar
    for file, digest in beside.items():
        data_of(file.as_posix(), digest)
    own = set(files_of(record))
    if missing := own - files.keys():
        raise CorruptRecord(f"without its file {min(missing)}, which is missing")
    if others := files.keys() - own:
        raise CorruptRecord(f"beside the file {min(others)}, which it does not name")
    return record
