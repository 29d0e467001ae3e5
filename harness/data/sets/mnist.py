"""MNIST and data sets of the same format: grey images 28x28 in idx files (LeCun et al., 1998; Xiao et al., 2017)."""

import gzip
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from harness.data import digest
from harness.data.fetch import locate

_PREFIX = {"train": "train", "test": "t10k"}


class Images(NamedTuple):
    """Images uint8 [n, 28, 28], and labels uint8 [n] from 0 to 9."""

    images: NDArray[np.uint8]
    labels: NDArray[np.uint8]


def images(split: str, name: str = "mnist", folder: Path | None = None) -> Images:
    """A split (train 60,000, test 10,000) of `mnist` or `fashion-mnist` in published order. Raises `ValueError` for
    another split."""
    if split not in _PREFIX:
        raise ValueError(f"no split '{split}' in {name}; there are {', '.join(_PREFIX)}")
    folder = folder or locate(name)
    pixels = _idx(folder / f"{_PREFIX[split]}-images-idx3-ubyte.gz")
    return Images(pixels, _idx(folder / f"{_PREFIX[split]}-labels-idx1-ubyte.gz"))


def _idx(file: Path) -> NDArray[np.uint8]:
    """The array of an idx file of bytes: two zeros, type 8, the number of axes, the length of each (big-endian), the
    values."""
    raw = gzip.decompress(file.read_bytes())
    shape = np.frombuffer(raw, ">u4", raw[3], 4)
    return np.frombuffer(raw, np.uint8, offset=4 + 4 * raw[3]).reshape(shape).copy()


def content(folder: Path) -> str:
    """The content digest: training images, training labels, test images, test labels."""
    return digest.of_arrays(*(part for split in _PREFIX for part in images(split, folder=folder)))
