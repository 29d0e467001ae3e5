"""The scores of items in sidecars that a stranger may have written."""

import zipfile
import zlib

import numpy as np

from harness.core.errors import UserError
from harness.core.words import printable
from harness.records.beside import sidecar_path
from harness.records.record import Record
from harness.records.store import Store
from harness.submissions.limits import check_archive


def items_of(store: Store, record: Record) -> dict[str, np.ndarray]:
    """The scores of items beside a record, F32[n] by the name that the record's scores give. What is anything else, and
    an archive that unpacks to more than a bundle may, is a `UserError`. Nothing is unpickled."""
    if not record.sidecar:
        return {}
    path = sidecar_path(store.path(record.spec.place), record.sidecar)
    try:
        with path.open("rb") as file:
            check_archive(path, file)
        items = store.items(record)
    except (OSError, EOFError, KeyError, ValueError, MemoryError, zipfile.BadZipFile, zlib.error) as error:
        raise UserError(f"the item scores of {record.spec.place} cannot be read: {printable(str(error))}") from error
    named = {score.items for score in record.scores if score.items}
    if named != items.keys() or any(array.dtype != np.float32 or array.ndim != 1 for array in items.values()):
        raise UserError(f"the item scores of {record.spec.place} are not those that its scores name")
    return items
