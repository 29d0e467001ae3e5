"""Brings one file from a place into a folder: resumes where it stopped, and checks the file before it gets its name."""

import hashlib
import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path
from typing import IO, Any, TypeAlias
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from harness import __version__
from harness.core.errors import UserError
from harness.data.catalogue import amount

Progress: TypeAlias = Callable[[str, int, int], None]
"""Called after every chunk with the file's name, the bytes that are here, and the bytes in all (0 if unknown)."""

PAUSES_S = (1.0, 4.0, 16.0)
"""Seconds to wait before a transfer that broke off is tried again, each time it does."""

_CHUNK = 1 << 18
_TIMEOUT_S = 30.0
_WINDOW_S = 60.0
_SLOWEST = 1000
"""Bytes a second: a transfer that is slower over a window of time counts as broken off."""
_TEMPORARY = (408, 429, 500, 502, 503, 504)


class Unreachable(Exception):
    """Raised if a place does not have the file, or does not answer."""


class BrokenOff(Exception):
    """Raised if a place stops sending the file, or does not send it now: it may go on later."""


def get(source: str | Path, target: Path, sha256: str, progress: Progress, most: int) -> None:
    """Copy a file of at most `most` bytes, or download it from an address (http, https), to `target`.

    The bytes are written to `<target>.part`. A transfer that breaks off is tried again a few times, where it stopped;
    so does the next call. When the bytes are complete, and have the given SHA-256 unless it is empty, the file is
    renamed. Raises `Unreachable` if the source has no such file. Raises `UserError` if the connection breaks again and
    again, if the file is too long, if the digest is wrong (see `expect`), or if the folder cannot hold the file; of
    what is too long or has no room nothing is left.
    """
    part = target.with_name(f"{target.name}.part")
    if part.is_symlink():
        part.unlink()  # writing would change a file elsewhere
    for pause in (*PAUSES_S, None):
        try:
            _transfer(source, part, lambda done, total: progress(target.name, done, total), most)
            break
        except BrokenOff as error:
            if pause is None:
                raise UserError(f"{error}; run the same command again to resume") from error
            time.sleep(pause)
    expect(sha256, part, target)
    part.replace(target)


def _transfer(source: str | Path, part: Path, progress: Callable[[int, int], None], most: int) -> None:
    """Bring what `part` lacks of a file. Raises `BrokenOff` where the rest does not come."""
    stream, done, total = _open(source, part.stat().st_size if part.exists() else 0)
    since, before = time.monotonic(), done
    with stream, writing(part, total), part.open("r+b" if part.exists() else "wb") as file:
        file.truncate(done)
        file.seek(done)
        while done <= most and total <= most and (chunk := _read(stream, source)):
            file.write(chunk)
            done += len(chunk)
            progress(done, total)
            if time.monotonic() - since > _WINDOW_S:
                if done - before < _SLOWEST * _WINDOW_S:
                    raise BrokenOff(f"{source} sent {amount(done - before)} in {_WINDOW_S:g} s")
                since, before = time.monotonic(), done
    if max(done, total) > most:
        part.unlink()
        raise UserError(f"{source} is longer than the {amount(most)} that the catalogue allows for it")
    if done < total:
        raise BrokenOff(f"{source} broke off at {amount(done)} of {amount(total)}")


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
        if error.code in _TEMPORARY:
            raise BrokenOff(f"{source}: {error.code} {error.reason}") from error
        raise Unreachable(f"{source}: {error.code} {error.reason}") from error
    except (OSError, HTTPException, ValueError) as error:
        raise Unreachable(f"{source}: {getattr(error, 'reason', error)}") from error
    length = response.headers.get("Content-Length", "0")
    if not (length.isascii() and length.isdigit()):
        response.close()
        raise Unreachable(f"{source}: it says that it is '{length[:20]}' bytes long")
    if response.status != 206:
        return response, 0, int(length)
    begins = re.match(r"bytes (\d{1,15})-\d", response.headers.get("Content-Range", ""))
    if not begins or int(begins[1]) > start:
        response.close()
        return _open(source, 0)  # it does not say what it sends, or leaves something out
    done = int(begins[1])
    return response, done, done + int(length) if int(length) else 0


def _read(stream: Any, source: str | Path) -> bytes:
    """What has come, as soon as something has."""
    try:
        chunk: bytes = stream.read1(_CHUNK)
    except (OSError, HTTPException) as error:
        raise BrokenOff(f"{source} broke off ({error})") from error
    return chunk
