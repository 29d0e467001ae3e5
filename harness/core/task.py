"""`Task`: data, a fixed protocol and metrics; and the `Problem` and the `Score`s that it gives."""

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Generic, NamedTuple, TypeVar

import numpy as np

from harness.core.card import Card
from harness.core.entrant import Entrant
from harness.core.errors import BadOutput
from harness.core.run import Run
from harness.core.spec import Split

S = TypeVar("S", bound=Entrant)
T = TypeVar("T")

KINDS: Final = {
    "f": "floating-point numbers",
    "i": "whole numbers",
    "iu": "whole numbers",
    "b": "truth values",
    "fiu": "numbers",
}
"""The kinds of dtypes that a task may ask for, in words."""


class Score(NamedTuple):
    """One value of a metric at one point of measurement.

    `n_used` of `n_expected` items went into it; `items` holds the items' own scores (float, in the order of the
    problem's items) where the metric is a mean over items. `chance` is the score of guessing at this point, where it
    is not the one that the problem states for the case.
    """

    metric: str
    value: float
    n_used: int
    n_expected: int
    at: Mapping[str, float | str] = {}
    items: np.ndarray | None = None
    chance: float | None = None


@dataclass(frozen=True)
class Problem:
    """One case at one tier for one seed: what is trained on, tuned on and tested on.

    `produced` is the digest of all that the seed drew; `chance` states a metric's chance value where it depends on the
    drawn data, `valid_chance` the chance value on the validation split where that differs.
    """

    train: Any
    valid: Any
    test: Any
    produced: str
    chance: Mapping[str, float] = field(default_factory=dict)
    valid_chance: Mapping[str, float] = field(default_factory=dict)

    def chance_on(self, split: Split) -> Mapping[str, float]:
        """The chance values of a split, where they depend on the drawn data."""
        return {**self.chance, **self.valid_chance} if split == "valid" else self.chance


class Task(ABC, Generic[S]):
    """The protocol of a task. Its subclass stands in the `task.py` of the task's folder, beside the card."""

    def __init__(self, card: Card) -> None:
        self.card = card

    @abstractmethod
    def problem(self, case: str, run: Run) -> Problem:
        """The problem of a case; `run` gives the resolved settings, the data streams and shared artefacts."""

    @abstractmethod
    def measure(self, system: S, split: Any, run: Run) -> Iterator[Score]:
        """Every score of a fitted system on a split (`problem.valid` or `problem.test`), from its predictions only."""

    def answers(self, system: S, split: Any, picks: np.ndarray) -> np.ndarray | None:
        """The system's answers [n ...] to the `picks` I64[n] among a split's items, asked together in that order; None
        where the items are not asked one by one. Conformance asks for the same items in other batches and orders."""
        return None


def checked(
    name: str, array: Any, shape: tuple[int | None, ...], kind: str = "f", *, finite: bool = True
) -> np.ndarray:
    """`array` as numpy if it has this shape (`None` = any length) and one of the dtype kinds, and is finite.

    Raises `BadOutput` with a sentence that names what was returned and what was asked for.
    """
    wanted = " x ".join("any" if length is None else str(length) for length in shape)
    needed = f"the task needs {KINDS.get(kind, f'dtypes of kind {kind}')} of shape ({wanted})"
    if array is None:
        raise BadOutput(f"{name} returned None, {needed}")
    try:
        returned: np.ndarray = np.asarray(array)
    except (ValueError, TypeError, RuntimeError) as error:
        raise BadOutput(f"{name} returned what is no array: {error}") from error
    if not has_shape(returned.shape, shape):
        raise BadOutput(f"{name} returned shape {returned.shape}, {needed}")
    if returned.dtype.kind not in kind:
        raise BadOutput(f"{name} returned dtype {returned.dtype}, {needed}")
    if finite and returned.dtype.kind in "fc" and not (sound := np.isfinite(returned)).all():
        row = np.argwhere(~np.atleast_1d(sound))[0][0]
        raise BadOutput(f"{name} returned {(~sound).sum()} values that are not finite, the first in row {row}")
    return returned


def has_shape(shape: Sequence[int], wanted: Sequence[int | None]) -> bool:
    """Whether a shape is the wanted one, in which None stands for any length."""
    return len(shape) == len(wanted) and all(n in (None, m) for n, m in zip(wanted, shape, strict=True))


def checked_number(name: str, value: Any, *, least: float = -math.inf, whole: bool = False) -> float:
    """`value` as a float if it is a finite number, a whole one if that is asked for, and not below `least`. Raises
    `BadOutput` as `checked` does."""
    number = checked(name, value, (), "iu" if whole else "fiu")
    if number < least:
        raise BadOutput(f"{name} returned {number}, the task needs a number from {least:g} on")
    return float(number)


def checked_instance(name: str, value: Any, *kinds: type[T]) -> T:
    """`value` if it is of one of the classes. Raises `BadOutput` as `checked` does."""
    if not isinstance(value, kinds):
        needed = " or ".join(_with_article(kind) for kind in kinds)
        raise BadOutput(f"{name} returned {_described(value)}, the task needs {needed}")
    return value


def checked_parts(name: str, value: Any, parts: int) -> tuple[Any, ...]:
    """`value` if it is a tuple of so many parts. Raises `BadOutput` as `checked` does."""
    if not isinstance(value, tuple) or len(value) != parts:
        what = f"a tuple of {len(value)}" if isinstance(value, tuple) else _described(value)
        raise BadOutput(f"{name} returned {what}, the task needs a tuple of {parts}")
    return value


def _described(value: Any) -> str:
    return "None" if value is None else _with_article(type(value))


def _with_article(kind: type) -> str:
    return f"{'an' if kind.__name__[0] in 'aeiouAEIOU' else 'a'} {kind.__name__}"


def majority_share(labels: np.ndarray) -> float:
    """The share of the most frequent label in I64[n], labels from 0 on: the accuracy of always guessing that label."""
    return float(np.bincount(labels).max() / len(labels))


def read_only(*arrays: np.ndarray) -> None:
    """Protect what is handed to entrants from being written to by accident."""
    for array in arrays:
        array.flags.writeable = False
