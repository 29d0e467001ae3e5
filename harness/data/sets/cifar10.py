"""CIFAR-10: colour images 32x32 of ten classes (Krizhevsky, 2009), in the binary version."""

import hashlib
import tarfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from harness.data import digest
from harness.data.fetch import locate

_BATCHES = {"train": tuple(f"data_batch_{i}.bin" for i in range(1, 6)), "test": ("test_batch.bin",)}
_COLOURS, _SIDE = 3, 32


class Images(NamedTuple):
    """Images uint8 [n, 32, 32, 3] (rows, columns, RGB), and labels uint8 [n] from 0 (airplane) to 9 (truck)."""

    images: NDArray[np.uint8]
    labels: NDArray[np.uint8]


def images(split: str, folder: Path | None = None) -> Images:
    """A split (train 50,000, test 10,000), sorted by the SHA-256 of each image's bytes, so that the order is that of
    every form. Raises `ValueError` for another split."""
    if split not in _BATCHES:
        raise ValueError(f"no split '{split}' in cifar-10; there are {', '.join(_BATCHES)}")
    archive = (folder or locate("cifar-10")) / "cifar-10-binary.tar.gz"
    with tarfile.open(archive, "r|gz") as members:
        raw = b"".join(
            stream.read()
            for member in members
            if Path(member.name).name in _BATCHES[split] and (stream := members.extractfile(member))
        )
    # Each row is an image: its label, then its red, green and blue planes.
    rows = np.frombuffer(raw, np.uint8).reshape(-1, 1 + _COLOURS * _SIDE**2)
    pixels = np.ascontiguousarray(rows[:, 1:].reshape(-1, _COLOURS, _SIDE, _SIDE).transpose(0, 2, 3, 1))
    order = sorted(range(len(rows)), key=lambda i: hashlib.sha256(pixels[i].tobytes()).digest())
    return Images(pixels[order], rows[order, 0])


def content(folder: Path) -> str:
    """The content digest: rows of a split and the SHA-256 of all its images followed by all its labels."""
    return digest.of_rows([split, _sha256(*images(split, folder))] for split in _BATCHES)


def _sha256(*arrays: NDArray[np.uint8]) -> str:
    """The SHA-256 of the arrays' bytes without their shapes, as the digests of these splits were published."""
    return hashlib.sha256(b"".join(array.tobytes() for array in arrays)).hexdigest()
