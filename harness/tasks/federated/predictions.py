"""Predictions of federated learning: labels of the test examples by some models, or accuracies by round and client."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from scipy.sparse import issparse

from harness.core.predictions import Answer, InOrder, PredictionFormat, Replay
from harness.core.task import Problem
from harness.formats.arrays import check_array, check_present, is_array_file, read_arrays, written_arrays
from harness.formats.columns import read_columns
from harness.formats.lines import wrong
from harness.run import Run
from harness.tasks.federated.interface import FederatedLearner
from harness.tasks.federated.problems.clients import UNCOUNTED, Clients, Examples, Inputs

FILE: Final = "npz"
_COLUMNS: Final = ["round", "client", "accuracy"]
_HEADER: Final = f"the header {','.join(_COLUMNS)}"
_LAST_SHARE: Final = 0.1
"""Models after this last share of the rounds are averaged."""
_ROUNDING: Final = 1e-6
"""How far an accuracy in a file may be from a share of so many labels."""


class ClientPredictions(PredictionFormat):
    """The labels that the models of the last rounds predict, and those after some rounds of the training; or the
    accuracy of each client after each round."""

    methods = ("logits", "logits_by_round")

    def inputs(self, problem: Problem) -> Iterator[tuple[str, bytes]]:
        """The test examples, and whose they are."""
        test: Examples = problem.test
        inputs = test.inputs.toarray() if issparse(test.inputs) else test.inputs
        yield "inputs.npz", written_arrays({"inputs": inputs, "clients": test.clients})

    def guesses(self, problem: Problem) -> list[Answer]:
        """The first label everywhere."""
        test: Examples = problem.test
        return [Answer("logits", (), np.zeros((1, *test.labels.shape, test.classes), np.float32))]

    def write(self, answers: Sequence[Answer], problem: Problem) -> dict[str, bytes]:
        """The labels of the last models, and those by round."""
        arrays = {"labels": _labels([answer.value for answer in answers if answer.method == "logits"])}
        by_round = [answer.value for answer in answers if answer.method == "logits_by_round"]
        if by_round:
            arrays["rounds"] = np.asarray(by_round[0][0])
            arrays["labels_by_round"] = _labels([logits for _, logits in by_round])
        return {FILE: written_arrays(arrays)}

    def read(self, path: Path, problem: Problem, *, allow_missing: bool) -> Replay:
        """The predictions in a file; none may be missing."""
        test: Examples = problem.test
        last, by_round = _read_arrays(path, test) if is_array_file(path) else _read_accuracies(path, test)
        if by_round is None:
            return Replay(LearnedBefore(last, test.classes), test)
        rounds, labels = by_round
        return Replay(FollowedBefore(last, test.classes, rounds, labels), test)


class LearnedBefore(FederatedLearner):
    """Answers with labels I64[n m ...] that m models have predicted elsewhere."""

    def __init__(self, labels: np.ndarray, classes: int) -> None:
        self._labels, self._classes = InOrder(labels), classes

    def fit(self, clients: Clients, run: Run, /) -> None:
        """Nothing is left to learn."""

    def logits(self, inputs: Inputs) -> np.ndarray:
        """A 1 at each label, else 0."""
        return self._one_hot(self._labels.take(inputs.shape[0]))

    def _one_hot(self, labels: np.ndarray) -> np.ndarray:
        """F32[m n ... classes] from labels I64[n m ...]."""
        one_hot: np.ndarray = np.eye(self._classes, dtype=np.float32)[labels.swapaxes(0, 1)]
        return one_hot


class FollowedBefore(LearnedBefore):
    """Also has the labels I64[n r ...] that were predicted after r `rounds`."""

    def __init__(self, labels: np.ndarray, classes: int, rounds: list[int], labels_by_round: np.ndarray) -> None:
        super().__init__(labels, classes)
        self._rounds, self._by_round = rounds, InOrder(labels_by_round)

    def logits_by_round(self, inputs: Inputs) -> tuple[list[int], np.ndarray]:
        """The rounds, and a 1 at each label."""
        return self._rounds, self._one_hot(self._by_round.take(inputs.shape[0]))


_ByRound = tuple[list[int], np.ndarray] | None


def _labels(parts: Sequence[np.ndarray]) -> np.ndarray:
    """I32[m n ...]: the labels with the largest of logits [m n ... classes], which came in parts."""
    return np.concatenate([np.asarray(part).argmax(axis=-1) for part in parts], axis=1).astype(np.int32)


def _read_arrays(path: Path, test: Examples) -> tuple[np.ndarray, _ByRound]:
    """The labels I64[n m ...], and those by round if there are any; logits stand for the largest of them."""
    names = ["labels", "logits", "rounds", "labels_by_round"]
    arrays = read_arrays(path, names)
    shape, axes = (None, *test.labels.shape), "models x examples"
    if "logits" in arrays:
        logits = check_array(path, "logits", arrays["logits"], (*shape, test.classes), "f", f"{axes} x classes")
        arrays["labels"] = logits.argmax(axis=-1)
    check_present(path, arrays, ["labels"])

    def checked(name: str, models: int | None) -> np.ndarray:
        labels = check_array(path, name, arrays[name], (models, *shape[1:]), "iu", axes)
        if labels.size == 0 or labels.min() < 0 or labels.max() >= test.classes:
            raise wrong(path, f"array '{name}' has labels outside", f"0 to {test.classes - 1}")
        return labels.astype(np.int64).swapaxes(0, 1)

    last = checked("labels", None)
    if "rounds" not in arrays:
        return last, None
    rounds = check_array(path, "rounds", arrays["rounds"], (None,), "iu", "rounds")
    check_present(path, arrays, ["labels_by_round"])
    return last, (rounds.tolist(), checked("labels_by_round", len(rounds)))


def _read_accuracies(path: Path, test: Examples) -> tuple[np.ndarray, _ByRound]:
    """Labels that have the accuracies in a file, right for as many of a client's labels as these say: the scores depend
    on nothing else."""
    table = read_columns(path, lambda names: list(names) == _COLUMNS, _HEADER)
    rounds, clients = np.unique(table.values[:, 0]), np.unique(test.clients)
    counted = (test.labels != UNCOUNTED).reshape(len(test.labels), -1)
    sizes = np.bincount(test.clients, weights=counted.sum(axis=1), minlength=clients[-1] + 1)
    right = np.full((len(rounds), len(sizes)), -1.0)
    for line, (number, client, accuracy) in enumerate(table.values, 2):
        if client not in clients:
            raise wrong(path, f"client {client:g}", f"one of the {len(clients):,} clients of the test", line)
        row, hits = np.searchsorted(rounds, number), accuracy * sizes[int(client)]
        if not 0 <= accuracy <= 1 or abs(hits - round(hits)) > _ROUNDING * sizes[int(client)]:
            expected = f"a share of the client's {sizes[int(client)]:.0f} labels, to six decimals"
            raise wrong(path, f"accuracy {accuracy:g} of client {client:g}", expected, line)
        if right[row, int(client)] >= 0:
            raise wrong(path, f"client {client:g} twice in round {number:g}", "each once", line)
        right[row, int(client)] = round(hits)
    if (gaps := right[:, clients] < 0).any():
        row, client = np.argwhere(gaps)[0]
        raise wrong(
            path, f"{gaps.sum():,} missing", f"client {clients[client]} in round {rounds[row]:g}, and all others"
        )
    labels = _labels_with(right, test, counted)
    is_last = rounds > (1 - _LAST_SHARE) * rounds[-1]
    return labels[:, is_last], (rounds.astype(int).tolist(), labels)


def _labels_with(right: np.ndarray, test: Examples, counted: np.ndarray) -> np.ndarray:
    """I64[n r ...]: labels of which, in each round, as many of each client's are right as `right` [r clients] says."""
    owners = np.repeat(test.clients, counted.shape[1]).reshape(counted.shape)[counted]
    order = np.argsort(owners, kind="stable")
    place = np.empty(len(owners), np.int64)
    starts = np.searchsorted(owners[order], owners[order])
    place[order] = np.arange(len(owners)) - starts
    truth = test.labels.reshape(counted.shape)
    labels = np.zeros((len(right), *counted.shape), np.int64)
    labels[:, counted] = np.where(place < right[:, owners], truth[counted], (truth[counted] + 1) % test.classes)
    return labels.reshape(len(right), *test.labels.shape).swapaxes(0, 1)
