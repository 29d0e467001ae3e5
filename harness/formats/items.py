"""Which items a file has predictions for: that each is there once, and none that was not asked for."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from harness.core.errors import UserError
from harness.formats.lines import wrong

I64 = NDArray[np.int64]


class Found(NamedTuple):
    """The items that a file names, in its order: `rows` I64[n] among those that were asked for, -1 for one that was
    not; `lines` I64[n], where they stand in a text. `name` says what the n-th item is, as in `item '7'`."""

    rows: I64
    lines: I64 | None
    name: Callable[[int], str]


def check_items(path: Path, found: Found, missing: int) -> None:
    """Raise `UserError` for the first item that is unknown or there twice, with how many are missing, doubled and
    unknown."""
    unknown = found.rows < 0
    doubled = _repeated(found.rows) & ~unknown
    if not (unknown | doubled).any():
        return
    first = int(np.argmax(unknown | doubled))
    counts = f"in all {missing:,} missing, {doubled.sum():,} doubled, {unknown.sum():,} unknown"
    what = f"{found.name(first)} is {'unknown' if unknown[first] else 'there twice'}"
    line = None if found.lines is None else int(found.lines[first])
    raise wrong(path, f"{what} ({counts})", "what is asked for, each once", line)


def check_missing(path: Path, missing: int, asked: int, nouns: str, example: str, *, allow_missing: bool) -> None:
    """Raise `UserError` if items are missing, unless that is allowed and some are there; `example` is one of them."""
    if missing == asked:
        raise UserError(f"{path}: there is no prediction for any of the {asked:,} {nouns}")
    if missing and not allow_missing:
        text = f"{missing:,} of {asked:,} {nouns} are missing, the first is {example}"
        raise UserError(f"{path}: {text}; add them, or score the others alone with --allow-missing")


def _repeated(rows: I64) -> NDArray[np.bool_]:
    """Bool[n]: whether the same row came before."""
    is_first = np.zeros(len(rows), np.bool_)
    is_first[np.unique(rows, return_index=True)[1]] = True
    return ~is_first
