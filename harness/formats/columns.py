"""Tables of numbers as comma-separated text with a header."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from harness.core.words import counted
from harness.formats.lines import Block, blocks, quoted, wrong

F64 = NDArray[np.float64]


class Columns(NamedTuple):
    """The names in a table's header, and its numbers F64[n columns]. Row i stands on line i + 2."""

    names: list[str]
    values: F64


def read_columns(path: Path, is_header: Callable[[Sequence[str]], bool], header: str) -> Columns:
    """The table in a file. A header that is not accepted (`header` says what it must be), a line with another number of
    fields, and what is no finite number, are a `UserError`."""
    names: list[str] = []
    parts = []
    for block in blocks(path):
        if not names:
            names = [name.decode().strip() for name in block.lines[0].split(b",")]
            if not is_header(names):
                raise wrong(path, f"the header {quoted(block.lines[0])}", header, 1)
            parts.append(_numbers(path, Block(2, block.lines[1:]), len(names)))
        else:
            parts.append(_numbers(path, block, len(names)))
    if not names or not sum(map(len, parts)):
        raise wrong(path, "no rows", f"{header}, and rows")
    return Columns(names, np.concatenate(parts))


def _numbers(path: Path, block: Block, columns: int) -> F64:
    """F64[lines columns]: the numbers of a block."""
    if not block.lines:
        return np.zeros((0, columns))
    rows = [line.split(b",") for line in block.lines]
    try:
        values = np.array(rows, dtype=np.bytes_).astype(np.float64).reshape(len(rows), columns)
        if np.isfinite(values).all():
            return values
    except ValueError:
        pass
    raise next(_faults(path, block, rows, columns))


def _faults(path: Path, block: Block, rows: Sequence[list[bytes]], columns: int) -> Iterator[Exception]:
    for number, (line, row) in enumerate(zip(block.lines, rows, strict=True), block.first):
        if len(row) != columns:
            yield wrong(path, f"{counted(len(row), 'field')} ({quoted(line)})", f"{columns} as in the header", number)
        for text in row:
            if not _is_finite(text):
                yield wrong(path, f"{quoted(text)}", "a finite number", number)


def _is_finite(text: bytes) -> bool:
    try:
        return bool(np.isfinite(float(text)))
    except ValueError:
        return False
