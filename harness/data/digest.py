"""Content digests: what a data set contains, whatever archive it comes in."""

import hashlib
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from harness.core.canonical import canonical


def of_rows(rows: Iterable[Sequence[object]]) -> str:
    """The SHA-256 (64 hex digits) of rows of plain values in their order.

    In the canonical form each row is a JSON array without white space, in UTF-8, and ends with a newline.
    """
    state = hashlib.sha256()
    for row in rows:
        state.update(canonical(row) + b"\n")
    return state.hexdigest()


def of_arrays(*arrays: NDArray[np.generic]) -> str:
    """The SHA-256 (64 hex digits) of arrays in their order.

    In the canonical form each array is the row `[kind and bytes per item, shape]` as in `of_rows` (for example
    `["u1",[60000,28,28]]`), followed by its values in C order, little-endian.
    """
    state = hashlib.sha256()
    for array in arrays:
        plain = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
        state.update(canonical([plain.dtype.str[1:], plain.shape]) + b"\n")
        state.update(plain.data)
    return state.hexdigest()
