"""Lines of text files that others wrote, compressed or not, and the one line that says what is wrong in one of them."""

import gzip
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO, NamedTuple

from harness.core.errors import UserError
from harness.core.words import counted, shortened

BLOCK_BYTES = 1 << 24
"""Files are read in blocks of about this many bytes, so that their size does not matter."""
_LOOKED_AT = 1 << 16
_LONGEST_QUOTE = 60
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_GZIPPED = b"\x1f\x8b"


class Block(NamedTuple):
    """Some lines of a file without their ends, and the number of the first of them, from 1 on."""

    first: int
    lines: list[bytes]


def wrong(path: Path, found: str, expected: str, line: int | None = None) -> UserError:
    """The error for a file: what was found, on which line, and what was expected."""
    place = f"{path}, line {line:,}" if line else str(path)
    return UserError(f"{place}: {found}; expected {expected}")


def quoted(text: bytes | str) -> str:
    """A piece of a file as messages show it."""
    shown = text.decode(errors="backslashreplace") if isinstance(text, bytes) else text
    return f"'{shortened(shown, _LONGEST_QUOTE)}'"


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """A file's content, unpacked if it is gzipped. What cannot be read, or ends too early, is a `UserError`."""
    try:
        with path.open("rb") as raw:
            is_packed = raw.peek(2)[:2] == _GZIPPED
            if not is_packed:
                yield raw
                return
            with gzip.open(raw) as unpacked:
                yield unpacked  # type: ignore[misc]
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise wrong(path, f"its compression is damaged ({error})", "a whole gzip file") from error
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror or error}") from error


def blocks(path: Path) -> Iterator[Block]:
    """The lines of a text file, block by block. What is no UTF-8 text is a `UserError` with its line."""
    with opened(path) as stream:
        reader = stream if isinstance(stream, BufferedReader) else BufferedReader(stream)  # type: ignore[type-var]
        _check_text(path, reader.peek(_LOOKED_AT)[:_LOOKED_AT])
        first = 1
        while lines := reader.readlines(BLOCK_BYTES):
            _check_encoding(path, first, lines)
            yield Block(first, [line.rstrip(b"\r\n") for line in lines])
            first += len(lines)


def table_of(path: Path, block: Block, fields: Sequence[str], what: str) -> list[list[bytes]]:
    """The fields of each line of a block, which are separated by white space and have these names. A line with another
    number of fields is a `UserError`; `what` says what the line is of."""
    rows = [line.split() for line in block.lines]
    if any(len(row) != len(fields) for row in rows):
        index = next(i for i, row in enumerate(rows) if len(row) != len(fields))
        found = f"{counted(len(rows[index]), 'field')} ({quoted(block.lines[index])})"
        names = " ".join(fields)
        raise wrong(path, found, f"the {len(fields)} fields of {what}: {names}", block.first + index)
    return rows


def _check_text(path: Path, beginning: bytes) -> None:
    if beginning.startswith(_BYTE_ORDER_MARK):
        raise wrong(path, "a byte-order mark", "UTF-8 text without one", 1)
    if b"\0" in beginning:
        raise wrong(path, "a binary file, or text in another encoding", "UTF-8 text, or such text gzipped", 1)


def _check_encoding(path: Path, first: int, lines: Sequence[bytes]) -> None:
    try:
        b"".join(lines).decode()
    except UnicodeDecodeError:
        for number, line in enumerate(lines, first):
            try:
                line.decode()
            except UnicodeDecodeError:
                raise wrong(path, f"{quoted(line.strip())} is not UTF-8", "UTF-8 text", number) from None
