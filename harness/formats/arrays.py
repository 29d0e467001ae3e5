"""Arrays in `.npy` and `.npz` files, gzipped or not."""

import gzip
import io
import zipfile
import zlib
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import numpy as np

from harness.core.errors import UserError
from harness.core.task import KINDS, has_shape
from harness.formats.lines import opened, wrong

_KINDS = {**KINDS, "biu": "truth values or whole numbers"}
_NPY, _NPZ = b"\x93NUMPY", b"PK"


def is_array_file(path: Path) -> bool:
    """Whether a file begins as a `.npy` or `.npz` file does."""
    with opened(path) as file:
        return file.read(len(_NPY)).startswith((_NPY, _NPZ))


def read_arrays(path: Path, names: Collection[str]) -> dict[str, np.ndarray]:
    """The arrays of these names in a `.npz` file, as far as it has them; the one of a `.npy` file has the name "".

    An array of another name, a file of another kind, one that is cut off, and arrays of Python objects are a
    `UserError`.
    """
    expected = f"a .npy file, or a .npz file with {' or '.join(names)}"
    try:
        with opened(path) as file:
            start = file.read(len(_NPY))
            file.seek(0)
            if start == _NPY:
                # Only what is used of an array that is not packed comes into memory.
                packed = file if isinstance(file, gzip.GzipFile) else None
                return {"": np.load(packed or path, mmap_mode=None if packed else "r", allow_pickle=False)}
            if not start.startswith(_NPZ):
                raise wrong(path, "another kind of file", expected)
            with np.load(file, allow_pickle=False) as stored:
                if unknown := [name for name in stored.files if name not in names]:
                    raise wrong(path, f"an array '{unknown[0]}'", expected)
                return {name: stored[name] for name in stored.files}
    except (ValueError, EOFError, zipfile.BadZipFile, zlib.error, MemoryError) as error:
        raise wrong(path, f"it is damaged, or not of numbers ({error or type(error).__name__})", expected) from error


def check_array(
    path: Path, name: str, array: np.ndarray, shape: Sequence[int | None], kinds: str, axes: str
) -> np.ndarray:
    """An array if it has this shape (None = any length) and one of these kinds of dtypes, and is finite; else a
    `UserError`. `axes` says what the axes are, as in `n classes`."""
    wanted = " x ".join("any" if length is None else f"{length:,}" for length in shape)
    expected = f"{_KINDS[kinds]} of shape {wanted} ({axes})"
    called = f"array '{name}'" if name else "the array"
    if not has_shape(array.shape, shape):
        raise wrong(path, f"{called} has shape {' x '.join(f'{length:,}' for length in array.shape)}", expected)
    if array.dtype.kind not in kinds:
        raise wrong(path, f"{called} has dtype {array.dtype}", expected)
    if array.dtype.kind == "f":
        for start in range(0, len(array), _ROWS):
            sound = np.isfinite(array[start : start + _ROWS])
            if not sound.all():
                row = start + int(np.argwhere(~sound)[0][0])
                raise wrong(path, f"{called} has {array[row][~np.isfinite(array[row])][0]} in row {row:,}", expected)
    return array


def check_present(path: Path, arrays: Mapping[str, np.ndarray], names: Sequence[str]) -> None:
    """Raise `UserError` for the first array that is missing."""
    for name in names:
        if name not in arrays:
            there = ", ".join(f"'{other}'" for other in arrays if other) or "none with a name"
            raise UserError(f"{path}: there is no array '{name}' ({there}); a .npz file needs {', '.join(names)}")


def written_arrays(arrays: Mapping[str, np.ndarray]) -> bytes:
    """The `.npz` file of arrays by name."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type]
    return buffer.getvalue()


_ROWS = 10_000
"""Rows that are looked at together."""
