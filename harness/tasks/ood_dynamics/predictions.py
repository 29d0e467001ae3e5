"""Predictions of sequences and films: logits at each point of the test."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from harness.core.predictions import Answer, PredictionFormat, Replay
from harness.core.task import Problem
from harness.formats.arrays import check_array, check_present, read_arrays, written_arrays
from harness.run import Run
from harness.tasks.ood_dynamics.interface import SequencePredictor
from harness.tasks.ood_dynamics.problems.sequences import Dataset, Films, Shifts

FILE = "npz"


class DynamicsPredictions(PredictionFormat):
    """The logits of the answers, or of the hidden frames, at each point of the shift."""

    methods = ("predict", "rollout")

    def inputs(self, problem: Problem) -> Iterator[tuple[str, bytes]]:
        """What is shown at each point."""
        shown = {name: items.shown if isinstance(items, Films) else items.symbols for name, items in _asked(problem)}
        yield "shown.npz", written_arrays(shown)

    def guesses(self, problem: Problem) -> list[Answer]:
        """Logits of 0."""
        return [Answer("predict", (), np.zeros(_shape(items), np.float32)) for _, items in _asked(problem)]

    def write(self, answers: Sequence[Answer], problem: Problem) -> dict[str, bytes]:
        """An array for each point."""
        names = [name for name, _ in _asked(problem)]
        return {FILE: written_arrays(dict(zip(names, (np.asarray(each.value) for each in answers), strict=True)))}

    def read(self, path: Path, problem: Problem, *, allow_missing: bool) -> Replay:
        """The logits in a file; none may be missing."""
        asked = dict(_asked(problem))
        arrays = read_arrays(path, list(asked))
        check_present(path, arrays, list(asked))
        return Replay(
            PredictedBefore(
                [
                    check_array(path, name, arrays[name], _shape(items), "f", _AXES[isinstance(items, Films)])
                    for name, items in asked.items()
                ]
            ),
            problem.test,
        )


class PredictedBefore(SequencePredictor):
    """Answers with logits that were computed elsewhere, an array for each time that it is asked."""

    def __init__(self, logits: Sequence[np.ndarray]) -> None:
        self._logits = iter(logits)

    def fit(self, train: Dataset, run: Run, /) -> None:
        """Nothing is left to learn."""

    def predict(self, symbols: np.ndarray, steps: int) -> np.ndarray:
        """The logits of the next sequences."""
        return next(self._logits)

    def rollout(self, frames: np.ndarray, steps: int) -> np.ndarray:
        """The logits of the next films."""
        return next(self._logits)


_AXES = {False: "sequences x answers x classes", True: "films x frames x h x w"}


def _asked(problem: Problem) -> list[tuple[str, Dataset]]:
    """What is asked about, with the name of each point, as in `balls=4,view=whole`."""
    test: Shifts = problem.test
    return [
        (",".join(f"{axis}={_spelled(value)}" for axis, value in point.at.items()), point.items)
        for point in test.points
    ]


def _spelled(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:g}"


def _shape(items: Dataset) -> tuple[int, ...]:
    """The shape of the logits."""
    if isinstance(items, Films):
        return items.hidden.shape
    return (*items.targets.shape, items.classes)
