"""A call in a process of its own gives its answer, or says how the process ended; it never outlasts its limit."""

import mmap
import operator
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from harness.core.processes import all_processes, has_variable, waited_s
from harness.runs.executors.isolated import LONGEST_ANSWER, IsolatedCall, ProcessEnded, wait_for_any

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="processes are only listed on Linux")


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


def test_waiting_for_a_processor_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.core.processes.waited_s", lambda number: 600.0)
    assert IsolatedCall(_sleep, 1.5, limit_s=0.2).result() == "slept"


def _sleep(seconds: float) -> str:
    time.sleep(seconds)
    return "slept"


READ = """
from harness.runs.executors.isolated import IsolatedCall, prepare_server
prepare_server(["harness.tasks.federated.task"])
read = "str(__import__('harness.core.closure', fromlist=['_read'])._read.cache_info().currsize)"
print(IsolatedCall(eval, read, limit_s=60).result())
"""


def test_a_process_finds_the_source_of_the_tasks_read() -> None:
    """In a program of its own, since the server of these tests has started already."""
    told = subprocess.run([sys.executable, "-c", READ], capture_output=True, text=True, check=True)
    assert int(told.stdout) > 20, "files of the task federated"


@on_linux
def test_a_process_that_shares_a_processor_waits_for_it() -> None:
    before = waited_s(os.getpid())
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(2 * (os.cpu_count() or 1))]
    try:
        deadline = time.monotonic() + 60
        while waited_s(os.getpid()) - before < 0.05 and time.monotonic() < deadline:
            pass
    finally:
        for process in busy:
            process.kill()
            process.wait()
    assert waited_s(os.getpid()) - before >= 0.05


def test_an_answer_that_a_pipe_cannot_hold_is_an_error_and_blocks_nothing() -> None:
    with pytest.raises(ProcessEnded, match="exited with status 1"):
        IsolatedCall(operator.mul, "x", LONGEST_ANSWER + 1, limit_s=60).result()


def test_calls_of_several_threads_leave_each_other_alone() -> None:
    def calls(number: int) -> list[str]:
        return [IsolatedCall(_sleep, 0.02 * number, limit_s=60).result() for _ in range(8)]

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(calls, range(4))) == [["slept"] * 8] * 4


def test_the_first_call_to_end_is_returned_first() -> None:
    slow, quick = IsolatedCall(time.sleep, 600, limit_s=600), IsolatedCall(str, "quick", limit_s=60)
    try:
        assert wait_for_any([slow, quick], timeout_s=60) == [quick]
        assert wait_for_any([slow], timeout_s=0.0) == []
    finally:
        slow.stop()


def _start_others(_: str) -> str:
    """Leaves behind a thread, a child, a child in a session of its own, an orphan, and a copy of this process."""
    threading.Thread(target=time.sleep, args=(600,)).start()
    subprocess.Popen(["sleep", "600"])
    subprocess.Popen(["sleep", "600"], start_new_session=True)
    subprocess.run(["sh", "-c", "(setsid sleep 600 &) &"], check=True)
    if os.fork() == 0:
        time.sleep(600)
    return str(os.getpid())


def _left_behind(call: str) -> list[int]:
    """The processes that still run and that a call has started."""
    known = all_processes()
    started = (n for n in known if known[n].session == int(call) or has_variable(n, "HARNESS_CALL", call))
    return [number for number in started if not known[number].ended]


@on_linux
def test_nothing_that_a_call_has_started_outlives_it() -> None:
    assert _left_behind(IsolatedCall(_start_others, "", limit_s=120).result()) == []


def _start_and_tell(file: str) -> str:
    """Starts a child and an orphan, writes its own number into a file, and waits."""
    subprocess.Popen(["sleep", "600"])
    subprocess.run(["sh", "-c", "(setsid sleep 600 &) &"], check=True)
    Path(file).write_text(f"{os.getpid()}\n")
    time.sleep(600)
    return "not reached"


@on_linux
def test_a_call_that_ends_leaves_the_processes_of_other_calls_alone(tmp_path: Path) -> None:
    other, file = IsolatedCall(_start_and_tell, str(tmp_path / "number"), limit_s=600), tmp_path / "number"
    try:
        while not (file.exists() and file.read_text().endswith("\n")):
            time.sleep(0.02)
        number = file.read_text().strip()
        IsolatedCall(str, "ends", limit_s=60).result()
        assert len(_left_behind(number)) == 3
    finally:
        other.stop()
    assert _left_behind(number) == []


@on_linux
def test_a_killed_server_is_told_and_another_one_is_started() -> None:
    with pytest.raises(ProcessEnded, match="together with the server") as told:
        IsolatedCall(_kill_server, "", limit_s=60).result()
    assert told.value.killed
    assert IsolatedCall(str, "again", limit_s=60).result() == "again"


def _kill_server(_: str) -> str:
    os.kill(os.getppid(), signal.SIGKILL)
    time.sleep(600)
    return "not reached"


@on_linux
@pytest.mark.parametrize("share", [mmap.MAP_SHARED, mmap.MAP_PRIVATE])
def test_the_memory_of_all_processes_of_a_call_counts_and_shared_memory_too(share: int) -> None:
    with pytest.raises(MemoryError, match="MB of 150 MB"):
        IsolatedCall(_take_memory, share, limit_s=120, memory_mb=150).result()


def _take_memory(share: int) -> str:
    """Three processes that hold 64 MB each, or the same 192 MB, depending on how memory is shared."""
    size = 64 << 20
    if share == mmap.MAP_SHARED:
        size *= 3
    parts = [mmap.mmap(-1, size, flags=share | mmap.MAP_ANONYMOUS)]
    for _ in range(2):
        if os.fork() == 0:
            break
    parts[0].write(os.urandom(1 << 20) * (size >> 20))
    time.sleep(600)
    return "not reached"
