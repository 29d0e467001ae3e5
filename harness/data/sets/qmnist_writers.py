"""The writers of the digits of MNIST: the extended labels of QMNIST (Yadav and Bottou, 2019)."""

import gzip
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harness.data import digest
from harness.data.fetch import locate

DIGITS = {"train": 60_000, "test": 10_000}
"""The number of MNIST's digits in a split. In QMNIST's test split, digits that MNIST does not have follow them."""
_CLASS, _WRITER = 0, 2
_TYPE_INT = 0x0C


def writers(split: str, folder: Path | None = None) -> NDArray[np.int64]:
    """I64[digits]: the number of the writer, as in NIST's data, of each digit of MNIST's split, in the order of
    `mnist.images`.

    The 60,000 digits of `train` are by 539 writers, and the 10,000 of `test` by 297 others. Raises `ValueError` for
    another split.
    """
    return labels(split, folder)[:, _WRITER]


def labels(split: str, folder: Path | None) -> NDArray[np.int64]:
    """I64[digits 8]: the labels of an idx file of 32-bit integers, big-endian. The third of the eight columns is the
    writer."""
    if split not in DIGITS:
        raise ValueError(f"no split '{split}' in qmnist-writers; there are {', '.join(DIGITS)}")
    raw = gzip.decompress(((folder or locate("qmnist-writers")) / f"qmnist-{split}-labels-idx2-int.gz").read_bytes())
    if raw[2] != _TYPE_INT:
        raise ValueError(f"the labels of qmnist-writers are of type {raw[2]}, not of 32-bit integers")
    rows, columns = np.frombuffer(raw, ">i4", 2, offset=4)
    return np.frombuffer(raw, ">i4", offset=12).reshape(rows, columns)[: DIGITS[split]].astype(np.int64)


def content(folder: Path) -> str:
    """The content digest: classes and writers of the training digits, then of the test digits."""
    return digest.of_arrays(*(labels(split, folder)[:, [_CLASS, _WRITER]] for split in DIGITS))
