"""The protocol of the task: how an image classifier, and its model alone, is scored."""

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
"""The number of bins of confidence for the calibration error (Guo et al., 2017)."""


class ImageClassification(Task[ImageClassifier]):
    """Classify images after learning from few or many of them; and, without training, the speed and size of a model."""

    def problem(self, case: str, run: Run) -> Problem:
        """Labelled images in three splits; or a batch of images to time a model on."""
        return make(self.card.find_case(case), run)

    def measure(self, system: ImageClassifier, split: Split, run: Run) -> Iterator[Score]:
        """Accuracy and certainty of the answers, by stage where images change in size; or the speed of the model in the
        case `cost`. In every case also the operations for one image, the larger one where images change in size."""
        if "model" in system.capabilities():
            yield operations(system, _images(split), run)
        if isinstance(split, Cost):
            yield from costs(system, split, run)
        elif isinstance(split, Resolutions):
            yield from _stage_scores(system, split)
        else:
            yield from _scores(_checked_logits("logits", system.logits(split.pixels), split), split.labels)

    def answers(self, system: ImageClassifier, split: Split, picks: np.ndarray) -> np.ndarray | None:
        """F32[n classes]: the logits of the picked images. None in the case `cost`."""
        if isinstance(split, Cost):
            return None
        images = _images(split)
        return checked("logits", system.logits(images.pixels[picks]), (len(picks), images.classes))


def _images(split: Split) -> Images:
    """The images that the trained system classifies."""
    if isinstance(split, Resolutions):
        return split.high
    return split.images if isinstance(split, Cost) else split


def _stage_scores(system: ImageClassifier, split: Resolutions) -> Iterator[Score]:
    """The scores by stage: `low` on low images, `resized` on high images before fine-tuning, `tuned` on high images
    after it; and for the latter two the gain in accuracy over the low images."""
    before: np.ndarray | None = None
    for stage, name, classify, images in (
        ("low", "low_logits", system.low_logits, split.low),
        ("resized", "resized_logits", system.resized_logits, split.high),
        ("tuned", "logits", system.logits, split.high),
    ):
        at = {"stage": stage}
        logits = _checked_logits(name, classify(images.pixels), images)
        accuracy, *others = _scores(logits, images.labels, at)
        yield from (accuracy, *others)
        assert accuracy.items is not None
        if before is None:
            before = accuracy.items
        else:
            gained = accuracy.items - before
            yield Score("gained_accuracy", float(gained.mean()), len(gained), len(gained), at, gained)


def _checked_logits(name: str, logits: np.ndarray, images: Images) -> np.ndarray:
    return checked(name, logits, (len(images.labels), images.classes))


def _scores(logits: np.ndarray, labels: np.ndarray, at: Mapping[str, str] = {}) -> Iterator[Score]:
    """Accuracy, negative log-likelihood and calibration error of the logits F32[n classes] for labels I64[n]."""
    n = len(labels)
    correct = (logits.argmax(axis=1) == labels).astype(np.float64)
    log_probs = torch.tensor(logits, dtype=torch.float64).log_softmax(1)
    losses = -log_probs.numpy()[np.arange(n), labels]
    error = multiclass_calibration_error(log_probs.exp(), torch.tensor(labels), logits.shape[1], BINS)
    yield Score("accuracy", float(correct.mean()), n, n, at, correct)
    yield Score("nll", float(losses.mean()), n, n, at, losses)
    yield Score("calibration_error", float(error), n, n, at)
