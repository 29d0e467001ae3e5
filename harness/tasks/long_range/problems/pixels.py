"""Images as sequences of pixels, row by row, whose tokens are grey values, as in the Arena."""

import hashlib
from collections.abc import Mapping
from typing import Final, NamedTuple

import numpy as np

from harness.data.sets import cifar10, digits, mnist

QUESTION: Final = 1
"""The first token of every sequence, at which the answer is read out."""
GREY: Final = 2
"""The token of black; the tokens of the other grey values follow. Token 0 is padding, which images do not need."""
VOCABULARY: Final = 258
CLASSES: Final = 10

SETS: Final[Mapping[str, str]] = {"digits": "digits", "fashion": "fashion-mnist", "cifar10": "cifar-10"}
"""The data set of each case."""
LUMA: Final = (299, 587, 114)
"""Thousandths of red, green and blue in a grey value (ITU-R BT.601)."""
TEST_DIGITS: Final = 600


class Pictures(NamedTuple):
    """Grey images U8[n h w] and their labels U8[n]."""

    images: np.ndarray
    labels: np.ndarray

    def select(self, rows: np.ndarray) -> "Pictures":
        """The images of the rows I64[k] or Bool[n]."""
        return Pictures(self.images[rows], self.labels[rows])

    def shrunk(self, factor: int) -> "Pictures":
        """The images U8[n h/factor w/factor], each pixel the rounded mean of factor x factor pixels.

        `ValueError` if the factor does not divide height and width.
        """
        n, height, width = self.images.shape
        if height % factor or width % factor:
            raise ValueError(f"images of {height} x {width} pixels cannot be shrunk by {factor}: it must divide both")
        areas = self.images.reshape(n, height // factor, factor, width // factor, factor)
        return Pictures(areas.mean(axis=(2, 4)).round().astype(np.uint8), self.labels)


def shuffled_pictures(case: str, shrink: int = 1) -> tuple[Pictures, Pictures]:
    """The training and the test images, each in a random order that is the same in every run, and with sides that are
    divided by `shrink`.

    Training images that are also in the test split are left out.
    """
    training, test = (_sort_by_digest(part).shrunk(shrink) for part in _read(case))
    test_images = {image.tobytes() for image in test.images}
    return training.select(np.array([image.tobytes() not in test_images for image in training.images])), test


def tokenised(images: np.ndarray) -> np.ndarray:
    """I16[n 1 + h w]: the question token, then the pixels of images U8[n h w], row by row."""
    flat = images.reshape(len(images), -1).astype(np.int16) + GREY
    return np.pad(flat, ((0, 0), (1, 0)), constant_values=QUESTION)


def grey(images: np.ndarray) -> np.ndarray:
    """U8[... h w]: the grey values of pixels U8[... h w 3] in red, green and blue."""
    weighted: np.ndarray = (images.astype(np.uint32) @ np.array(LUMA, dtype=np.uint32) + 500) // 1000
    return weighted.astype(np.uint8)


def _read(case: str) -> tuple[Pictures, Pictures]:
    """Training and test images. The digits have no published split, so some of them are set apart as test images."""
    if case == "digits":
        pictures = _sort_by_digest(Pictures(*digits.digits()))
        train, test = np.split(np.arange(len(pictures.labels)), [-TEST_DIGITS])
        return pictures.select(train), pictures.select(test)
    if case == "fashion":
        clothes = [Pictures(*mnist.images(split, SETS[case])) for split in ("train", "test")]
        return clothes[0], clothes[1]
    coloured = [cifar10.images(split) for split in ("train", "test")]
    photographs = [Pictures(grey(images), labels) for images, labels in coloured]
    return photographs[0], photographs[1]


def _sort_by_digest(pictures: Pictures) -> Pictures:
    digests = [hashlib.sha256(image.tobytes()).digest() for image in pictures.images]
    return pictures.select(np.array(sorted(range(len(digests)), key=digests.__getitem__)))
