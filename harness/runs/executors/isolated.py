"""A function call in a process of its own, forked from a server that has imported the libraries, with a time limit."""

import os
import signal
import time
from collections.abc import Callable, Collection, Iterable
from multiprocessing import connection, forkserver, get_context
from typing import Any

from harness.core import limits

LONGEST_ANSWER = 1 << 15
"""In bytes. A pipe holds twice as many, so that a process never waits until its answer is read."""

_CONTEXT = get_context("forkserver")


class ProcessEnded(Exception):
    """The process ended without an answer: it was killed by a signal (`killed`), or it exited."""

    def __init__(self, exit_code: int) -> None:
        self.killed = exit_code < 0
        super().__init__(f"was killed by signal {-exit_code}" if self.killed else f"exited with status {exit_code}")


class IsolatedCall:
    """A call of a function in a process of its own. The process is killed when it reaches its time limit, and ends when
    the harness ends. The function must return a text that is not empty; the text is received as bytes and not
    unpickled, since unpickling could run code."""

    def __init__(self, function: Callable[..., str], *arguments: Any, limit_s: float) -> None:
        self._receiver, sender = _CONTEXT.Pipe(duplex=False)
        self._process = _CONTEXT.Process(target=_answer, args=(sender, function, arguments))
        self._process.start()
        sender.close()
        self._started = time.monotonic()
        self._deadline = self._started + limit_s

    @property
    def seconds(self) -> float:
        """Seconds since the process was started."""
        return time.monotonic() - self._started

    def result(self) -> str:
        """What the function returned, once the process has ended. `TimeoutError` if it had to be killed at its limit,
        `ProcessEnded` if it ended without an answer."""
        try:
            self._process.join(max(0.0, self._deadline - time.monotonic()))
            timed_out = self._process.exitcode is None
        finally:
            self.stop()
        # Reading never blocks: `poll` is true only if there are bytes or the other end is closed.
        if self._receiver.poll() and (answer := os.read(self._receiver.fileno(), LONGEST_ANSWER)):
            return answer.decode(errors="replace")
        if timed_out:
            raise TimeoutError
        assert self._process.exitcode is not None
        raise ProcessEnded(self._process.exitcode)

    def stop(self) -> None:
        """Kill the process if it still runs, and return when it has ended."""
        if self._process.exitcode is None:
            self._process.kill()
        self._process.join()


def wait_for_any(calls: Collection[IsolatedCall], timeout_s: float) -> list[IsolatedCall]:
    """Wait until a call has ended or has reached its limit, or for `timeout_s` seconds. The calls whose result is due
    are returned."""
    now = time.monotonic()
    pause = min([timeout_s, *(call._deadline - now for call in calls)])
    ended = connection.wait([call._process.sentinel for call in calls], max(0.0, pause))
    now = time.monotonic()
    return [call for call in calls if call._process.sentinel in ended or call._deadline <= now]


def prepare_server(preload: Iterable[str], threads: int = 1) -> None:
    """Choose what the server imports, and the threads of the numerical libraries. The first call starts the server;
    from then on another choice of modules has no effect."""
    # The allocator and the numerical libraries read the environment once, when the server's process starts.
    os.environ.update(limits.PINNED_ALLOCATOR | limits.thread_environment(threads))
    _CONTEXT.set_forkserver_preload(list(preload))


def _answer(sender: connection.Connection, function: Callable[..., str], arguments: tuple[Any, ...]) -> None:
    _bind_to_harness()
    answer = function(*arguments).encode()
    if len(answer) > LONGEST_ANSWER:
        raise ValueError(f"an answer of {len(answer)} bytes is longer than {LONGEST_ANSWER}")
    os.write(sender.fileno(), answer)


def _bind_to_harness() -> None:
    """Make this process end when its server ends, and the server when the harness ends. The harness alone decides what
    an interrupt from the keyboard stops. What an entrant prints goes to standard error, apart from the harness's own
    output."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    limits.die_with_parent()
    os.dup2(2, 1)
    # The server passes the write end of this pipe to every process, and lives as long as any process holds one.
    server = vars(forkserver)["_forkserver"]
    if server._forkserver_alive_fd is not None:
        os.close(server._forkserver_alive_fd)
        server._forkserver_alive_fd = None
