"""The problem of each case: sequences or films to learn from and to validate on, and a test at every point of the
shift."""

import hashlib
import math
from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np

from harness.core.canonical import array_digest
from harness.core.task import Problem, read_only
from harness.data.sets import digits, mnist
from harness.run import Run
from harness.tasks.ood_dynamics.problems import pixels
from harness.tasks.ood_dynamics.problems.copying import Copying
from harness.tasks.ood_dynamics.problems.films import BallFilms, curtain_mask
from harness.tasks.ood_dynamics.problems.sequences import Dataset, Films, Sequences, Shift, Shifts

DRAWN_SHARE: Final = 0.9
"""The share of the training images that a seed draws to learn from, at most."""
TEST_DIGITS: Final = 600
"""The number of digits that are set apart as test images; they have no published split."""
OPEN: Final = "open"
CURTAIN: Final = "curtain"
"""The views of the test films."""


def make(case: str, run: Run, version: int) -> Problem:
    """The problem of a case (`KeyError` if there is none), for the task's version."""
    if case == "balls":
        return _balls(run, version)
    cases: Mapping[str, Callable[[Run], Problem]] = {"copying": _copying, "digits": _digits, "mnist": _mnist}
    return cases[case](run)


def _copying(run: Run) -> Problem:
    """The test has the same symbols to copy at every delay. Chance is a random guess of the symbols at the right
    steps."""
    settings = run.settings
    copying = Copying(settings["copied"], settings["alphabet"])
    sizes = _sizes(settings)
    shown = np.split(copying.draw(sum(sizes.values()), run.rng("data")), np.cumsum(list(sizes.values()))[:-1])
    learned, *longer = settings["delays"]

    def pose(symbols: np.ndarray, delay: int) -> Sequences:
        return Sequences(*copying.pose(symbols, delay), copying.vocabulary, copying.classes, copying.copied)

    train, valid = (pose(part, learned) for part in shown[:2])
    test = Shifts(tuple(Shift({"delay": float(delay)}, pose(shown[2], delay)) for delay in (learned, *longer)))
    bits = math.log(copying.alphabet)
    chance = {
        "cross_entropy": bits,
        "all_cross_entropy": copying.copied * bits / (learned + 2 * copying.copied),
        "accuracy": float(copying.alphabet) ** -copying.copied,
    }
    return _problem(train, valid, test, chance)


def _digits(run: Run) -> Problem:
    images, labels = digits.digits()
    order = _order_by_digest(images)
    training, test = np.split(order, [-TEST_DIGITS])
    return _images((images[training], labels[training]), (images[test], labels[test]), 16, run)


def _mnist(run: Run) -> Problem:
    parts = []
    for split in ("train", "test"):
        images, labels = mnist.images(split)
        order = _order_by_digest(images)
        parts.append((images[order], labels[order]))
    return _images(parts[0], parts[1], 255, run)


def _images(
    training: tuple[np.ndarray, np.ndarray], test: tuple[np.ndarray, np.ndarray], brightest: int, run: Run
) -> Problem:
    """The seed draws the training images. Validation and test images are the same for all seeds, and test images for
    all resolutions."""
    settings = run.settings
    sizes = _sizes(settings)
    learned, *larger = settings["sides"]

    def pose(part: tuple[np.ndarray, np.ndarray], rows: np.ndarray, side: int) -> Sequences:
        images = pixels.resize(part[0][rows], side, settings["resize"])
        symbols = pixels.binarise(images, settings["threshold"], brightest)
        return Sequences(symbols, part[1][rows, None], pixels.VOCABULARY, pixels.CLASSES, 1)

    rest = np.arange(sizes["valid"], len(training[1]))
    drawn = run.rng("data").permutation(rest)[: min(sizes["train"], round(DRAWN_SHARE * len(rest)))]
    tested = np.arange(min(sizes["test"], len(test[1])))
    shifts = Shifts(tuple(Shift({"side": float(side)}, pose(test, tested, side)) for side in (learned, *larger)))
    majority = float(np.bincount(test[1][tested]).max() / len(tested))
    valid = pose(training, np.arange(sizes["valid"]), learned)
    return _problem(pose(training, drawn, learned), valid, shifts, {"accuracy": majority})


def _balls(run: Run, version: int) -> Problem:
    """Films with as many balls as in training, with other numbers of balls, and behind a curtain."""
    settings = run.settings
    side, given, sizes = settings["side"], settings["given"], _sizes(settings)
    learned, *others = settings["balls"]
    all_pixels = np.ones((side, side), dtype=np.bool_)

    def films(balls: int, number: int) -> np.ndarray:
        recipe = BallFilms(
            version=version,
            seed=run.seed("data"),
            films=number,
            frames=settings["frames"],
            side=side,
            balls=balls,
            radius=tuple(settings["radius"]),
            speed=tuple(settings["speed"]),
        )
        return run.artefact(recipe)["frames"]

    train, valid, test = np.split(films(learned, sum(sizes.values())), np.cumsum(list(sizes.values()))[:-1])

    def shifted(balls: int, view: str, frames: np.ndarray) -> Shift:
        tested = Films(frames, given, all_pixels if view == OPEN else curtain_mask(side))
        return Shift({"balls": float(balls), "view": view}, tested, _chance(tested))

    shifts = (
        shifted(learned, OPEN, test),
        *(shifted(balls, OPEN, films(balls, sizes["test"])) for balls in others),
        shifted(learned, CURTAIN, test),
    )
    return _problem(Films(train, given, all_pixels), Films(valid, given, all_pixels), Shifts(shifts), shifts[0].chance)


def _chance(films: Films) -> dict[str, float]:
    """The chance values: a guess that only knows which share of the visible pixels has ink; for the F1 score, all
    ink."""
    ink = float(films.hidden[..., films.visible].mean())
    return {
        "rollout_cross_entropy": -ink * math.log(ink) - (1 - ink) * math.log(1 - ink),
        "rollout_f1": 2 * ink / (1 + ink),
    }


def _sizes(settings: Mapping[str, Any]) -> dict[str, int]:
    return {split: settings[f"{split}_items"] for split in ("train", "valid", "test")}


def _order_by_digest(images: np.ndarray) -> np.ndarray:
    """I64[n]: the rows in a random order that is the same in every run."""
    digests = [hashlib.sha256(image.tobytes()).digest() for image in images]
    return np.array(sorted(range(len(digests)), key=digests.__getitem__))


def _problem(train: Dataset, valid: Dataset, test: Shifts, chance: Mapping[str, float]) -> Problem:
    drawn = {"train": train, "valid": valid, **{f"test{i}": shift.items for i, shift in enumerate(test.points)}}
    arrays = {f"{name}.{part}": array for name, items in drawn.items() for part, array in _arrays(items).items()}
    read_only(*arrays.values())
    return Problem(train, valid, test, array_digest(arrays), chance)


def _arrays(items: Dataset) -> dict[str, np.ndarray]:
    return {name: value for name, value in vars(items).items() if isinstance(value, np.ndarray)}
