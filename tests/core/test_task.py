"""What an entrant answers is checked before it is scored, and every fault is named in a sentence."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from harness.core.errors import BadOutput
from harness.core.task import Problem, Score, checked, checked_instance, checked_number, checked_parts, read_only


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

FLOATS = "the task needs floating-point numbers of shape"
FAULTS = [
    (np.zeros((3, 5)), (3, 4), "f", f"vectors returned shape (3, 5), {FLOATS} (3 x 4)"),
    (np.zeros((3, 5)), (None, 4), "f", f"vectors returned shape (3, 5), {FLOATS} (any x 4)"),
    (np.zeros(3), (3, 4), "f", f"vectors returned shape (3,), {FLOATS} (3 x 4)"),
    (np.zeros((3, 4, 1)), (3, 4), "f", f"vectors returned shape (3, 4, 1), {FLOATS} (3 x 4)"),
    (None, (3,), "f", f"vectors returned None, {FLOATS} (3)"),
    (np.zeros(3, np.int64), (3,), "f", f"vectors returned dtype int64, {FLOATS} (3)"),
    (np.zeros(3), (3,), "iu", "vectors returned dtype float64, the task needs whole numbers of shape (3)"),
    (np.zeros(3), (3,), "mM", "vectors returned dtype float64, the task needs dtypes of kind mM of shape (3)"),
    (np.array(["a", "b"]), (2,), "f", f"vectors returned dtype <U1, {FLOATS} (2)"),
    ([None, 1.0], (2,), "f", f"vectors returned dtype object, {FLOATS} (2)"),
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


@pytest.mark.parametrize(
    ("check", "message"),
    [
        (lambda: checked_number("bits", None), "bits returned None, the task needs numbers of shape ()"),
        (lambda: checked_number("bits", "2"), "bits returned dtype <U1, the task needs numbers of shape ()"),
        (lambda: checked_number("bits", [2.0]), "bits returned shape (1,), the task needs numbers of shape ()"),
        (lambda: checked_number("bits", np.nan), "bits returned 1 values that are not finite, the first in row 0"),
        (lambda: checked_number("bits", 1.5, whole=True), "bits returned dtype float64, the task needs whole numbers"),
        (lambda: checked_number("bits", -1, least=0), "bits returned -1, the task needs a number from 0 on"),
        (lambda: checked_instance("log", None, dict), "log returned None, the task needs a dict"),
        (lambda: checked_instance("views", 3, list, tuple), "views returned an int, the task needs a list or a tuple"),
        (lambda: checked_parts("step", [1, 2], 2), "step returned a list, the task needs a tuple of 2"),
        (lambda: checked_parts("step", (1,), 2), "step returned a tuple of 1, the task needs a tuple of 2"),
    ],
)
def test_numbers_objects_and_tuples_are_checked_too(check: Callable[[], object], message: str) -> None:
    with pytest.raises(BadOutput) as raised:
        check()
    assert str(raised.value).startswith(message)


def test_numbers_objects_and_tuples_that_fit_are_returned() -> None:
    assert checked_number("bits", np.int64(2), least=2, whole=True) == 2.0
    assert checked_instance("views", (), list, tuple) == ()
    assert checked_parts("step", (1, None), 2) == (1, None)


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
