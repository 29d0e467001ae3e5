"""What keeps a run's process in bounds: its memory, its threads, its life, the random state it starts from."""

import ctypes
import os
import random
import resource
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import numpy as np

PINNED_ALLOCATOR = {"MALLOC_MMAP_THRESHOLD_": str(1 << 33), "MALLOC_TRIM_THRESHOLD_": str(1 << 33)}
"""Arrays above the default threshold are mapped anew at every allocation, so that timings measure page faults."""

_PR_SET_PDEATHSIG = 1


def thread_environment(threads: int) -> dict[str, str]:
    """The environment variables under which numerical libraries start this many threads."""
    return {
        name: str(threads)
        for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS")
    }


def die_with_parent() -> None:
    """Ask the kernel to end this process when its parent ends (Linux; elsewhere nothing happens)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def limit_memory(megabytes: int) -> None:
    """Let this process allocate so many megabytes more than it has now; beyond, allocations fail."""
    if sys.platform == "linux":
        limit = _status_kb("VmData") * 1024 + megabytes * 1024 * 1024
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


def resident_mb() -> float:
    """Memory that this process holds now, in megabytes."""
    return _status_kb("VmRSS") / 1024 if sys.platform == "linux" else peak_mb()


def peak_mb() -> float:
    """The most memory that this process has held, in megabytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1024 if sys.platform == "linux" else peak / 1024 / 1024


class Neighbours:
    """How busy others keep the machine from now on, on average, in cores (Linux; elsewhere nobody is seen)."""

    def __init__(self) -> None:
        self._start = time.monotonic(), _foreign_s()

    def cores(self) -> float:
        """Cores that other processes have used since this began."""
        since, before = self._start
        return max(0.0, (_foreign_s() - before) / max(1e-3, time.monotonic() - since))


def _foreign_s() -> float:
    """Processor seconds that everything but this process and its finished children has used."""
    if sys.platform != "linux":
        return 0.0
    user, nice, system, _, _, irq, softirq, *_ = map(int, Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:])
    used = (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK")
    own = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return used - sum(usage.ru_utime + usage.ru_stime for usage in own)


def seed_globals(seed: int) -> None:
    """Seed every global generator, for code that does not ask the run for its streams."""
    random.seed(seed)
    np.random.seed(seed % 2**32)
    if torch := sys.modules.get("torch"):
        torch.manual_seed(seed)


@contextmanager
def global_state_kept() -> Iterator[None]:
    """Whatever the block draws from the global generators, they go on afterwards as if it had not."""
    torch = sys.modules.get("torch")
    # A process that has not touched a device must not begin to.
    devices = range(torch.cuda.device_count()) if torch and torch.cuda.is_initialized() else ()
    kept = random.getstate(), np.random.get_state()
    try:
        with torch.random.fork_rng(devices) if torch else nullcontext():
            yield
    finally:
        random.setstate(kept[0])
        np.random.set_state(kept[1])


def set_threads(threads: int) -> None:
    """Hold torch to so many threads, if it is loaded; other libraries read the environment."""
    os.environ.update(thread_environment(threads))
    if torch := sys.modules.get("torch"):
        torch.set_num_threads(threads)


def _status_kb(name: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1])
    return 0
