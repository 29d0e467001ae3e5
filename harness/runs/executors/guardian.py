"""The guardian: a small process between the harness and the server of runs, which ends what the server leaves behind.

The server imports this module before all others. That splits its process: the child goes on as the server, and the
parent, which is still small, waits for it as the guardian. Orphans among the processes below become the guardian's
children. When the harness or the server ends, the guardian kills them all and ends.
"""

import os
import signal
import sys
import time
from contextlib import suppress
from multiprocessing import forkserver
from typing import NoReturn

from harness.core import processes

_LOOK_S = 0.1
_PAUSE_S = 0.01


def end_all(numbers: list[int]) -> None:
    """Kill processes; those that have ended already, or are another user's by now, are passed over."""
    for number in numbers:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(number, signal.SIGKILL)


def _guard(server: int) -> NoReturn:
    harness = os.getppid()
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    while server not in _ended() and os.getppid() == harness:
        time.sleep(_LOOK_S)
    while left := processes.descendants(os.getpid(), processes.all_processes()):
        end_all(left)
        time.sleep(_PAUSE_S)
        _ended()
    os._exit(0)


def _ended() -> set[int]:
    """The children that have ended since this was asked last."""
    ended = set()
    with suppress(ChildProcessError):  # raised where there are no children
        while child := os.waitpid(-1, os.WNOHANG)[0]:
            ended.add(child)
    return ended


def _is_server() -> bool:
    """Whether this process was started to be a server of runs, and has not been forked from one."""
    is_below = vars(forkserver)["_forkserver"]._forkserver_alive_fd is not None
    return not is_below and any(word.startswith("from multiprocessing.forkserver import") for word in sys.orig_argv)


if sys.platform == "linux" and _is_server():
    processes.adopt_orphans()
    if server := os.fork():
        _guard(server)
