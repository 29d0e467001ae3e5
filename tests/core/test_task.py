"""What an entrant answers is checked before it is scored, and every fault is named in a sentence."""

from typing import Any

import numpy as np
import pytest
import torch

from harness.core.errors import BadOutput
from harness.core.task import Problem, Score, checked, read_only


@pytest.mark.parametrize(
    ("array", "shape", "kind"),
    [
        (np.zeros((3, 4), np.float32), (3, 4), "f"),
        (np.zeros((3, 4)), (None, 4), "f"),
        (np.zeros((0, 4)), (None, 4), "f"),
        (np.zeros((3, 9), np.int64), (3, None), "iu"),
        (np.zeros((3, 9), np.uint8), (3, None), "iu"),
        (np.zeros(3, bool), (3,), "b"),
        ([[1.0, 2.0]], (1, 2), "f"),
        (3.0, (), "f"),
    ],
)
def test_what_fits_is_given_back_unchanged(array: Any, shape: tuple[int | None, ...], kind: str) -> None:
    returned = checked("vectors", array, shape, kind)
    assert isinstance(returned, np.ndarray)
    np.testing.assert_array_equal(returned, array)
    assert not isinstance(array, np.ndarray) or returned is array


def test_a_tensor_is_taken_as_an_array() -> None:
    returned = checked("logits", torch.ones(2, 3), (2, 3))
    assert isinstance(returned, np.ndarray)


HOLED = np.ones((4, 3))
HOLED[2, 1], HOLED[3, 0] = np.nan, np.inf

FAULTS = [
    (np.zeros((3, 5)), (3, 4), "f", "vectors returned shape (3, 5), the task needs (3 x 4)"),
    (np.zeros((3, 5)), (None, 4), "f", "vectors returned shape (3, 5), the task needs (any x 4)"),
    (np.zeros(3), (3, 4), "f", "vectors returned shape (3,), the task needs (3 x 4)"),
    (np.zeros((3, 4, 1)), (3, 4), "f", "vectors returned shape (3, 4, 1), the task needs (3 x 4)"),
    (None, (3,), "f", "vectors returned shape (), the task needs (3)"),
    (np.zeros(3, np.int64), (3,), "f", "vectors returned dtype int64, the task needs one of the kinds 'f'"),
    (np.zeros(3), (3,), "iu", "vectors returned dtype float64, the task needs one of the kinds 'iu'"),
    (np.array(["a", "b"]), (2,), "f", "vectors returned dtype <U1, the task needs one of the kinds 'f'"),
    ([None, 1.0], (2,), "f", "vectors returned dtype object, the task needs one of the kinds 'f'"),
    (HOLED, (4, 3), "f", "vectors returned 2 values that are not finite, the first in row 2"),
    (np.float32("inf"), (), "f", "vectors returned 1 values that are not finite, the first in row 0"),
]


@pytest.mark.parametrize(("array", "shape", "kind", "message"), FAULTS)
def test_a_fault_is_named_with_what_was_asked_for(
    array: Any, shape: tuple[int | None, ...], kind: str, message: str
) -> None:
    with pytest.raises(BadOutput) as raised:
        checked("vectors", array, shape, kind)
    assert str(raised.value) == message


def test_rows_of_different_lengths_are_named() -> None:
    with pytest.raises(BadOutput, match=r"vectors returned what is no array: .*inhomogeneous"):
        checked("vectors", [[1.0, 2.0], [3.0]], (2, None))


def test_a_tensor_with_its_gradient_is_named() -> None:
    with pytest.raises(BadOutput, match=r"vectors returned what is no array: .*detach"):
        checked("vectors", torch.ones(2, requires_grad=True), (2,))


def test_values_that_are_not_finite_pass_where_they_may() -> None:
    assert checked("scores", HOLED, (4, 3), finite=False) is HOLED


def test_what_is_handed_out_cannot_be_written_to() -> None:
    tokens, labels = np.zeros(3), np.zeros(2)
    read_only(tokens, labels)
    for array in (tokens, labels):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


def test_a_score_stands_at_no_point_unless_it_says_so() -> None:
    assert Score("accuracy", 0.5, 10, 10).at == {}
    assert Score("accuracy", 0.5, 10, 10).items is None


def test_a_problem_cannot_be_changed() -> None:
    problem = Problem(train=1, valid=2, test=3, produced="")
    with pytest.raises(AttributeError):
        problem.test = 4  # type: ignore[misc]
