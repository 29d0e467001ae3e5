"""Clocks that charge seconds of wall time to what a run is doing."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Literal, TypeAlias, get_args

ClockName: TypeAlias = Literal["setup", "shared", "train", "eval", "checkpoint"]


class Clocks:
    """Seconds of wall time by clock. Starting a clock inside another one stops the outer clock meanwhile."""

    def __init__(self) -> None:
        self.seconds: dict[ClockName, float] = dict.fromkeys(get_args(ClockName), 0.0)
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

    def state_dict(self) -> dict[ClockName, float]:
        """The seconds so far."""
        self._settle()
        return dict(self.seconds)

    def load_state_dict(self, state_dict: Mapping[ClockName, float]) -> None:
        """Go on from the seconds of another state, as if the time since the clocks were made had not passed."""
        self._settle()
        self.seconds.update(state_dict)

    def _settle(self) -> None:
        now = time.perf_counter()
        if self._running:
            self.seconds[self._running[-1]] += now - self._since
        self._since = now
