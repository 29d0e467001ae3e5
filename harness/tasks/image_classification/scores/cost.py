"""The case `cost`: how fast a model learns from images and classifies them, and how many operations it needs."""

import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from harness.core.task import Score, checked
from harness.nn.returned import returned_module
from harness.nn.training import evaluating, seeded
from harness.run import Run
from harness.tasks.image_classification.interface import ImageClassifier
from harness.tasks.image_classification.models.classifier import Classifier, channels_first
from harness.tasks.image_classification.problems.images import Images


@dataclass(frozen=True)
class Cost:
    """A batch of images to time a model on: one pass over it for warming up, then `repeats` timed passes."""

    images: Images
    repeats: int


def costs(system: ImageClassifier, case: Cost, run: Run) -> Iterator[Score]:
    """The images per second of the median pass, in training (forward pass, backward pass and optimizer step) and in
    inference."""
    classifier = _build_untrained(system, case.images, run)
    images = channels_first(case.images.pixels).to(run.device)
    labels = torch.tensor(case.images.labels, device=run.device)
    optimizer = torch.optim.AdamW(classifier.parameters(), fused=True)

    def training_step() -> None:
        optimizer.zero_grad(set_to_none=True)
        nn.functional.cross_entropy(classifier(images), labels).backward()  # type: ignore[no-untyped-call]
        optimizer.step()

    yield _speed("train_images_per_s", training_step, case, run)
    with evaluating(classifier):
        yield _speed("test_images_per_s", lambda: classifier(images), case, run)


def operations(system: ImageClassifier, images: Images, run: Run) -> Score:
    """The number of operations of a forward pass over one image. A multiplication and an addition count as two."""
    classifier = _build_untrained(system, images, run)
    # The counter does not know all fused attention kernels.
    with evaluating(classifier), sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        logits = classifier(channels_first(images.pixels[:1]).to(run.device))
    checked("the model", logits.cpu(), tuple(logits.shape))
    return Score("flops", float(counter.get_total_flops()), 1, 1)


def _build_untrained(system: ImageClassifier, images: Images, run: Run) -> Classifier:
    with seeded(run, "init"):
        model = returned_module("model", system.model(images.shape, images.classes))
        return Classifier(model, images.classes, run).to(run.device)


def _speed(metric: str, step: Callable[[], object], case: Cost, run: Run) -> Score:
    seconds = []
    for _ in range(1 + case.repeats):
        start = time.perf_counter()
        step()
        if run.device != "cpu":
            torch.cuda.synchronize()
        seconds.append(time.perf_counter() - start)
    return Score(metric, len(case.images.labels) / statistics.median(seconds[1:]), case.repeats, case.repeats)
