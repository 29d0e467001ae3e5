"""Handwritten digits, 8x8, bundled with scikit-learn (Alpaydin and Kaynak, 1998)."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from harness.data import digest
from harness.data.fetch import locate


class Digits(NamedTuple):
    """Images uint8 [1797, 8, 8] with values 0 to 16, and labels uint8 [1797]."""

    images: NDArray[np.uint8]
    labels: NDArray[np.uint8]


def digits(folder: Path | None = None) -> Digits:
    """The 1,797 digits, as `sklearn.datasets.load_digits` returns them.

    Their file is read from the package's folder, because importing scikit-learn takes longer than a smoke run.
    """
    file = (folder or locate("digits")) / "datasets" / "data" / "digits.csv.gz"
    rows = np.loadtxt(file, np.uint8, delimiter=",")
    return Digits(rows[:, :64].reshape(-1, 8, 8), rows[:, 64].copy())


def content(folder: Path) -> str:
    """The content digest: images, labels."""
    return digest.of_arrays(*digits(folder))
