"""The problem of each case: labelled images in three splits, or a batch of images to time a model on."""

import numpy as np

from harness.core.canonical import array_digest
from harness.core.card import Case
from harness.core.task import Problem, majority_share, read_only
from harness.run import Run
from harness.tasks.image_classification.problems.images import Images, Resolutions
from harness.tasks.image_classification.problems.pictures import CLASSES, splits
from harness.tasks.image_classification.scores.cost import Cost


def make(case: Case, run: Run) -> Problem:
    """The problem of a case."""
    return _classification(case, run) if case.data else _cost(run)


def _classification(case: Case, run: Run) -> Problem:
    """The seed draws the training images; those of a small training set come first in a large one. Validation and test
    images are the same for all seeds.

    Raises `ValueError` if the case asks for more training images than there are.
    """
    settings = run.settings
    pool, valid, test = splits(case.data[0])
    n = int(case.at.get("n", settings["train_items"]))
    if n > len(pool.labels):
        raise ValueError(f"case {case.id} learns from {n} images, but {case.data[0]} has {len(pool.labels)}")
    chosen = {
        "train": pool.select(run.rng("data").permutation(len(pool.labels))[:n]),
        "valid": valid.select(np.arange(min(settings["valid_items"], len(valid.labels)))),
        "test": test.select(np.arange(min(settings["test_items"], len(test.labels)))),
    }
    for images in chosen.values():
        read_only(images.pixels, images.labels)
    produced = array_digest(
        {f"{name}.{part}": getattr(images, part) for name, images in chosen.items() for part in ("pixels", "labels")}
    )
    parts = {name: _at_sides(images, settings["sides"]) for name, images in chosen.items()}
    return Problem(
        **parts,
        produced=produced,
        chance={"accuracy": majority_share(chosen["test"].labels)},
        valid_chance={"accuracy": majority_share(chosen["valid"].labels)},
    )


def _at_sides(images: Images, sides: list[int]) -> Images | Resolutions:
    """The images at the two sizes, or as they are where no sizes are set."""
    if not sides:
        return images
    low, high = (images.scaled(side) for side in sides)
    read_only(low.pixels, high.pixels)
    return Resolutions(low, high)


def _cost(run: Run) -> Problem:
    settings = run.settings
    rng = run.rng("data")
    shape = (settings["batch"], settings["side"], settings["side"], settings["channels"])
    pixels = rng.integers(256, size=shape, dtype=np.uint8)
    labels = rng.integers(CLASSES, size=settings["batch"])
    read_only(pixels, labels)
    timed = Cost(Images(pixels, labels, CLASSES), settings["repeats"])
    return Problem(None, None, timed, array_digest({"pixels": pixels, "labels": labels}))
