"""What is made of a learner's answers: shares of right ones, by client, by round."""

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from harness.core.task import checked
from harness.tasks.federated.problems.clients import UNCOUNTED, Examples, Inputs

ASKED: Final = 512
"""Examples that are asked for at a time: answers of many models to many characters are large."""
LEAST: Final = 5
"""Answers of a client that are too few to speak of its accuracy."""

Logits = Callable[[Inputs], np.ndarray]


def right(logits: Logits, examples: Examples) -> np.ndarray:
    """F64[m n]: for each of the m models that answer, how many of an example's labels that count they have right."""
    total = len(examples.labels)
    parts = []
    for start in range(0, total, ASKED):
        rows = slice(start, min(start + ASKED, total))
        labels = examples.labels[rows]
        found = checked("logits", logits(examples.inputs[rows]), (None, *labels.shape, examples.classes))
        hits = (found.argmax(axis=-1) == labels) & (labels != UNCOUNTED)
        parts.append(hits.reshape(len(found), len(labels), -1).sum(axis=2))
    return np.concatenate(parts, axis=1).astype(np.float64)


def counted(examples: Examples) -> np.ndarray:
    """I64[n]: how many labels of each example count."""
    found: np.ndarray = (examples.labels != UNCOUNTED).reshape(len(examples.labels), -1).sum(axis=1)
    return found


def by_client(hits: np.ndarray, examples: Examples) -> np.ndarray:
    """F64[clients]: the share of right answers of each client that has `LEAST` or more, for hits F64[n]."""
    labels, answers = (np.bincount(examples.clients, weights=part) for part in (counted(examples), hits))
    enough = labels >= LEAST
    shares: np.ndarray = answers[enough] / labels[enough]
    return shares


def worst_tenth(shares: np.ndarray) -> float:
    """The mean of the lowest tenth of shares [clients], of one at least."""
    return float(np.sort(shares)[: max(1, round(len(shares) / 10))].mean())


def rounds_until(target: float, rounds: Sequence[int], accuracy: np.ndarray) -> float:
    """After how many rounds the accuracy [k] at some `rounds` [k] reaches the target; between two of them it is taken
    to change evenly. All of the rounds where it never does."""
    reached = np.flatnonzero(accuracy >= target)
    if not len(reached):
        return float(rounds[-1])
    i = int(reached[0])
    if i == 0:
        return float(rounds[0])
    share = (target - accuracy[i - 1]) / (accuracy[i] - accuracy[i - 1])
    return float(rounds[i - 1] + share * (rounds[i] - rounds[i - 1]))
