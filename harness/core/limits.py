"""Limits of a run's process: memory, threads and lifetime; the state of its global random generators."""

import ctypes
import os
import random
import resource
import signal
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

PINNED_ALLOCATOR = {"MALLOC_MMAP_THRESHOLD_": str(1 << 33), "MALLOC_TRIM_THRESHOLD_": str(1 << 33)}
"""With glibc's default thresholds each allocation of a large array maps new pages, and timings measure page faults."""

_PR_SET_PDEATHSIG = 1


def thread_environment(threads: int) -> dict[str, str]:
    """The environment variables that make numerical libraries start this many threads."""
    return {
        name: str(threads)
        for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS")
    }


def die_with_parent(signal_number: int = signal.SIGKILL) -> None:
    """Ask the kernel to send this process a signal when its parent ends. Does nothing on other systems than Linux."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal_number)


def limit_memory(megabytes: int) -> None:
    """Limit what this process may allocate beyond what it has now; further allocations fail. Does nothing on other
    systems than Linux."""
    if sys.platform == "linux":
        limit = _status_kb("VmData") * 1024 + megabytes * 1024 * 1024
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


def resident_mb() -> float:
    """Resident memory of this process, in megabytes."""
    return _status_kb("VmRSS") / 1024 if sys.platform == "linux" else peak_mb()


def peak_mb() -> float:
    """Peak resident memory of this process, in megabytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1024 if sys.platform == "linux" else peak / 1024 / 1024


class Neighbours:
    """Measures how many cores other processes use from now on; 0 on other systems than Linux."""

    def __init__(self) -> None:
        self._start = time.monotonic(), _foreign_s()

    def cores(self) -> float:
        """The average number of cores that other processes have used since this object was made."""
        since, before = self._start
        return max(0.0, (_foreign_s() - before) / max(1e-3, time.monotonic() - since))


def _foreign_s() -> float:
    """Processor seconds of all processes on this machine but this one and its finished children."""
    if sys.platform != "linux":
        return 0.0
    user, nice, system, _, _, irq, softirq, *_ = map(int, Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:])
    used = (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK")
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return used - sum(usage.ru_utime + usage.ru_stime for usage in usages)


def seed_globals(seed: int) -> None:
    """Seed the global generators of Python, numpy and (if it is loaded) torch, for code that does not draw from the
    run's streams."""
    random.seed(seed)
    np.random.seed(seed % 2**32)
    if torch := sys.modules.get("torch"):
        torch.manual_seed(seed)


def global_state() -> dict[str, Any]:
    """The states of the global generators of Python, numpy and (if it is loaded) torch, those of the devices in use
    included; consists of plain values and tensors."""
    name, keys, *rest = np.random.get_state()
    state: dict[str, Any] = {"python": random.getstate(), "numpy": (name, np.asarray(keys).tolist(), *rest)}
    if torch := sys.modules.get("torch"):
        state["torch"] = torch.get_rng_state()
        # Asking for the state of a device would initialise it, so only devices in use are asked.
        state["devices"] = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else []
    return state


def set_global_state(state: Mapping[str, Any]) -> None:
    """Set the global generators to a state that `global_state` returned."""
    random.setstate(state["python"])
    name, keys, *rest = state["numpy"]
    np.random.set_state((name, np.array(keys, np.uint32), *rest))
    if "torch" in state:
        import torch

        torch.set_rng_state(state["torch"])
        if state["devices"]:
            torch.cuda.set_rng_state_all(state["devices"])


@contextmanager
def global_state_kept() -> Iterator[None]:
    """Restore the state of the global generators after the block."""
    kept = global_state()
    try:
        yield
    finally:
        set_global_state(kept)


def set_threads(threads: int) -> None:
    """Set the number of threads of torch, if it is loaded, and in the environment, where other libraries read it."""
    os.environ.update(thread_environment(threads))
    if torch := sys.modules.get("torch"):
        torch.set_num_threads(threads)


def _status_kb(name: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1])
    return 0
