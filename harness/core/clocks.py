"""The clocks of a run: set-up, shared artefacts, training, evaluation. At most one of them runs at a time."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal, TypeAlias

ClockName: TypeAlias = Literal["setup", "shared", "train", "eval"]


class Clocks:
    """Seconds of wall time by clock. Starting a clock inside another one stops the outer clock meanwhile."""

    def __init__(self) -> None:
        self.seconds: dict[ClockName, float] = {"setup": 0.0, "shared": 0.0, "train": 0.0, "eval": 0.0}
        self._running: list[ClockName] = []
        self._since = 0.0

    @contextmanager
    def on(self, name: ClockName) -> Iterator[None]:
        """Let the named clock run for the block."""
        self._settle()
        self._running.append(name)
        try:
            yield
        finally:
            self._settle()
            self._running.pop()

    def _settle(self) -> None:
        now = time.perf_counter()
        if self._running:
            self.seconds[self._running[-1]] += now - self._since
        self._since = now
