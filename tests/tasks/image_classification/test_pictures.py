"""The images: splits that do not overlap, small training sets that begin large ones, sizes, augmentation."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from harness.core.card import read_card
from harness.core.seeds import Streams
from harness.core.spec import TierName
from harness.core.task import Problem
from harness.data.sets import digits
from harness.run import Run
from harness.tasks.image_classification import Images, data
from harness.tasks.image_classification.problems import pictures
from harness.tasks.image_classification.problems.augmentation import augment
from harness.tasks.image_classification.task import ImageClassification

CARD = read_card(Path(data.__file__).with_name("task.toml"))


def problem(case: str, seed: int = 0, tier: TierName = "quick", **settings: Any) -> Problem:
    resolved = CARD.resolve(tier, case)
    run = Run(
        settings={**resolved.settings, **settings},
        budget=resolved.budget,
        streams=Streams("image_classification", seed),
    )
    return ImageClassification(CARD).problem(case, run)


def test_cases_say_how_many_images_they_have() -> None:
    for case in CARD.cases:
        if "n" in case.at:
            assert case.id == f"n{case.at['n']}"
            assert int(case.at["n"]) <= pictures.POOL[case.data[0]]


def test_a_small_training_set_is_the_beginning_of_a_large_one() -> None:
    few, many = problem("n100").train, problem("n1200").train
    assert (len(few.labels), len(many.labels)) == (100, 1200)
    assert np.array_equal(few.pixels, many.pixels[:100])
    assert np.array_equal(few.labels, many.labels[:100])


def test_seed_draws_training_images_only() -> None:
    first, again, other = (problem("n100", seed) for seed in (0, 0, 1))
    assert first.produced == again.produced != other.produced
    assert not np.array_equal(first.train.pixels, other.train.pixels)
    assert np.array_equal(first.valid.pixels, other.valid.pixels)
    assert np.array_equal(first.test.pixels, other.test.pixels)


def test_no_digit_is_in_two_splits() -> None:
    made = problem("n1200")
    splits = [{image.tobytes() for image in part.pixels} for part in (made.train, made.valid, made.test)]
    assert [len(split) for split in splits] == [1200, 200, 397]
    assert len(set.union(*splits)) == 1797


def test_labels_are_those_of_the_images_and_white_is_255() -> None:
    found = digits.digits()
    known = {(image.astype(int) * 255 // 16).tobytes(): label for image, label in zip(*found, strict=True)}
    test = problem("n100").test
    assert test.pixels.dtype == np.uint8
    assert test.pixels.max() == 255
    for image, label in zip(test.pixels[..., 0], test.labels, strict=True):
        assert known[image.astype(int).tobytes()] == label


def test_chance_is_the_majority_of_the_test_split() -> None:
    made = problem("n100")
    assert made.chance["accuracy"] == np.bincount(made.test.labels).max() / 397


@pytest.mark.usefixtures("mirror")
def test_clothes_are_learned_from_without_those_that_validate_or_test() -> None:
    few, many = (problem(case, tier="small") for case in ("n1000", "n48000"))
    assert np.array_equal(few.train.pixels, many.train.pixels[:1000])
    assert many.train.shape == (28, 28, 1)
    splits = [{image.tobytes() for image in part.pixels} for part in (many.train, many.valid, many.test)]
    assert [len(split) for split in splits] == [48000, 1000, 2000]
    assert len(set.union(*splits)) == 51000


@pytest.mark.usefixtures("mirror")
def test_the_same_clothes_are_seen_in_two_sizes() -> None:
    made = problem("resolution", tier="small", train_items=50)
    assert (made.train.low.shape, made.train.high.shape) == ((16, 16, 1), (28, 28, 1))
    assert np.array_equal(made.train.low.labels, made.train.high.labels)
    mean_low, mean_high = (images.pixels.mean((1, 2, 3)) for images in (made.train.low, made.train.high))
    np.testing.assert_allclose(mean_low, mean_high, atol=4)


def test_too_many_images_are_an_error() -> None:
    with pytest.raises(ValueError, match="learns from 5000 images, but digits has 1200"):
        problem("resolution_digits", tier="smoke", train_items=5000)


def test_scaling_keeps_uniform_images_and_images_of_the_given_size() -> None:
    rng = np.random.default_rng(0)
    images = Images(rng.integers(256, size=(2, 8, 8, 3), dtype=np.uint8), np.zeros(2, dtype=np.int64), 10)
    assert np.array_equal(images.scaled(8).pixels, images.pixels)
    even = Images(np.full((1, 8, 8, 1), 77, np.uint8), np.zeros(1, dtype=np.int64), 10)
    for side in (5, 16):
        assert np.array_equal(even.scaled(side).pixels, np.full((1, side, side, 1), 77))


def a_batch(n: int = 64) -> torch.Tensor:
    return torch.randint(1, 256, (n, 3, 6, 5), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


def test_without_augmentation_images_are_themselves() -> None:
    assert torch.equal(augment(a_batch(), 0, False, torch.Generator()), a_batch())


def test_half_of_the_images_are_mirrored() -> None:
    before, after = a_batch(400), augment(a_batch(400), 0, True, torch.Generator().manual_seed(0))
    same = (after == before).flatten(1).all(1)
    turned = (after == before.flip(-1)).flatten(1).all(1)
    assert torch.equal(same, ~turned)
    assert 150 < int(turned.sum()) < 250


def test_crops_are_windows_of_the_padded_image_of_each_place_alike() -> None:
    before = a_batch(600)
    after = augment(before, 1, False, torch.Generator().manual_seed(0))
    padded = torch.nn.functional.pad(before, (1, 1, 1, 1))
    windows = {(y, x): padded[:, :, y : y + 6, x : x + 5] for y in range(3) for x in range(3)}
    counts = {place: int((after == window).flatten(1).all(1).sum()) for place, window in windows.items()}
    assert sum(counts.values()) == 600
    assert min(counts.values()) > 30


def test_augmentation_follows_its_generator() -> None:
    first, again, other = (augment(a_batch(), 2, True, torch.Generator().manual_seed(s)) for s in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
