"""Exactly one clock runs at a time, and an inner clock stops the outer one."""

import pytest

from harness.core.clocks import Clocks


class Time:
    """A clock on the wall that moves only when told."""

    def __init__(self) -> None:
        self.now = 1000.0

    def perf_counter(self) -> float:
        return self.now

    def passes(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    fake = Time()
    monkeypatch.setattr("harness.core.clocks.time", fake)
    return fake


def test_no_clock_runs_before_between_and_after(time: Time) -> None:
    clocks = Clocks()
    time.passes(1)
    with clocks.on("setup"):
        time.passes(2)
    time.passes(4)
    with clocks.on("train"):
        time.passes(8)
    time.passes(16)
    assert clocks.seconds == {"setup": 2, "shared": 0, "train": 8, "eval": 0, "checkpoint": 0}


def test_an_inner_clock_stops_the_outer_one(time: Time) -> None:
    clocks = Clocks()
    with clocks.on("train"):
        time.passes(1)
        with clocks.on("eval"):
            time.passes(2)
            with clocks.on("shared"):
                time.passes(4)
            time.passes(8)
        time.passes(16)
        with clocks.on("shared"):
            time.passes(32)
    assert clocks.seconds == {"setup": 0, "shared": 36, "train": 17, "eval": 10, "checkpoint": 0}


def test_a_clock_within_itself_counts_once(time: Time) -> None:
    clocks = Clocks()
    with clocks.on("shared"):
        time.passes(1)
        with clocks.on("shared"):
            time.passes(2)
        time.passes(4)
    assert clocks.seconds["shared"] == 7


def test_clocks_stop_when_a_block_raises(time: Time) -> None:
    clocks = Clocks()

    def fail() -> None:
        with clocks.on("train"):
            time.passes(1)
            with clocks.on("eval"):
                time.passes(2)
                raise RuntimeError("boom")

    with pytest.raises(RuntimeError, match="boom"):
        fail()
    time.passes(4)
    with clocks.on("setup"):
        time.passes(8)
    assert clocks.seconds == {"setup": 8, "shared": 0, "train": 1, "eval": 2, "checkpoint": 0}


def test_seconds_are_of_wall_time() -> None:
    clocks = Clocks()
    with clocks.on("train"):
        sum(range(1000))
    assert 0 < clocks.seconds["train"] < 1
