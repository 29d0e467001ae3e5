"""Predictions of long sequences: logits, or labels alone, by number of sequence."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from harness.core.card import Case
from harness.core.predictions import Answer, InOrder, PredictionFormat, Replay, values_of
from harness.core.task import Problem
from harness.formats.arrays import written_arrays
from harness.formats.classes import read_classes
from harness.run import Run
from harness.tasks.long_range.interface import SequenceClassifier
from harness.tasks.long_range.problems.sequences import Sequences, Swap

FILE = "npz"


class SequencePredictions(PredictionFormat):
    """Logits or labels of the test sequences; where attention is swapped, logits before and after training."""

    methods = ("swapped_logits", "logits")

    def refusal(self, case: Case) -> str:
        """Some cases are about an attention by itself."""
        return "it is about an attention by itself" if case.needs in ("attention", "features") else ""

    def inputs(self, problem: Problem) -> Iterator[tuple[str, bytes]]:
        """The tokens and which of them are no padding; and the weights that are to be started from."""
        sequences = _sequences(problem.test)
        yield "sequences.npz", written_arrays({"tokens": sequences.tokens, "keep": sequences.keep})
        if isinstance(problem.test, Swap):
            yield "weights.npz", written_arrays(problem.test.weights)

    def guesses(self, problem: Problem) -> list[Answer]:
        """Logits of 0."""
        sequences = _sequences(problem.test)
        zeros = np.zeros((len(sequences.labels), sequences.classes), np.float32)
        return [Answer(query, (), zeros) for query in _queries(problem.test)]

    def write(self, answers: Sequence[Answer], problem: Problem) -> dict[str, bytes]:
        """The logits of each query."""
        arrays = {query: np.concatenate(values_of(answers, query)) for query in _queries(problem.test)}
        return {FILE: written_arrays(arrays)}

    def read(self, path: Path, problem: Problem, *, allow_missing: bool) -> Replay:
        """The logits or labels in a file."""
        test, sequences = problem.test, _sequences(problem.test)
        items, classes = len(sequences.labels), sequences.classes
        read = read_classes(path, _queries(test), items, classes, allow_missing=allow_missing)
        if len(read.rows) == items:
            return Replay(ClassifiedBefore(read.logits), test)
        whole = Replay(ClassifiedBefore({query: np.zeros((items, classes)) for query in read.logits}), test)
        part = _selected(test, read.rows)
        return Replay(ClassifiedBefore(read.logits), part, missing=items - len(read.rows), whole=whole)


class ClassifiedBefore(SequenceClassifier):
    """Answers with logits that were computed elsewhere, by query."""

    def __init__(self, logits: Mapping[str, np.ndarray]) -> None:
        self._answers = {query: InOrder(array) for query, array in logits.items()}

    def fit(self, sequences: Sequences, run: Run, /) -> None:
        """Nothing is left to learn."""

    def logits(self, tokens: np.ndarray, keep: np.ndarray) -> np.ndarray:
        """The logits of the next sequences."""
        return self._answers["logits"].take(len(tokens))

    def swapped_logits(self, tokens: np.ndarray, keep: np.ndarray) -> np.ndarray:
        """The logits of the next sequences, before training."""
        return self._answers["swapped_logits"].take(len(tokens))


def _queries(test: Sequences | Swap) -> list[str]:
    return ["swapped_logits", "logits"] if isinstance(test, Swap) else ["logits"]


def _sequences(test: Sequences | Swap) -> Sequences:
    return test.sequences if isinstance(test, Swap) else test


def _selected(test: Sequences | Swap, rows: np.ndarray) -> Sequences | Swap:
    sequences = _sequences(test)
    part = replace(sequences, tokens=sequences.tokens[rows], keep=sequences.keep[rows], labels=sequences.labels[rows])
    return replace(test, sequences=part) if isinstance(test, Swap) else part
