"""The data of the task: `Sequences` of symbols, `Films`, and the `Shifts` of a test."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np


@dataclass(frozen=True)
class Sequences:
    """Sequences of `symbols` U8[n T] below `vocabulary`, with `targets` U8[n k] below `classes` for their last k steps.

    All k steps are trained on; the last `answers` of them are the answer.
    """

    symbols: np.ndarray
    targets: np.ndarray
    vocabulary: int
    classes: int
    answers: int

    def __len__(self) -> int:
        return len(self.symbols)


@dataclass(frozen=True)
class Films:
    """Films with `frames` U8[n T h w] of 0 and 1. The first `given` frames are shown and the others predicted.

    `visible` Bool[h w] is False behind a curtain, where pixels are neither shown nor scored.
    """

    frames: np.ndarray
    given: int
    visible: np.ndarray

    def __len__(self) -> int:
        return len(self.frames)

    @property
    def shown(self) -> np.ndarray:
        """U8[n given h w]: the visible part of the first frames."""
        shown: np.ndarray = self.frames[:, : self.given] * self.visible
        return shown

    @property
    def hidden(self) -> np.ndarray:
        """U8[n T-given h w]: the frames to predict."""
        return self.frames[:, self.given :]


Dataset: TypeAlias = Sequences | Films
"""What a system is fitted to, and tested on at one point of the shift."""


@dataclass(frozen=True)
class Shift:
    """One point of measurement: what a system is tested on there, and the chance of the metrics that have another
    chance there."""

    at: Mapping[str, float | str]
    items: Dataset
    chance: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Shifts:
    """The points of a test: first the distribution of the training, then shifted ones."""

    points: tuple[Shift, ...]
