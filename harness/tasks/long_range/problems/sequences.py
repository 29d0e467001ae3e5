"""`Sequences`, which classifiers learn from and are tested on; and `Swap`, for classifiers that start from given
weights."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Sequences:
    """Labelled sequences: `tokens` I16[n L] below `vocabulary`, `keep` Bool[n L] (False = padding) and `labels` I64[n]
    below `classes`.

    The first token of every sequence is no padding; it asks the question that the label answers.
    """

    tokens: np.ndarray
    keep: np.ndarray
    labels: np.ndarray
    vocabulary: int
    classes: int


@dataclass(frozen=True)
class Swap:
    """Sequences, and the `weights` by name of the task's classifier after it learned them with exact softmax attention.

    A system that is fitted to it starts from these weights with another attention.
    """

    sequences: Sequences
    weights: Mapping[str, np.ndarray]
