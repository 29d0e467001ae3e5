"""The problem of each case: images to learn from and to compare with, or a distribution whose score is known."""

import numpy as np

from harness.core.canonical import array_digest
from harness.core.card import Case
from harness.core.task import Problem, read_only
from harness.run import Run
from harness.tasks.generation.models.gaussian import FittedGaussian
from harness.tasks.generation.problems.images import Images, quantised
from harness.tasks.generation.problems.mixture import Mixture
from harness.tasks.generation.problems.splits import splits
from harness.tasks.generation.problems.target import ExactTarget, Target
from harness.tasks.generation.scores.features import ClassifierExtractor
from harness.tasks.generation.scores.frechet import frechet_distance, moments


def make(case: Case, run: Run) -> Problem:
    """The problem of a case."""
    return _images(case, run) if case.data else _mixture(run)


def _images(case: Case, run: Run) -> Problem:
    """All images are the same for all seeds. Generated images are compared with the images that are learned from, as in
    the paper, and on the validation split with others."""
    settings = run.settings
    train, test = splits(case.data[0], settings["side"])
    held = settings["valid_items"]
    if len(train) <= held:
        raise ValueError(f"valid_items = {held}, but {case.data[0]} has only {len(train)} training images")
    rows = np.arange(len(train))
    valid, learned = train.select(rows[:held]), train.select(rows[held:][: settings["train_items"]])
    unseen = test.select(np.arange(min(len(test), settings["test_items"])))
    for images in (valid, learned, unseen):
        read_only(images.pixels, images.labels)
    real = learned.select(np.arange(min(len(learned), settings["real_items"])))
    produced = {
        f"{name}.{part}": getattr(images, part)
        for name, images in {"learned": learned, "valid": valid, "unseen": unseen}.items()
        for part in ("pixels", "labels")
    }
    chance, valid_chance = (_chance(learned, images, run) for images in (real, valid))
    return Problem(
        train=learned,
        valid=Target(learned, valid, valid, valid_chance, thorough=False),
        test=Target(learned, real, unseen, chance, thorough=True),
        produced=array_digest(produced),
        chance={"ffd": chance},
        valid_chance={"ffd": valid_chance},
    )


def _chance(learned: Images, real: Images, run: Run) -> float:
    """The distance of images from a normal distribution with the mean and covariance of the pixels."""
    n = run.settings["samples"]
    values = quantised(FittedGaussian(learned).sample(n, np.random.default_rng(run.seed("chance"))), real.levels)
    guessed = Images(values, np.zeros(n, dtype=np.int64), real.classes, real.levels)
    extractor = ClassifierExtractor(learned, run)
    features = (moments(extractor.features(images).features) for images in (guessed, real))
    return frechet_distance(*features)


def _mixture(run: Run) -> Problem:
    """The seed draws the mixture."""
    settings = run.settings
    mixture = Mixture.drawn(settings["modes"], settings["dims"], settings["mode_std"], run.rng("data"))
    read_only(mixture.means)
    return Problem(None, None, ExactTarget(mixture), array_digest({"means": mixture.means}))
