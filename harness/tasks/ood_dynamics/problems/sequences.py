"""What is learned from and tested on: `Sequences` of symbols, `Films`; and the `Shifts` of a test."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np


@dataclass(frozen=True)
class Sequences:
    """`symbols` U8[n T] below `vocabulary`; `targets` U8[n k] below `classes`, what is right at the last k steps.

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
    """`frames` U8[n T h w] of 0 and 1, of which the first `given` are shown and the rest predicted.

    `visible` Bool[h w] is False behind a curtain: nothing is seen there, and nothing there counts.
    """

    frames: np.ndarray
    given: int
    visible: np.ndarray

    def __len__(self) -> int:
        return len(self.frames)

    @property
    def shown(self) -> np.ndarray:
        """U8[n given h w]: what is seen of the first frames."""
        shown: np.ndarray = self.frames[:, : self.given] * self.visible
        return shown

    @property
    def hidden(self) -> np.ndarray:
        """U8[n T-given h w]: the frames to predict."""
        return self.frames[:, self.given :]


Learned: TypeAlias = Sequences | Films
"""What a system is fitted to, and tested on at one place of the shift."""


@dataclass(frozen=True)
class Shift:
    """What a system is tested on at one point of measurement; `chance` by metric, where the point has its own."""

    at: Mapping[str, float | str]
    items: Learned
    chance: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Shifts:
    """A test: first on the distribution that was trained on, then away from it."""

    points: tuple[Shift, ...]
