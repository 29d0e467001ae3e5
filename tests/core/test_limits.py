"""A run's process stays within its memory and threads, dies with its parent, and starts from a known random state."""

import os
import random
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import torch

from harness.core import limits

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="limits of a process are Linux's")
on_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")


def _python(program: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, "-c", program], check=False, capture_output=True, text=True, timeout=60)


@on_linux
def test_allocating_beyond_the_limit_fails_and_below_it_does_not() -> None:
    done = _python(
        "import numpy as np; from harness.core import limits; limits.limit_memory(200)\n"
        "held = np.ones((100, 1 << 17)); print('fits')\n"
        "try: np.ones((150, 1 << 17))\n"
        "except MemoryError: print('does not')\n"
        "del held; np.ones((150, 1 << 17)); print('fits again')"
    )
    assert done.stdout.split("\n")[:3] == ["fits", "does not", "fits again"], done.stderr


@on_linux
def test_the_limit_is_on_top_of_what_the_process_has() -> None:
    done = _python(
        "import numpy as np; from harness.core import limits\n"
        "before = np.ones((300, 1 << 17)); limits.limit_memory(200)\n"
        "after = np.ones((100, 1 << 17)); print('fits')"
    )
    assert done.stdout == "fits\n", done.stderr


@on_linux
def test_a_process_dies_with_its_parent(tmp_path: Path) -> None:
    child = (
        "import time; from harness.core import limits; limits.die_with_parent()\n"
        "print('ready', flush=True); time.sleep(60)"
    )
    parent = (
        "import subprocess, sys, os, signal\n"
        f"child = subprocess.Popen([sys.executable, '-c', {child!r}], stdout=subprocess.PIPE, text=True)\n"
        "child.stdout.readline(); print(child.pid, flush=True); os.kill(os.getpid(), signal.SIGKILL)"
    )
    pid = int(_python(parent).stdout)
    deadline = time.monotonic() + 10
    while _runs(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not _runs(pid)


def _runs(pid: int) -> bool:
    status = Path(f"/proc/{pid}/status")
    try:
        return "State:\tZ" not in status.read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


MEASURING = """
import numpy as np
from harness.core import limits

before = limits.resident_mb()
held = np.ones(64 * (1 << 17))
resident, peak = limits.resident_mb(), limits.peak_mb()
del held
print(resident - before, peak - resident, limits.peak_mb() - peak)
"""


def test_memory_is_measured_in_megabytes() -> None:
    # In a process of its own: memory that was freed before would be filled without growing.
    done = subprocess.run([sys.executable, "-c", MEASURING], check=True, capture_output=True, text=True)
    grown, above, after = map(float, done.stdout.split())
    assert grown == pytest.approx(64, abs=16)
    assert above >= -16
    assert after >= 0


def _draws() -> list[float]:
    return [random.random(), np.random.random(), torch.rand(()).item()]


@pytest.mark.parametrize("seed", [0, 2**32 + 5, 2**63 - 1])
def test_every_global_generator_is_seeded(seed: int) -> None:
    with limits.global_state_kept():
        limits.seed_globals(seed)
        first = _draws()
        limits.seed_globals(seed)
        assert _draws() == first
        limits.seed_globals(seed ^ 1)
        assert all(one != other for one, other in zip(first, _draws(), strict=True))


def test_global_generators_go_on_as_if_nothing_had_been_drawn() -> None:
    limits.seed_globals(3)
    expected = [_draws(), _draws()]
    limits.seed_globals(3)
    drawn = [_draws()]
    with limits.global_state_kept():
        _draws()
        limits.seed_globals(4)
    drawn.append(_draws())
    assert drawn == expected


def test_global_generators_are_restored_when_the_block_raises() -> None:
    limits.seed_globals(3)
    expected = _draws()
    limits.seed_globals(3)
    with suppress(RuntimeError), limits.global_state_kept():
        _draws()
        raise RuntimeError("boom")
    assert _draws() == expected


@on_cuda
def test_random_state_is_kept_on_the_device_too() -> None:
    limits.seed_globals(3)
    expected = torch.rand(4, device="cuda")
    limits.seed_globals(3)
    with limits.global_state_kept():
        torch.rand(4, device="cuda")
    assert torch.equal(torch.rand(4, device="cuda"), expected)


@on_cuda
def test_keeping_random_state_touches_no_device() -> None:
    done = _python(
        "import torch; from harness.core import limits\n"
        "with limits.global_state_kept(): torch.rand(3)\n"
        "print(torch.cuda.is_initialized())"
    )
    assert done.stdout == "False\n", done.stderr


def test_threads_are_limited_for_torch_and_for_what_starts_later(monkeypatch: pytest.MonkeyPatch) -> None:
    before = torch.get_num_threads()
    monkeypatch.setattr(os, "environ", dict(os.environ))
    try:
        limits.set_threads(2)
        assert torch.get_num_threads() == 2
        assert {os.environ[name] for name in limits.thread_environment(2)} == {"2"}
    finally:
        torch.set_num_threads(before)


def test_limits_do_not_import_torch() -> None:
    done = _python(
        "import sys; from harness.core import limits\n"
        "limits.seed_globals(1); limits.set_threads(1)\n"
        "with limits.global_state_kept(): pass\n"
        "print('torch' in sys.modules)"
    )
    assert done.stdout == "False\n", done.stderr


@on_linux
def test_a_busy_neighbour_is_seen() -> None:
    busy = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        neighbours = limits.Neighbours()
        time.sleep(0.5)
        # Its share of a core is smaller where all cores are taken.
        assert neighbours.cores() > 0.15
    finally:
        busy.kill()
        busy.wait()


@on_linux
def test_own_work_is_no_neighbours() -> None:
    """Of two equally long stretches, the one in which this process works adds nothing of its own."""
    neighbours = limits.Neighbours()
    start, used = time.monotonic(), time.process_time()
    while time.monotonic() < start + 0.5:
        pass
    own = (time.process_time() - used) / 0.5
    cores = os.cpu_count() or 1
    assert neighbours.cores() + own < cores + 0.2
