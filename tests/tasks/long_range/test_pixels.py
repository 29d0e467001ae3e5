"""Images as sequences: pixels in order, splits that do not overlap, and data that the case names."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.core.card import read_card
from harness.core.seeds import Streams
from harness.core.spec import Budget
from harness.core.task import Problem
from harness.data.sets import digits
from harness.run import Run
from harness.tasks.long_range import data
from harness.tasks.long_range.problems import pixels
from harness.tasks.long_range.problems.pixels import GREY, QUESTION, Pictures, grey, shuffled_pictures, tokenised
from harness.tasks.long_range.task import LongRange

CARD = read_card(Path(data.__file__).with_name("task.toml"))


def problem(case: str, seed: int, **settings: Any) -> Problem:
    resolved = CARD.resolve("smoke" if case == "digits" else "large", case)
    run = Run(
        settings={**resolved.settings, **settings},
        budget=Budget("examples", 0),
        streams=Streams("long_range", seed),
    )
    return LongRange(CARD).problem(case, run)


def test_tokens_are_the_pixels_row_by_row() -> None:
    images = np.array([[[0, 1], [2, 255]]], dtype=np.uint8)
    assert tokenised(images).tolist() == [[QUESTION, GREY, GREY + 1, GREY + 2, GREY + 255]]
    assert GREY + 255 == pixels.VOCABULARY - 1


def test_grey_is_luma() -> None:
    colours = np.array([[255, 255, 255], [0, 0, 0], [255, 0, 0], [0, 255, 0], [0, 0, 255], [10, 20, 30]], np.uint8)
    assert grey(colours).tolist() == [255, 0, 76, 150, 29, 18]


def test_shrunk_images_are_means_of_areas() -> None:
    image = np.array([[[0, 2, 255, 255], [4, 6, 255, 252]]], dtype=np.uint8)
    shrunk = Pictures(image, np.array([7])).shrunk(2)
    assert shrunk.images.tolist() == [[[3, 254]]]
    assert shrunk.images.dtype == np.uint8
    assert shrunk.labels.tolist() == [7]
    with pytest.raises(ValueError, match=r"2 x 4 pixels cannot be shrunk by 3: it must divide both"):
        Pictures(image, np.array([7])).shrunk(3)


def test_images_that_shrinking_makes_alike_are_in_one_split() -> None:
    training, test = shuffled_pictures("digits", shrink=8)
    assert not {image.tobytes() for image in training.images} & {image.tobytes() for image in test.images}


def test_cases_name_their_data() -> None:
    assert {case.id: case.data for case in CARD.cases if case.id in pixels.SETS} == {
        case: (name,) for case, name in pixels.SETS.items()
    }


def test_no_image_is_in_two_splits() -> None:
    made = problem("digits", 0, train_items=1000, valid_items=100, test_items=600)
    splits = [{row.tobytes() for row in part.tokens} for part in (made.train, made.valid, made.test)]
    assert [len(part.labels) for part in (made.train, made.valid, made.test)] == [987, 100, 600]
    assert not splits[0] & splits[1]
    assert not splits[0] & splits[2]
    assert not splits[1] & splits[2]


def test_seed_draws_training_images_only() -> None:
    first, again, other = (problem("digits", seed) for seed in (0, 0, 1))
    assert first.produced == again.produced != other.produced
    assert not np.array_equal(first.train.tokens, other.train.tokens)
    assert np.array_equal(first.valid.tokens, other.valid.tokens)
    assert np.array_equal(first.test.tokens, other.test.tokens)


def test_labels_are_those_of_the_images() -> None:
    known = {image.tobytes(): label for image, label in zip(*digits.digits(), strict=True)}
    made = problem("digits", 0)
    for row, label in zip(made.test.tokens, made.test.labels, strict=True):
        assert known[(row[1:] - GREY).astype(np.uint8).reshape(8, 8).tobytes()] == label


def test_order_depends_on_the_images_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    before = shuffled_pictures("digits")
    every = digits.digits()
    monkeypatch.setattr(digits, "digits", lambda: Pictures(every.images[::-1], every.labels[::-1]))
    for part, turned in zip(before, shuffled_pictures("digits"), strict=True):
        assert np.array_equal(part.images, turned.images)
        keys = [hashlib.sha256(image.tobytes()).digest() for image in part.images]
        assert keys == sorted(keys)


@pytest.mark.usefixtures("mirror")
def test_clothes_are_784_pixels_of_ten_kinds() -> None:
    made = problem("fashion", 0, train_items=2000, test_items=1000)
    assert made.train.tokens.shape == (2000, 785)
    assert made.test.keep.all()
    assert set(made.test.labels) == set(range(10))
    assert made.chance["accuracy"] < 0.13


@pytest.mark.usefixtures("mirror")
def test_clothes_are_196_pixels_at_small() -> None:
    made = problem("fashion", 0, **{**CARD.resolve("small", "fashion").settings, "train_items": 500, "test_items": 500})
    assert made.train.tokens.shape == (500, 197)
