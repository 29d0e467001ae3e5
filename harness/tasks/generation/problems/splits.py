"""The images of each data set in splits that are the same for all seeds."""

import hashlib
from typing import Final, NamedTuple

import numpy as np

from harness.data.sets import cifar10, digits, mnist
from harness.tasks.generation.problems.images import Images

CLASSES: Final = 10
DIGIT_LEVELS: Final = 17
TEST_DIGITS: Final = 297


class Splits(NamedTuple):
    """Images that may be learned from, and test images."""

    train: Images
    test: Images


def splits(name: str, side: int) -> Splits:
    """The splits of a data set at `side` x `side` pixels, each in a random order that is the same in every run.

    The digits have no published split, so the last of them in that order are set apart as test images.
    """
    if name == "digits":
        images = _ordered(_labelled(*digits.digits(), levels=DIGIT_LEVELS)).shrunk(side)
        rows = np.arange(len(images))
        return Splits(images.select(rows[:-TEST_DIGITS]), images.select(rows[-TEST_DIGITS:]))
    read = cifar10.images if name == "cifar-10" else lambda split: mnist.images(split, name)
    train, test = (_ordered(_labelled(*read(split))).shrunk(side) for split in ("train", "test"))
    return Splits(train, test)


def _labelled(pixels: np.ndarray, labels: np.ndarray, levels: int = 256) -> Images:
    """`Images` from pixels U8[n h w c] or, if they are grey, U8[n h w], and labels U8[n]."""
    return Images(pixels.reshape(*pixels.shape[:3], -1), labels.astype(np.int64), CLASSES, levels)


def _ordered(images: Images) -> Images:
    digests = np.array([hashlib.sha256(image.tobytes()).hexdigest() for image in images.pixels])
    return images.select(np.argsort(digests, kind="stable"))
