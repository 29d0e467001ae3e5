"""Byte-level text: reviews are cut, padded, shuffled, and in one split only."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from harness.core.card import read_card
from harness.core.seeds import Streams
from harness.core.spec import Budget
from harness.core.task import Problem
from harness.data.sets.imdb import Review
from harness.run import Run
from harness.tasks.long_range import data
from harness.tasks.long_range.problems.text import BYTE, PAD, QUESTION, shuffled_reviews, tokenised
from harness.tasks.long_range.task import LongRange

CARD = read_card(Path(data.__file__).with_name("task.toml"))


@cache
def problem(seed: int) -> Problem:
    settings = {**CARD.resolve("small", "text").settings, "train_items": 3000, "length": 64}
    run = Run(settings=settings, budget=Budget("examples", 0), streams=Streams("long_range", seed))
    return LongRange(CARD).problem("text", run)


def test_tokens_are_the_first_bytes() -> None:
    reviews = [Review("test", 1, 0, 9, "né"), Review("test", 0, 1, 2, "abcdef")]
    tokens, labels = tokenised(reviews, 4)
    assert tokens.tolist() == [
        [QUESTION, BYTE + ord("n"), BYTE + 0xC3, BYTE + 0xA9, PAD],
        [QUESTION, *(BYTE + ord(letter) for letter in "abcd")],
    ]
    assert labels.tolist() == [1, 0]


@pytest.mark.usefixtures("mirror")
def test_no_review_is_in_two_splits() -> None:
    training, test = shuffled_reviews()
    assert len(test) == 25_000
    assert not {review.text for review in training} & {review.text for review in test}


@pytest.mark.usefixtures("mirror")
def test_seed_draws_training_reviews_only() -> None:
    first, second = problem(0), problem(1)
    assert first.produced != second.produced
    assert not np.array_equal(first.train.tokens, second.train.tokens)
    assert np.array_equal(first.test.tokens, second.test.tokens)
    assert np.array_equal(first.valid.tokens, second.valid.tokens)


@pytest.mark.usefixtures("mirror")
def test_splits_are_balanced_enough() -> None:
    made = problem(0)
    assert len(made.test.labels) == 2000
    assert made.chance["accuracy"] < 0.53
    assert made.train.labels.mean() == pytest.approx(0.5, abs=0.03)
