"""The protocol: which scores a classifier of images gets, and its model alone."""

from collections.abc import Iterator, Mapping
from typing import TypeAlias

import numpy as np
import torch
from torchmetrics.functional.classification import multiclass_calibration_error

from harness.core.task import Problem, Score, Task, checked
from harness.run import Run
from harness.tasks.image_classification.data import make
from harness.tasks.image_classification.interface import ImageClassifier
from harness.tasks.image_classification.problems.images import Images, Resolutions
from harness.tasks.image_classification.scores.cost import Cost, costs, operations

Split: TypeAlias = Images | Resolutions | Cost

BINS = 15
"""Of confidence, for the calibration error (Guo et al., 2017)."""


class ImageClassification(Task[ImageClassifier]):
    """Classify images after learning from few or many of them; and, without training: what a model takes."""

    def problem(self, case: str, run: Run) -> Problem:
        """Labelled images in three splits; or a batch of images to time a model on."""
        return make(self.card.find_case(case), run)

    def measure(self, system: ImageClassifier, split: Split, run: Run) -> Iterator[Score]:
        """How right and how sure the answers are, by stage where images change in size; or the time that they take. And
        the operations of an image, the larger one where it changes in size."""
        if "model" in system.capabilities():
            yield operations(system, _images(split), run)
        if isinstance(split, Cost):
            yield from costs(system, split, run)
        elif isinstance(split, Resolutions):
            yield from _stage_scores(system, split)
        else:
            yield from _scores(_checked("logits", system.logits(split.pixels), split), split.labels)

    def answers(self, system: ImageClassifier, split: Split, picks: np.ndarray) -> np.ndarray | None:
        """F32[n classes]: the logits of the picked images."""
        return None if isinstance(split, Cost) else system.logits(_images(split).pixels[picks])


def _images(split: Split) -> Images:
    """The images that the trained system is asked about."""
    if isinstance(split, Resolutions):
        return split.high
    return split.images if isinstance(split, Cost) else split


def _stage_scores(system: ImageClassifier, split: Resolutions) -> Iterator[Score]:
    """The scores on `low` images; on high ones when the system is only `resized`, and when it is `tuned`; and how much
    higher the accuracy is than on low ones."""
    before: np.ndarray | None = None
    for stage, ask, images in (
        ("low", system.low_logits, split.low),
        ("resized", system.resized_logits, split.high),
        ("tuned", system.logits, split.high),
    ):
        at = {"stage": stage}
        accuracy, *others = _scores(_checked(ask.__name__, ask(images.pixels), images), images.labels, at)
        yield from (accuracy, *others)
        assert accuracy.items is not None
        if before is None:
            before = accuracy.items
        else:
            gained = accuracy.items - before
            yield Score("gained_accuracy", float(gained.mean()), len(gained), len(gained), at, gained)


def _checked(name: str, logits: np.ndarray, images: Images) -> np.ndarray:
    return checked(name, logits, (len(images.labels), images.classes))


def _scores(logits: np.ndarray, labels: np.ndarray, at: Mapping[str, str] = {}) -> Iterator[Score]:
    """Of logits F32[n classes] for labels I64[n]."""
    n = len(labels)
    right = (logits.argmax(axis=1) == labels).astype(np.float64)
    log_shares = torch.tensor(logits, dtype=torch.float64).log_softmax(1)
    missed = -log_shares.numpy()[np.arange(n), labels]
    off = multiclass_calibration_error(log_shares.exp(), torch.tensor(labels), logits.shape[1], BINS)
    yield Score("accuracy", float(right.mean()), n, n, at, right)
    yield Score("nll", float(missed.mean()), n, n, at, missed)
    yield Score("calibration_error", float(off), n, n, at)
