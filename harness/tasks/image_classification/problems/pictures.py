"""The labelled images of each data set, in splits that are the same for all seeds."""

import hashlib
from collections.abc import Mapping
from typing import Final, NamedTuple

import numpy as np

from harness.data.sets import cifar10, digits, mnist
from harness.tasks.image_classification.problems.images import Images

CLASSES: Final = 10
POOL: Final[Mapping[str, int]] = {"digits": 1200, "fashion-mnist": 48000, "cifar-10": 45000}
"""The number of images of each data set that may be learned from."""
TEST_DIGITS: Final = 397
WHITE_DIGIT: Final = 16


class Splits(NamedTuple):
    """Images that may be learned from, images to validate on, and images to test on."""

    pool: Images
    valid: Images
    test: Images


def splits(name: str) -> Splits:
    """The splits of a data set, each in a random order that is the same in every run.

    Training images that are also in the test split are left out.
    """
    training, test = (_sort_by_digest(part) for part in _read(name))
    test_images = {image.tobytes() for image in test.pixels}
    training = training.select(np.array([image.tobytes() not in test_images for image in training.pixels]))
    pool, valid = np.split(np.arange(len(training.labels)), [POOL[name]])
    return Splits(training.select(pool), training.select(valid), test)


def _read(name: str) -> tuple[Images, Images]:
    """Training and test images. The digits have no published split, so some of them are set apart as test images."""
    if name == "digits":
        bundled = digits.digits()
        pixels = (bundled.images.astype(np.uint16) * 255 // WHITE_DIGIT).astype(np.uint8)
        images = _sort_by_digest(_labelled(pixels, bundled.labels))
        train, test = np.split(np.arange(len(images.labels)), [-TEST_DIGITS])
        return images.select(train), images.select(test)
    read = cifar10.images if name == "cifar-10" else lambda split: mnist.images(split, name)
    return _labelled(*read("train")), _labelled(*read("test"))


def _labelled(pixels: np.ndarray, labels: np.ndarray) -> Images:
    """`Images` from pixels U8[n h w c] or, if they are grey, U8[n h w], and labels U8[n]."""
    return Images(pixels.reshape(*pixels.shape[:3], -1), labels.astype(np.int64), CLASSES)


def _sort_by_digest(images: Images) -> Images:
    digests = [hashlib.sha256(image.tobytes()).digest() for image in images.pixels]
    return images.select(np.array(sorted(range(len(digests)), key=digests.__getitem__)))
