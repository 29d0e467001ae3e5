"""How large a bundle, and any archive in it, may be: checked before its content is read."""

import os
import struct
import zipfile
from pathlib import Path
from typing import BinaryIO

from harness.core.errors import UserError
from harness.data.catalogue import amount

MOST_BYTES = 10**9
MOST_MEMBERS = 20_000
LONGEST_NAME = 1000
"""The size of all files together when they are unpacked, their number, and the length of a name in bytes."""

_END = struct.Struct("<4s4H2LH")
"""The end of a zip archive without a comment: signature, disks, numbers of members, size and place of the directory."""
_LOCATOR_BYTES = 20
"""The size of what stands before the end of an archive of more than 65,535 members or 4 GB."""
_MOST_DIRECTORY_BYTES = MOST_MEMBERS * (LONGEST_NAME + 100)


def check_archive(path: Path, file: BinaryIO) -> None:
    """Raise a `UserError` unless a file is a zip archive that unpacks to a bearable size.

    The directory, which stands at the end of an archive, is read into memory as a whole: its size is checked first.
    What is damaged otherwise may raise `zipfile.BadZipFile`.
    """
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - _END.size - _LOCATOR_BYTES))
    tail = file.read()
    if len(tail) < _END.size or not tail[-_END.size :].startswith(b"PK\5\6"):
        raise UserError(f"{path} is no zip archive, or is cut off; `harness submit` makes bundles")
    *_, directory, _, _ = _END.unpack(tail[-_END.size :])
    if directory > _MOST_DIRECTORY_BYTES or tail.startswith(b"PK\6\7"):
        raise _too_large(path)
    with zipfile.ZipFile(file) as archive:
        infos = archive.infolist()
    check_amount(path, len(infos), sum(info.file_size for info in infos))


def check_amount(path: Path, members: int, size: int) -> None:
    """Raise a `UserError` for more files or more bytes than a bundle may have."""
    if members > MOST_MEMBERS or size > MOST_BYTES:
        raise _too_large(path)


def _too_large(path: Path) -> UserError:
    return UserError(f"{path} is larger than bundles may be: {amount(MOST_BYTES)} unpacked, {MOST_MEMBERS:,} files")
