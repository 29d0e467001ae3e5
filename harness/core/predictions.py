"""Predictions of a task: noting what a system answers, and the format in which answers lie in files.

A task that takes predictions defines one subclass of `PredictionFormat` in the `predictions.py` of its folder.
"""

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar, Final, NamedTuple

import numpy as np

from harness.core.card import Case
from harness.core.entrant import Entrant
from harness.core.errors import BadOutput, UserError
from harness.core.task import Problem

KEPT: Final = "predictions."
"""What the name of a kept file with predictions begins with."""
MISSING: Final = "missing"
"""What the parameter is called in which a record of predictions says how many items were missing."""
NONE: Final = f"{KEPT}none.txt"
"""The kept file that says why a run kept no predictions."""
MOST_BYTES: Final = 256 * 10**6
"""Predictions with more bytes are not kept."""


class Answer(NamedTuple):
    """An answer of a system: the method that was asked, what it was given, and what it returned."""

    method: str
    given: tuple[Any, ...]
    value: Any


class Replay(NamedTuple):
    """Predictions in place of a system that was trained.

    `system` answers from a file when it is asked about the items of `split`, in their order. Where the file lacks
    items, so many are `missing` and `split` has the others; `whole` is a replay of all items, whose scores mean nothing
    but say how many items each has (None: `split` knows how many there were). `silent` says why such a file has nothing
    to say about some metrics, by their name.
    """

    system: Entrant
    split: Any
    silent: Mapping[str, str] = {}
    missing: int = 0
    whole: "Replay | None" = None


class InOrder:
    """Rows of an array [n ...] that are handed out in their order."""

    def __init__(self, rows: np.ndarray) -> None:
        self._rows, self._next = rows, 0

    def take(self, count: int) -> np.ndarray:
        """The next rows. A `BadOutput` if there are not so many."""
        self._next += count
        if self._next > len(self._rows):
            raise BadOutput(f"there are predictions for {len(self._rows)} items, but {self._next} are asked for")
        return self._rows[self._next - count : self._next]


class PredictionFormat(ABC):
    """How predictions of a task lie in files, given the resolved settings of a case. The page
    `docs/guide/predictions/TASK.md` describes it.

    `methods` are those of a system whose answers are its predictions. `silent` says why predictions have nothing to say
    about some metrics, by their name; those that need a capability beyond the `methods` are not among them.
    """

    methods: ClassVar[tuple[str, ...]]
    silent: ClassVar[Mapping[str, str]] = {}

    def __init__(self, task: str, settings: Mapping[str, Any]) -> None:
        self.task, self.settings = task, settings

    def refusal(self, case: Case) -> str:
        """Why there are no predictions for a case; "" if there are."""
        return ""

    @abstractmethod
    def inputs(self, problem: Problem) -> Iterator[tuple[str, bytes]]:
        """The files with what is asked, each with its name: without labels, with the names of the items."""

    @abstractmethod
    def guesses(self, problem: Problem) -> list[Answer]:
        """The answers of somebody who has learned nothing, for an example."""

    @abstractmethod
    def write(self, answers: Sequence[Answer], problem: Problem) -> dict[str, bytes]:
        """The files that hold the answers of a system that was measured, by name."""

    @abstractmethod
    def read(self, path: Path, problem: Problem, *, allow_missing: bool) -> Replay:
        """The predictions in a file, or in a folder of files. What is wrong in it is a `UserError` that names the file
        and the line; items may be missing only if that is allowed."""

    def read_outside(self, path: Path, labels: Path, *, allow_missing: bool) -> Replay:
        """Predictions on data that is not the task's, with a file of its labels. A `UserError` where the task takes
        none."""
        raise UserError(f"{self.task} takes no labels from outside; score predictions on one of its cases")


@contextmanager
def noted(system: Entrant, methods: Collection[str]) -> Iterator[list[Answer]]:
    """Within the block, the answers of a system's methods are noted in the list. What the methods ask of each other is
    not."""
    answers: list[Answer] = []
    is_answering = False

    def noting(name: str) -> Any:
        method = getattr(system, name)

        def asked(*given: Any, **named: Any) -> Any:
            nonlocal is_answering
            if is_answering:
                return method(*given, **named)
            is_answering = True
            try:
                value = method(*given, **named)
            finally:
                is_answering = False
            answers.append(Answer(name, given, value))
            return value

        return asked

    # On the object: its class, which says what the system is capable of, stays as it is.
    for name in methods:
        setattr(system, name, noting(name))
    try:
        yield answers
    finally:
        for name in methods:
            delattr(system, name)


def values_of(answers: Sequence[Answer], method: str) -> list[Any]:
    """What a method returned, in the order in which it was asked."""
    return [answer.value for answer in answers if answer.method == method]


def kept_predictions(
    form: PredictionFormat | None, case: Case, answers: Sequence[Answer], problem: Problem
) -> dict[str, bytes]:
    """The files that a run keeps of the answers of its system, by name; or one that says why it keeps none."""
    why = form.refusal(case) if form else "the task takes no predictions"
    if form and not why:
        files = {f"{KEPT}{name}": data for name, data in form.write(answers, problem).items()}
        size = sum(map(len, files.values()))
        if size <= MOST_BYTES:
            return files
        why = f"they have {size:,} bytes, more than the {MOST_BYTES:,} that are kept"
    return {NONE: f"no predictions: {why}\n".encode()}


def has_predictions(kept: Iterable[str]) -> bool:
    """Whether there are predictions, or the reason why there are none, among the names of kept files."""
    return any(name.startswith(KEPT) for name in kept)
