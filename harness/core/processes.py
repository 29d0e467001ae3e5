"""The processes of this machine, as Linux lists them: who started which, and how much memory they use. On other systems
the list is empty."""

import ctypes
import os
import sys
from collections.abc import Iterable, Mapping
from typing import NamedTuple

_PR_SET_CHILD_SUBREAPER = 36


class Process(NamedTuple):
    """A process: its parent, its session, and whether it has ended and only waits for its parent to notice."""

    parent: int
    session: int
    ended: bool


def adopt_orphans() -> None:
    """Make this process the parent of all processes below it that outlive theirs. Does nothing on other systems than
    Linux."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1)


def all_processes() -> dict[int, Process]:
    """All processes by their number."""
    found = {}
    for name in os.listdir("/proc") if sys.platform == "linux" else ():
        # The name of the program stands in parentheses and may contain anything.
        if name.isdigit() and (words := _read(name, "stat").rpartition(b")")[2].split()):
            found[int(name)] = Process(int(words[1]), int(words[3]), words[0] in (b"Z", b"X"))
    return found


def descendants(root: int, known: Mapping[int, Process]) -> list[int]:
    """The processes that a process has started, those that these have started, and so on."""
    children: dict[int, list[int]] = {}
    for number, process in known.items():
        children.setdefault(process.parent, []).append(number)
    found = [root]
    for number in found:
        found += children.get(number, ())
    return found[1:]


def has_variable(number: int, name: str, value: str) -> bool:
    """Whether a process was given a variable of that value in its environment when its program was started."""
    return f"{name}={value}".encode() in _read(number, "environ").split(b"\0")


def memory_mb(numbers: Iterable[int], at_least: float = 0.0) -> float:
    """The memory that processes use together, in megabytes: private and shared, but not that of files. What several
    processes share counts once among all that share it. 0 where a coarse count, which is cheap, is below `at_least`."""
    listed = list(numbers)
    if sum(_sum_kb(_read(number, "status"), b"RssAnon:", b"RssShmem:") for number in listed) < at_least * 1024:
        return 0.0
    return sum(_sum_kb(_read(number, "smaps_rollup"), b"Pss_Anon:", b"Pss_Shmem:") for number in listed) / 1024


def waited_s(number: int) -> float:
    """How many seconds the main thread of a process was ready to run while others had the processors; 0 where the
    system does not say."""
    words = _read(number, "schedstat").split()
    return int(words[1]) / 1e9 if len(words) > 1 else 0.0


def _sum_kb(text: bytes, *names: bytes) -> int:
    """The sum of the values of the lines with these names."""
    lines = (line.split() for line in text.splitlines())
    return sum(int(words[1]) for words in lines if words and words[0] in names)


def _read(number: int | str, name: str) -> bytes:
    """The content of a file about a process; empty if there is none, as of a process that has ended."""
    try:
        with open(f"/proc/{number}/{name}", "rb", buffering=0) as file:
            return file.read()
    except OSError:
        return b""
