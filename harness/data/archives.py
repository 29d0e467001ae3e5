"""Bounds on archives whose bytes nobody vouches for: a small file may unpack to more than a machine holds."""

import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from harness.core.errors import UserError
from harness.data.catalogue import amount

MOST_BYTES = 2 * 10**9
MOST_MEMBERS = 100_000


def check_bounds(file: Path) -> None:
    """Raise `UserError` if a zip or tar archive has too many members, or too many bytes in all when it is unpacked. It
    is read up to there, and not unpacked into memory. What is no readable archive is left to its reader."""
    total = 0
    try:
        for count, size in enumerate(_sizes(file), 1):
            total += size
            if count > MOST_MEMBERS or total > MOST_BYTES:
                most = f"{amount(MOST_BYTES)} in {MOST_MEMBERS:,} members"
                raise UserError(f"{file} unpacks to more than {most}; replace it by the right file, or delete it")
    except (OSError, EOFError, zlib.error, tarfile.TarError, zipfile.BadZipFile, ValueError, NotImplementedError):
        return


def _sizes(file: Path) -> Iterator[int]:
    """The unpacked sizes of an archive's members."""
    if zipfile.is_zipfile(file):
        with zipfile.ZipFile(file) as zipped:
            yield from (member.file_size for member in zipped.infolist())
    elif ".tar" in file.name:
        with tarfile.open(file, "r|*") as packed:
            yield from (member.size for member in packed)
