"""Brings one file from a place into a folder: resumes where it stopped, and checks the file before it gets its name."""

import hashlib
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path
from typing import IO, TypeAlias
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from harness import __version__
from harness.core.errors import UserError
from harness.data.catalogue import amount

Progress: TypeAlias = Callable[[str, int, int], None]
"""Called after every chunk with the file's name, the bytes that are here, and the bytes in all (0 if unknown)."""

_CHUNK = 1 << 18
_TIMEOUT_S = 30


class Unreachable(Exception):
    """Raised if a place does not have the file, or does not answer."""


def get(source: str | Path, target: Path, sha256: str, progress: Progress) -> None:
    """Copy a file, or download it from an address (http, https), to `target`.

    The bytes are written to `<target>.part`, where the next call resumes. When they are complete, and have the given
    SHA-256 unless it is empty, the file is renamed. Raises `Unreachable` if the source has no such file. Raises
    `UserError` if the connection breaks, if the digest is wrong (see `expect`), or if the folder cannot hold the file,
    of which nothing is left then.
    """
    part = target.with_name(f"{target.name}.part")
    stream, done, total = _open(source, part.stat().st_size if part.exists() else 0)
    with stream, writing(part, total), part.open("ab" if done else "wb") as file:
        while chunk := _read(stream, source):
            file.write(chunk)
            done += len(chunk)
            progress(target.name, done, total)
    if done < total:
        raise UserError(
            f"{source} broke off at {amount(done)} of {amount(total)}; run the same command again to resume"
        )
    expect(sha256, part, target)
    part.replace(target)


def expect(sha256: str, file: Path, name: Path | None) -> None:
    """Raise `UserError` if a file does not have the expected SHA-256, unless that is empty.

    With a `name` the wrong file is renamed to `<name>.wrong-<first 8 digits of its digest>`.
    """
    found = digest_of(file)
    if sha256 and found != sha256:
        remedy = f"kept as {set_aside(file, name)}, fetch it again" if name else "replace it, or unset HARNESS_MIRROR"
        raise UserError(f"{name or file} has a wrong SHA-256: expected {sha256}, found {found}; {remedy}")


def set_aside(file: Path, name: Path) -> Path:
    """Rename a file to `<name>.wrong-<first 8 digits of its SHA-256>`, and return its new path."""
    return file.rename(name.with_name(f"{name.name}.wrong-{digest_of(file)[:8]}"))


def digest_of(file: Path) -> str:
    """The SHA-256 of a file, 64 hex digits."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@contextmanager
def writing(path: Path, size: int = 0) -> Iterator[None]:
    """Turn an error of the system about a path that cannot hold `size` bytes into a `UserError`, and remove the
    incomplete file."""
    try:
        yield
    except OSError as error:
        if path.is_file():
            path.unlink()
        raise UserError(
            f"cannot write {f'{amount(size)} to ' if size else ''}{error.filename or path}: {error.strerror}; "
            "set HARNESS_DATA to a folder that can take it"
        ) from error


def make_room(folder: Path, size: int) -> None:
    """Make a folder that can hold `size` bytes. Raises `UserError` if that is not possible."""
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(folder).free
    if free < size:
        raise UserError(
            f"no space in {folder}: {amount(size)} needed, {amount(free)} free; "
            "free some, or set HARNESS_DATA to another folder"
        )


def _open(source: str | Path, start: int) -> tuple[IO[bytes], int, int]:
    """The stream of a source; the position at which it starts (`start`, or 0 if the source cannot resume); and the
    bytes in all."""
    if isinstance(source, Path):
        try:
            return source.open("rb"), 0, source.stat().st_size
        except OSError as error:
            raise Unreachable(f"{source}: {error.strerror}") from error
    headers = {"User-Agent": f"harness/{__version__}"} | ({"Range": f"bytes={start}-"} if start else {})
    try:
        response = urlopen(Request(source, headers=headers), timeout=_TIMEOUT_S)
    except HTTPError as error:
        if error.code == 416 and start:
            return _open(source, 0)
        raise Unreachable(f"{source}: {error.code} {error.reason}") from error
    except (OSError, HTTPException) as error:
        raise Unreachable(f"{source}: {getattr(error, 'reason', error)}") from error
    done = start if response.status == 206 else 0
    length = int(response.headers.get("Content-Length", 0))
    return response, done, done + length if length else 0


def _read(stream: IO[bytes], source: str | Path) -> bytes:
    try:
        return stream.read(_CHUNK)
    except (OSError, HTTPException) as error:
        raise UserError(f"{source} broke off ({error}); run the same command again to resume") from error
