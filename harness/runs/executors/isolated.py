"""A function call in a process of its own, forked from a server that has imported the libraries, with limits."""

import math
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from multiprocessing import connection, forkserver, get_context, util
from typing import Any, ClassVar, NoReturn

from harness.core import limits, processes
from harness.core.errors import UserError
from harness.runs.executors import guardian

LONGEST_ANSWER = 60_000
"""In bytes. A pipe holds more, so that a process never waits until its answer is read."""

_CALL = "HARNESS_CALL"
"""The environment variable by which a program is known that a call has started."""
_LOOK_S = 1.0
"""How often it is looked whether a call has reached a limit, in seconds."""
_ENDING_S = 5.0
_TIDYING_S = 2
_PAUSE_S = 0.005

_CONTEXT = get_context("forkserver")
_FIRST = [guardian.__name__, __name__]
"""What the server imports first."""
_LAST = ["harness.runs.executors.sources"]
"""What it imports when the tasks are there."""
_CONTEXT.set_forkserver_preload(_FIRST)


class ProcessEnded(Exception):
    """The process ended without an answer: it was killed by a signal (`killed`), or it exited."""

    def __init__(self, exit_code: int) -> None:
        # What Python says of a process whose server was killed.
        with_server = exit_code == 255
        self.killed = exit_code < 0 or with_server
        if with_server:
            super().__init__("was killed together with the server of runs")
        else:
            super().__init__(f"was killed by signal {-exit_code}" if self.killed else f"exited with status {exit_code}")


class IsolatedCall:
    """A call of a function in a process of its own, with limits on its time and on the memory of all its processes.

    The limit of time is one of wall time, less the time for which the process had to wait for a processor: what else
    runs on the machine does not use it up. When the call ends or is stopped, and when the harness ends, everything that
    it has started is ended, too; but what has made itself independent, and was not started as a program of its own,
    only as soon as no other call runs. The function must return a text that is not empty; the text is received as bytes
    and not unpickled, since unpickling could run code.
    """

    _running: ClassVar[set[int]] = set()
    """The processes of all calls that have not ended."""
    _lock: ClassVar[threading.Lock] = threading.Lock()
    """Is held while a call is started and while its remains are ended: several threads may make calls, and none may
    take the new process of another for something that was left behind."""

    def __init__(
        self, function: Callable[..., str], *arguments: Any, limit_s: float, memory_mb: float = math.inf
    ) -> None:
        self._receiver, sender = _CONTEXT.Pipe(duplex=False)
        self._process = _CONTEXT.Process(target=_answer, args=(sender, function, arguments))
        with self._lock:
            self._start()
            self._running.add(self._number)
        sender.close()
        self._limit_s, self._memory_mb = limit_s, memory_mb
        self._started = time.monotonic()
        self._next_look_s = min(limit_s, _LOOK_S)
        self._broken: TimeoutError | MemoryError | None = None

    @property
    def seconds(self) -> float:
        """Seconds since the process was started."""
        return time.monotonic() - self._started

    def result(self) -> str:
        """What the function returned, once its process has ended or had to be stopped. `TimeoutError` or `MemoryError`
        if it reached a limit, `ProcessEnded` if it ended without an answer."""
        try:
            while not self._is_due():
                wait_for_any([self], math.inf)
        finally:
            self.stop()
        # Reading never blocks: `poll` is true only if there are bytes or the other end is closed.
        if self._receiver.poll() and (answer := os.read(self._receiver.fileno(), LONGEST_ANSWER)):
            return answer.decode(errors="replace")
        if self._broken:
            raise self._broken
        assert self._process.exitcode is not None
        raise ProcessEnded(self._process.exitcode)

    def stop(self) -> None:
        """End the process if it still runs, and what it has left behind; return when all have ended."""
        if self._process.exitcode is None:
            self._process.kill()
        self._process.join()
        with self._lock:
            self._running.discard(self._number)
        give_up = time.monotonic() + _ENDING_S  # the kernel may keep a process that waits for a device
        while self._end_remains() and time.monotonic() < give_up:
            time.sleep(_PAUSE_S)

    def _end_remains(self) -> bool:
        """End what the call, which has ended, has left behind. Returns whether there was anything."""
        with self._lock:
            left = self._left_behind()
            guardian.end_all(left)
        return bool(left)

    def _start(self) -> None:
        """Start the process; where the server has been killed, as soon as another one can be started."""
        give_up = time.monotonic() + _ENDING_S
        while True:
            try:
                return self._process.start()
            except ConnectionError as error:
                if time.monotonic() > give_up:
                    raise UserError(f"cannot start the process of a run: {error}; run the command again") from error
                time.sleep(_PAUSE_S)
            except OSError as error:
                what = f"cannot start the process of a run: {error}"
                raise UserError(f"{what}; is the path in TMPDIR ({tempfile.gettempdir()}) too long?") from error

    @property
    def _number(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    def _is_due(self) -> bool:
        """Whether the process has ended or has reached a limit."""
        if self._process.exitcode is None and self._broken is None and self.seconds >= self._next_look_s:
            self._broken = self._exceeded()
        return self._process.exitcode is not None or self._broken is not None

    def _exceeded(self) -> TimeoutError | MemoryError | None:
        """The limit that the call has reached, if it has reached one."""
        seconds = self.seconds
        self._next_look_s = min(seconds + _LOOK_S, self._limit_s if seconds < self._limit_s else math.inf)
        if seconds - processes.waited_s(self._number) >= self._limit_s:
            return TimeoutError(f"stopped after its limit of {self._limit_s:g} s")
        if self._memory_mb < math.inf:
            own = [self._number, *processes.descendants(self._number, processes.all_processes())]
            used = processes.memory_mb(own, at_least=self._memory_mb)
            if used > self._memory_mb:
                return MemoryError(f"stopped because its processes used {used:.0f} MB of {self._memory_mb:g} MB")
        return None

    def _left_behind(self) -> list[int]:
        """The processes that the call, which has ended, has left behind; and if no call runs, those of all others."""
        known, root = processes.all_processes(), _server()._forkserver_pid
        if root not in known:
            return []
        busy = {number for call in self._running for number in (call, *processes.descendants(call, known))}
        # Calls have sessions of their own. The server is in that of the harness.
        left = [n for n in processes.descendants(root, known) if known[n].session != known[root].session]
        left = [n for n in left if n not in busy and not known[n].ended]
        return [n for n in left if not self._running or self._has_started(n, known[n])]

    def _has_started(self, number: int, process: processes.Process) -> bool:
        return process.session == self._number or processes.has_variable(number, _CALL, str(self._number))


def wait_for_any(calls: Collection[IsolatedCall], timeout_s: float) -> list[IsolatedCall]:
    """Wait until a call has ended or has reached a limit, but for `timeout_s` seconds or about a second at most. The
    calls whose result is due are returned."""
    pause = min([timeout_s, _LOOK_S, *(call._next_look_s - call.seconds for call in calls)])
    ended = connection.wait([call._process.sentinel for call in calls], max(0.0, pause))
    return [call for call in calls if call._process.sentinel in ended or call._is_due()]


def prepare_server(preload: Iterable[str], threads: int = 1) -> None:
    """Choose what the server imports, and the threads of the numerical libraries. The first call starts the server;
    from then on another choice of modules has no effect."""
    # The allocator and the numerical libraries read the environment once, when the server's process starts.
    os.environ.update(limits.PINNED_ALLOCATOR | limits.thread_environment(threads))
    _CONTEXT.set_forkserver_preload([*_FIRST, *preload, *_LAST])


def _answer(sender: connection.Connection, function: Callable[..., str], arguments: tuple[Any, ...]) -> NoReturn:
    """Send what the function returns, and exit: threads and processes that still run are not waited for, and for what
    libraries do at the end there are few seconds."""
    exit_now, number, status = os._exit, os.getpid(), 1
    try:
        _separate()
        answer = function(*arguments).encode()
        # A copy of this process, which the function has forked, may get here, too.
        if os.getpid() == number and len(answer) <= LONGEST_ANSWER:
            os.write(sender.fileno(), answer)
            status = 0
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(_TIDYING_S)
        for tidy in (sys.stdout.flush, sys.stderr.flush, vars(util)["_run_finalizers"]):
            with suppress(Exception):
                tidy()
    finally:
        exit_now(status)


def _separate() -> None:
    """Give this process a session of its own, and make it end when its server ends, and let the server end when the
    harness ends. The harness alone decides what an interrupt from the keyboard stops. What an entrant prints goes to
    standard error, apart from the harness's own output."""
    os.setsid()
    os.environ[_CALL] = str(os.getpid())
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    limits.die_with_parent()
    os.dup2(2, 1)
    # The server passes the write end of this pipe to every process, and lives as long as any process holds one.
    server = _server()
    if server._forkserver_alive_fd is not None:
        os.close(server._forkserver_alive_fd)
        server._forkserver_alive_fd = None


def _server() -> Any:
    """What Python knows of the server."""
    return vars(forkserver)["_forkserver"]
