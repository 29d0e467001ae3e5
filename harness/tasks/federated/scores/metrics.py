"""The metrics of a learner's answers: how many labels are right, by client and by round."""

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from harness.core.task import checked
from harness.tasks.federated.problems.clients import UNCOUNTED, Examples, Inputs

BATCH: Final = 512
"""How many examples a learner classifies at a time: the logits of many models for many characters take much memory."""
MIN_LABELS: Final = 5
"""A client with fewer labels than this has no accuracy of its own."""

Logits = Callable[[Inputs], np.ndarray]


def count_correct(logits: Logits, examples: Examples, name: str = "logits") -> np.ndarray:
    """F64[m n]: for each of the m models that answer, how many labels of each example it predicts correctly. Labels
    that are `UNCOUNTED` are left out.

    Raises `BadOutput`, with the name of the query, if the logits do not have the shape [m n ... classes].
    """
    total = len(examples.labels)
    parts = []
    for start in range(0, total, BATCH):
        rows = slice(start, min(start + BATCH, total))
        labels = examples.labels[rows]
        answers = checked(name, logits(examples.inputs[rows]), (None, *labels.shape, examples.classes))
        correct = (answers.argmax(axis=-1) == labels) & (labels != UNCOUNTED)
        parts.append(correct.reshape(len(answers), len(labels), -1).sum(axis=2))
    return np.concatenate(parts, axis=1).astype(np.float64)


def count_labels(examples: Examples) -> np.ndarray:
    """I64[n]: how many labels each example has, without those that are `UNCOUNTED`."""
    counts: np.ndarray = (examples.labels != UNCOUNTED).reshape(len(examples.labels), -1).sum(axis=1)
    return counts


def accuracy_by_client(correct: np.ndarray, examples: Examples) -> np.ndarray:
    """F64[clients]: the accuracy of each client that has `MIN_LABELS` labels or more, from the correct answers F64[n]
    of each example."""
    labels, hits = (np.bincount(examples.clients, weights=part) for part in (count_labels(examples), correct))
    enough = labels >= MIN_LABELS
    accuracy: np.ndarray = hits[enough] / labels[enough]
    return accuracy


def worst_decile(accuracy: np.ndarray) -> float:
    """The mean of the lowest tenth of the accuracies [clients], which is at least one client's."""
    return float(np.sort(accuracy)[: max(1, round(len(accuracy) / 10))].mean())


def rounds_to_target(target: float, rounds: Sequence[int], accuracy: np.ndarray) -> float:
    """The number of rounds after which the accuracy first reaches the target, from accuracies [k] after some `rounds`
    [k], interpolated linearly. The last of the rounds where the target is never reached."""
    reached = np.flatnonzero(accuracy >= target)
    if not len(reached):
        return float(rounds[-1])
    i = int(reached[0])
    if i == 0:
        return float(rounds[0])
    fraction = (target - accuracy[i - 1]) / (accuracy[i] - accuracy[i - 1])
    return float(rounds[i - 1] + fraction * (rounds[i] - rounds[i - 1]))
