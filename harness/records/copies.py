"""The files of stored records, and copying records from one store to another, byte for byte."""

from pathlib import Path

from harness.core.files import write_whole
from harness.records.beside import Beside, kept_path, sidecar_path
from harness.records.form import to_files
from harness.records.record import Record
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
        for name in files_of(record):
            write_whole(target.path(name), source.path(name).read_bytes())
        Beside(record.sidecar, record.kept).remove_others(target.path(record.spec.place))
