"""ListOps: every expression is well formed, of the right length, and labelled with its value."""

from collections.abc import Callable

import numpy as np
import pytest

from harness.tasks.long_range.problems.listops import (
    CLASSES,
    DIGIT,
    END,
    OPERATOR,
    OPERATORS,
    PAD,
    QUESTION,
    VOCABULARY,
    ListOps,
)

FUNCTIONS: dict[str, Callable[[list[int]], int]] = {
    "[MIN": min,
    "[MAX": max,
    "[MED": lambda digits: int(np.median(digits)),
    "[SM": lambda digits: sum(digits) % 10,
}


def value(tokens: list[int]) -> tuple[int, int, list[int]]:
    """What an expression comes to, its depth, and its numbers of arguments, by reading it from left to right."""
    stack: list[tuple[str, list[int]]] = [("", [])]
    depth, arguments = 0, []
    for token in tokens:
        if token == END:
            name, digits = stack.pop()
            arguments.append(len(digits))
            stack[-1][1].append(FUNCTIONS[name](digits))
        elif token >= OPERATOR:
            stack.append((OPERATORS[token - OPERATOR], []))
            depth = max(depth, len(stack))
        else:
            stack[-1][1].append(token - DIGIT)
    ((_, (result,)),) = stack
    return result, depth, arguments


@pytest.fixture(scope="module")
def built() -> dict[str, np.ndarray]:
    return ListOps(version=1, seed=0, items=600, shortest=20, longest=80, depth=4, arguments=5).build()


def test_labels_are_the_values(built: dict[str, np.ndarray]) -> None:
    for row, label in zip(built["tokens"], built["labels"], strict=True):
        result, depth, arguments = value([int(token) for token in row[1:] if token != PAD])
        assert result == label
        assert depth <= 4
        assert set(arguments) <= {2, 3, 4, 5}


def test_lengths_are_within_the_bounds(built: dict[str, np.ndarray]) -> None:
    tokens = built["tokens"]
    lengths = (tokens != PAD).sum(axis=1) - 1
    assert tokens.shape == (600, 81)
    assert lengths.min() >= 20
    assert lengths.max() <= 80
    assert (tokens[:, 0] == QUESTION).all()
    assert tokens.max() < VOCABULARY


def test_padding_comes_last(built: dict[str, np.ndarray]) -> None:
    padding = built["tokens"] == PAD
    assert (np.diff(padding.astype(int), axis=1) >= 0).all()


def test_every_operator_and_label_occurs(built: dict[str, np.ndarray]) -> None:
    assert set(range(OPERATOR, END)) <= set(np.unique(built["tokens"]))
    assert set(built["labels"]) == set(range(CLASSES))


def test_operators_are_equally_likely() -> None:
    tokens = ListOps(version=1, seed=0, items=4000, shortest=64, longest=256).build()["tokens"]
    counts = np.bincount(tokens.ravel(), minlength=VOCABULARY)[OPERATOR:END]
    assert counts / counts.sum() == pytest.approx(np.full(4, 1 / 4), abs=0.01)


def test_seed_draws_the_expressions() -> None:
    first, again, other = (
        ListOps(version=1, seed=seed, items=50, shortest=20, longest=80).build()["tokens"] for seed in (0, 0, 1)
    )
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
