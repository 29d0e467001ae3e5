"""Images as sequences of pixels, row by row: what does the image show? Grey values are tokens, as in the Arena."""

import hashlib
from collections.abc import Mapping
from typing import Final, NamedTuple

import numpy as np

from harness.data.sets import cifar10, digits, mnist

ASK: Final = 1
"""The first token of every sequence, where the answer is read."""
GREY: Final = 2
"""The token of black, 0; the other grey values follow. 0 would be padding, which images do not need."""
VOCABULARY: Final = 258
CLASSES: Final = 10

SETS: Final[Mapping[str, str]] = {"digits": "digits", "fashion": "fashion-mnist", "cifar10": "cifar-10"}
"""The data set of each case."""
LUMA: Final = (299, 587, 114)
"""Thousandths of red, green and blue in a grey value (ITU-R BT.601)."""
TESTED_DIGITS: Final = 600


class Pictures(NamedTuple):
    """Grey images U8[n h w] and their labels U8[n]."""

    images: np.ndarray
    labels: np.ndarray

    def at(self, rows: np.ndarray) -> "Pictures":
        """Those of the rows I64[k] or Bool[n]."""
        return Pictures(self.images[rows], self.labels[rows])


def shuffled_pictures(case: str) -> tuple[Pictures, Pictures]:
    """The training and the test images, each in an order that is random but the same everywhere.

    Training images that are also test images are left out.
    """
    training, test = (_by_digest(part) for part in _read(case))
    seen = {image.tobytes() for image in test.images}
    return training.at(np.array([image.tobytes() not in seen for image in training.images])), test


def tokenised(images: np.ndarray) -> np.ndarray:
    """`tokens` I16[n 1 + h w] of images U8[n h w]: the question, then the rows from top to bottom."""
    flat = images.reshape(len(images), -1).astype(np.int16) + GREY
    return np.pad(flat, ((0, 0), (1, 0)), constant_values=ASK)


def grey(images: np.ndarray) -> np.ndarray:
    """U8[... h w] of red, green and blue U8[... h w 3]."""
    weighted: np.ndarray = (images.astype(np.uint32) @ np.array(LUMA, dtype=np.uint32) + 500) // 1000
    return weighted.astype(np.uint8)


def _read(case: str) -> tuple[Pictures, Pictures]:
    """Training and test images. Of the digits, which are not split, some are set apart."""
    if case == "digits":
        every = _by_digest(Pictures(*digits.digits()))
        train, test = np.split(np.arange(len(every.labels)), [-TESTED_DIGITS])
        return every.at(train), every.at(test)
    if case == "fashion":
        clothes = [Pictures(*mnist.images(split, SETS[case])) for split in ("train", "test")]
        return clothes[0], clothes[1]
    coloured = [cifar10.images(split) for split in ("train", "test")]
    photographs = [Pictures(grey(images), labels) for images, labels in coloured]
    return photographs[0], photographs[1]


def _by_digest(pictures: Pictures) -> Pictures:
    digests = [hashlib.sha256(image.tobytes()).digest() for image in pictures.images]
    return pictures.at(np.array(sorted(range(len(digests)), key=digests.__getitem__)))
