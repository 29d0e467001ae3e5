"""A call in a process of its own gives its answer, or says how the process ended; it never outlasts its limit."""

import operator
import os
import signal
import time

import pytest

from harness.runs.executors.isolated import LONGEST_ANSWER, IsolatedCall, ProcessEnded, wait_for_any


def test_the_answer_is_what_the_function_returns() -> None:
    assert IsolatedCall(str, "größer", limit_s=60).result() == "größer"


def test_a_process_that_exits_without_an_answer_is_told_by_its_status() -> None:
    with pytest.raises(ProcessEnded, match="exited with status 0") as told:
        IsolatedCall(os._exit, 0, limit_s=60).result()
    assert not told.value.killed


def test_a_killed_process_is_told_by_its_signal() -> None:
    with pytest.raises(ProcessEnded, match="killed by signal 9") as told:
        IsolatedCall(signal.raise_signal, signal.SIGKILL, limit_s=60).result()
    assert told.value.killed


def test_a_process_is_killed_at_its_limit() -> None:
    call = IsolatedCall(time.sleep, 600, limit_s=0.2)
    with pytest.raises(TimeoutError):
        call.result()
    assert call.seconds < 60


def test_an_answer_that_a_pipe_cannot_hold_is_an_error_and_blocks_nothing() -> None:
    with pytest.raises(ProcessEnded, match="exited with status 1"):
        IsolatedCall(operator.mul, "x", LONGEST_ANSWER + 1, limit_s=60).result()


def test_the_first_call_to_end_is_returned_first() -> None:
    slow, quick = IsolatedCall(time.sleep, 600, limit_s=600), IsolatedCall(str, "quick", limit_s=60)
    try:
        assert wait_for_any([slow, quick], timeout_s=60) == [quick]
        assert wait_for_any([slow], timeout_s=0.0) == []
    finally:
        slow.stop()
