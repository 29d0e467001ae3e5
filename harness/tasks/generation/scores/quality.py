"""How good generated images are: distances to real ones, precision, recall and coverage, and what sampling costs."""

import time
from collections.abc import Iterator

import numpy as np

from harness.core.errors import Diverged
from harness.core.task import Score, checked, checked_instance, checked_number
from harness.run import Run
from harness.tasks.generation.interface import ImageGenerator, Samples
from harness.tasks.generation.problems.images import Images, quantised
from harness.tasks.generation.problems.target import Target
from harness.tasks.generation.scores.features import Extractor, Features
from harness.tasks.generation.scores.frechet import frechet_distance, moments
from harness.tasks.generation.scores.kernel import kernel_distance
from harness.tasks.generation.scores.manifolds import compare_manifolds

MOST_PAIRED = 2000
"""The number of images, real and generated, that are compared pair by pair, at most."""


def as_images(name: str, samples: Samples, n: int, like: Images) -> Images:
    """The samples that the query `name` gave, as images with as many grey levels as real ones.

    Raises `BadOutput` if they have another shape than n images, and `Diverged` if they are not finite.
    """
    values = checked(name, checked_instance(name, samples, Samples).values, (n, *like.shape), finite=False)
    checked_number(f"{name} (evaluations)", samples.evaluations, least=0)
    if not np.isfinite(values).all():
        raise Diverged(f"{(~np.isfinite(values)).sum()} values of {n} generated images are not finite")
    return Images(quantised(values, like.levels), np.zeros(n, dtype=np.int64), like.classes, like.levels)


def image_scores(
    system: ImageGenerator, target: Target, real: Features, extractor: Extractor, run: Run
) -> tuple[Images, list[Score]]:
    """The images that the system generates by its own sampler, and their scores; `real` are those of real images."""
    n = run.settings["samples"]
    start = time.perf_counter()
    samples = system.generate(n, run)
    seconds = time.perf_counter() - start
    images = as_images("generate", samples, n, target.real)
    ffd, *others = distances(extractor.features(images), real, run.settings["neighbours"])
    outside = (samples.values < 0) | (samples.values > 1)
    scores = [
        ffd,
        Score("ffd_over_chance", ffd.value / target.chance, n, n),
        *others,
        classifier_accuracy(target, extractor),
        Score("evaluations", samples.evaluations, n, n),
        Score("seconds_per_image", seconds / n, n, n),
        Score("outside", float(outside.mean()), n, n),
        Score("contrast", float(images.pixels.std() / target.real.pixels.std()), n, n),
    ]
    return images, scores


def distances(generated: Features, real: Features, neighbours: int) -> Iterator[Score]:
    """The Frechet and the kernel distance in the features of the harness's classifier, the Frechet distance between the
    two halves of the real images, the classifier's score, precision, recall and coverage."""
    n = len(generated.features)
    yield Score("ffd", frechet_distance(moments(generated.features), moments(real.features)), n, n)
    yield Score("ffd_floor", floor(real.features), len(real.features), len(real.features))
    some, others = real.features[:MOST_PAIRED], generated.features[:MOST_PAIRED]
    yield Score("kernel_distance", kernel_distance(some, others), n, n)
    yield Score("classifier_score", class_score(generated.classes), n, n)
    manifolds = compare_manifolds(some, others, neighbours)
    yield from (Score(name, value, n, n) for name, value in manifolds._asdict().items())


def inception_distances(generated: Features, real: Features) -> Iterator[Score]:
    """The distances and the score of the field, which share no name with those in other features."""
    n, some, others = len(generated.features), real.features[:MOST_PAIRED], generated.features[:MOST_PAIRED]
    yield Score("fid", frechet_distance(moments(generated.features), moments(real.features)), n, n)
    yield Score("fid_floor", floor(real.features), len(real.features), len(real.features))
    yield Score("kid", kernel_distance(some, others), n, n)
    yield Score("inception_score", class_score(generated.classes), n, n)


def classifier_accuracy(target: Target, extractor: Extractor) -> Score:
    """The share of the unseen images that the classifier is right about: whether its features mean anything."""
    right = extractor.features(target.unseen).classes.argmax(axis=1) == target.unseen.labels
    return Score("classifier_accuracy", float(right.mean()), len(right), len(right))


def floor(features: np.ndarray) -> float:
    """The Frechet distance between the halves of features F[n d] of real images: no generator can be closer."""
    half = len(features) // 2
    return frechet_distance(moments(features[:half]), moments(features[half:]))


def class_score(probabilities: np.ndarray) -> float:
    """exp of the mean divergence of an image's class probabilities F[n c] from their mean (Salimans et al., 2016), over
    all images at once."""
    p = probabilities.astype(np.float64).clip(1e-12)
    return float(np.exp((p * (np.log(p) - np.log(p.mean(axis=0)))).sum(axis=1).mean()))
