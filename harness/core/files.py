"""Files that are written whole or not at all."""

import glob
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A binary file to write to, which takes the place of `path` when the block ends.

    It is synchronised to the disk before it is renamed, so that readers, a kill and a power failure leave the old file
    or the new one, never a part. If the block raises, `path` stays as it was. Missing folders are created, and what
    processes have left that were killed while they wrote the same file is removed. Raises `OSError`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    _remove_parts(path)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def write_whole(path: Path, data: bytes) -> None:
    """Write a file whole or not at all, as `replacing` does."""
    with replacing(path) as file:
        file.write(data)


def _remove_parts(path: Path) -> None:
    """Remove the incomplete files for a path whose processes have ended."""
    for part in path.parent.glob(f".{glob.escape(path.name)}.*.part"):
        number = part.name.split(".")[-2]
        if number.isdigit() and not _runs(int(number)):
            part.unlink(missing_ok=True)


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
