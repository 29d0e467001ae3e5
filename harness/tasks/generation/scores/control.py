"""What a generator does beyond free samples: it draws images of a class, completes, encodes and weighs images."""

from collections.abc import Iterator

import numpy as np
from torch import Tensor, nn

from harness.core.task import Score, checked
from harness.run import Run
from harness.tasks.generation.interface import Guide, ImageGenerator
from harness.tasks.generation.problems.images import Images
from harness.tasks.generation.problems.target import Target
from harness.tasks.generation.scores.features import Extractor
from harness.tasks.generation.scores.quality import as_images
from harness.tasks.generation.training.classifiers import trained


def likelihood(system: ImageGenerator, target: Target, run: Run) -> Iterator[Score]:
    """Bits per dimension of unseen images, and what is lost when images are encoded and decoded again."""
    n, few = run.settings["bits_items"], run.settings["encoded_items"]
    capabilities = system.capabilities()
    if n and "bits" in capabilities:
        bits = checked("bits", system.bits(_first(target.unseen, n), run), (n,))
        yield Score("bits", float(bits.mean()), n, n, items=bits)
    if few and "round_trip" in capabilities:
        images = _first(target.unseen, few)
        decoded = checked("round_trip", system.round_trip(images, run), images.pixels.shape)
        apart = np.abs(decoded - images.brightness.permute(0, 2, 3, 1).numpy())
        yield Score("round_trip_error", float(apart.max()), few, few)


def controlled(
    system: ImageGenerator, target: Target, extractor: Extractor, run: Run
) -> tuple[list[Score], Images, Images]:
    """The scores of images of asked classes and of completed images; and these images.

    Classes are asked for in equal parts; the guide is a classifier of noisy images, the judge another one, of clean
    images. The lower half of unseen images is generated. Its error is the root of the mean squared difference from the
    image's own, which a good completion need not have.
    """
    n = run.settings["controlled_items"]
    asked = np.arange(n) % target.learned.classes
    drawn = as_images("of_classes", system.of_classes(asked, _guide(target, run), run), n, target.real)
    right = extractor.features(drawn).classes.argmax(axis=1) == asked
    images = _first(target.unseen, n)
    known = np.zeros(images.shape[:2], dtype=np.bool_)
    known[: images.shape[0] // 2] = True
    filled = as_images("inpaint", system.inpaint(images, known, run), n, target.real)
    errors = (filled.pixels[:, ~known].astype(np.float64) - images.pixels[:, ~known]) / (images.levels - 1)
    like = extractor.features(filled).classes.argmax(axis=1) == images.labels
    scores = [
        Score("class_accuracy", float(right.mean()), n, n, items=right.astype(np.float64)),
        Score("inpainting_error", float(np.sqrt((errors**2).mean())), n, n),
        Score("inpainting_accuracy", float(like.mean()), n, n, items=like.astype(np.float64)),
    ]
    return scores, drawn, filled


def _guide(target: Target, run: Run) -> Guide:
    classifier = trained(target.learned, run, noisy=True)

    def log_probability(brightness: Tensor, sigma: Tensor, labels: Tensor) -> Tensor:
        return -nn.functional.cross_entropy(classifier(brightness, sigma), labels, reduction="none")

    return log_probability


def _first(images: Images, n: int) -> Images:
    if len(images) < n:
        raise ValueError(f"{n} unseen images are asked for, but there are only {len(images)}")
    return images.select(np.arange(n))
