"""Key-value recall: the label is the value that the asked key has everywhere in the sequence."""

import numpy as np
import pytest

from harness.tasks.long_range.problems.recall import PAD, Recall

GAME = Recall(longest=20, keys=5, values=3)


@pytest.fixture(scope="module")
def drawn() -> tuple[np.ndarray, np.ndarray]:
    return GAME.draw(400, np.random.default_rng(0))


def test_label_is_the_value_of_the_first_key(drawn: tuple[np.ndarray, np.ndarray]) -> None:
    for row, label in zip(*drawn, strict=True):
        asked = row[0] - 1
        pairs = row[1:][row[1:] != PAD] - 1 - GAME.keys
        assert set(pairs // GAME.values) == set(range(GAME.keys))
        assert set(pairs[pairs // GAME.values == asked] % GAME.values) == {label}


def test_lengths_vary_and_padding_is_last(drawn: tuple[np.ndarray, np.ndarray]) -> None:
    tokens, _ = drawn
    padding = tokens == PAD
    assert tokens.shape == (400, 21)
    assert set((~padding).sum(axis=1)) == set(range(11, 22))
    assert (np.diff(padding.astype(int), axis=1) >= 0).all()


def test_question_and_pairs_have_tokens_of_their_own(drawn: tuple[np.ndarray, np.ndarray]) -> None:
    tokens, _ = drawn
    assert set(tokens[:, 0]) == set(range(1, 1 + GAME.keys))
    assert tokens[:, 1:][tokens[:, 1:] != PAD].min() == 1 + GAME.keys
    assert tokens.max() == GAME.vocabulary - 1


def test_question_alone_tells_nothing(drawn: tuple[np.ndarray, np.ndarray]) -> None:
    tokens, labels = GAME.draw(20_000, np.random.default_rng(1))
    for question in range(1, 1 + GAME.keys):
        shares = np.bincount(labels[tokens[:, 0] == question], minlength=GAME.values)
        assert shares / shares.sum() == pytest.approx(np.full(GAME.values, 1 / 3), abs=0.03)
