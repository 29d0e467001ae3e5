"""The labelled pictures of each data set, in splits that no seed changes."""

import hashlib
from collections.abc import Mapping
from typing import Final, NamedTuple

import numpy as np

from harness.data.sets import cifar10, digits, mnist
from harness.tasks.image_classification.problems.images import Images

CLASSES: Final = 10
POOL: Final[Mapping[str, int]] = {"digits": 1200, "fashion-mnist": 48000, "cifar-10": 45000}
"""How many pictures of each set may be learned from."""
TESTED_DIGITS: Final = 397
WHITE_DIGIT: Final = 16


class Splits(NamedTuple):
    """Pictures that may be learned from, others that validate, others that test."""

    pool: Images
    valid: Images
    test: Images


def splits(name: str) -> Splits:
    """The splits of a data set, each in an order that is random but the same everywhere.

    Training pictures that are also test pictures are left out.
    """
    training, test = (_by_digest(part) for part in _read(name))
    seen = {image.tobytes() for image in test.pixels}
    training = training.at(np.array([image.tobytes() not in seen for image in training.pixels]))
    pool, valid = np.split(np.arange(len(training.labels)), [POOL[name]])
    return Splits(training.at(pool), training.at(valid), test)


def _read(name: str) -> tuple[Images, Images]:
    """Training and test pictures. Of the digits, which are not split, some are set apart."""
    if name == "digits":
        found = digits.digits()
        whole = (found.images.astype(np.uint16) * 255 // WHITE_DIGIT).astype(np.uint8)
        every = _by_digest(_labelled(whole, found.labels))
        train, test = np.split(np.arange(len(every.labels)), [-TESTED_DIGITS])
        return every.at(train), every.at(test)
    read = cifar10.images if name == "cifar-10" else lambda split: mnist.images(split, name)
    return _labelled(*read("train")), _labelled(*read("test"))


def _labelled(pixels: np.ndarray, labels: np.ndarray) -> Images:
    """Of images U8[n h w c] or, grey, U8[n h w], and their labels U8[n]."""
    return Images(pixels.reshape(*pixels.shape[:3], -1), labels.astype(np.int64), CLASSES)


def _by_digest(images: Images) -> Images:
    digests = [hashlib.sha256(image.tobytes()).digest() for image in images.pixels]
    return images.at(np.array(sorted(range(len(digests)), key=digests.__getitem__)))
