"""The case `cost`: what a model takes to learn from images and to classify them."""

import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from harness.core.task import Score
from harness.core.training import evaluating, seeded
from harness.run import Run
from harness.tasks.image_classification.interface import ImageClassifier
from harness.tasks.image_classification.models.classifier import Classifier, channels_first
from harness.tasks.image_classification.problems.images import Images


@dataclass(frozen=True)
class Cost:
    """A batch of images; one pass over it warms up and `repeats` are timed."""

    images: Images
    repeats: int


def costs(system: ImageClassifier, case: Cost, run: Run) -> Iterator[Score]:
    """Images a second, by the median pass: in training (forward, backward and the optimizer's step), in inference."""
    classifier = _untrained(system, case.images, run)
    images = channels_first(case.images.pixels).to(run.device)
    labels = torch.tensor(case.images.labels, device=run.device)
    optimizer = torch.optim.AdamW(classifier.parameters(), fused=True)

    def learn() -> None:
        optimizer.zero_grad(set_to_none=True)
        nn.functional.cross_entropy(classifier(images), labels).backward()  # type: ignore[no-untyped-call]
        optimizer.step()

    yield _speed("train_images_per_s", learn, case, run)
    with evaluating(classifier):
        yield _speed("test_images_per_s", lambda: classifier(images), case, run)


def operations(system: ImageClassifier, images: Images, run: Run) -> Score:
    """The operations that one image takes in inference, a multiplication and an addition counted as two."""
    classifier = _untrained(system, images, run)
    # The counter does not know every fused kernel of attention.
    with evaluating(classifier), sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        classifier(channels_first(images.pixels[:1]).to(run.device))
    return Score("flops", float(counter.get_total_flops()), 1, 1)


def _untrained(system: ImageClassifier, images: Images, run: Run) -> Classifier:
    with seeded(run, "init"):
        return Classifier(system.model(images.shape, images.classes), run).to(run.device)


def _speed(metric: str, step: Callable[[], object], case: Cost, run: Run) -> Score:
    seconds = []
    for _ in range(1 + case.repeats):
        start = time.perf_counter()
        step()
        if run.device != "cpu":
            torch.cuda.synchronize()
        seconds.append(time.perf_counter() - start)
    return Score(metric, len(case.images.labels) / statistics.median(seconds[1:]), case.repeats, case.repeats)
