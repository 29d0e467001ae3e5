"""Files that are written whole or not at all."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A binary file to write to, which takes the place of `path` when the block ends.

    It is synchronised to the disk before it is renamed, so that readers, a kill and a power failure leave the old file
    or the new one, never a part. If the block raises, `path` stays as it was. Missing folders are created. Writers of
    the same file wait for each other, and write over the part that a killed one has left. Raises `OSError`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    with _locked(part) as file:
        try:
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


def names_in(folder: Path, *, beginning: str = "", ending: str = "") -> list[str]:
    """The names in a folder that begin and end so, sorted; none if the folder is not there. Raises `OSError`."""
    try:
        names = os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []
    return sorted(name for name in names if name.endswith(ending) and name.startswith(beginning))


@contextmanager
def _locked(path: Path) -> Iterator[BinaryIO]:
    """An empty file at a path that is open for writing, and locked until it is closed."""
    while True:
        with open(path, "wb", opener=_as_it_is) as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            # Who held the lock until now may have renamed or removed the file that was opened here.
            if _lies_at(path, file):
                file.truncate()
                yield file
                return


def _as_it_is(path: str, flags: int) -> int:
    """Opens a file for writing, but does not empty it: another process may be writing it."""
    return os.open(path, flags & ~os.O_TRUNC, 0o666)


def _lies_at(path: Path, file: BinaryIO) -> bool:
    """Whether the open file is the one at a path."""
    try:
        return os.path.samestat(path.stat(), os.fstat(file.fileno()))
    except FileNotFoundError:
        return False
