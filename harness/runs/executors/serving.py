"""What a worker does for the machine that sends it orders: it says what it has, and does runs."""

import fcntl
import os
import platform
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from threading import Lock
from typing import NamedTuple

from harness.core.artefacts import Cache
from harness.core.errors import UserError
from harness.records.copies import SHARED, read_files
from harness.records.environment import describe_environment
from harness.records.record import Environment
from harness.records.store import Store
from harness.runs.executors.isolated import prepare_server
from harness.runs.executors.local import LocalExecutor, usable_cores
from harness.runs.executors.orders import Need, Order, here, lacking
from harness.runs.outcome import JobStatus

LEAST_FREE_MB = 100
"""A worker with less space than this for records or artefacts does no runs."""
PAUSE_S = 0.2
"""How often a run that waits for its machine looks whether it may start, in seconds."""


class Question(NamedTuple):
    """What a machine that will send orders wants to know: which of the `needs` are lacking, for runs on a device with
    so many threads each. `preload` are the modules that the runs import."""

    needs: frozenset[Need]
    device: str
    threads: int
    preload: tuple[str, ...] = ()


class Offer(NamedTuple):
    """What a worker says of itself: `machine` is equal for the workers of one machine, whose name is `host`; it does so
    many `runs` at a time; `lacking` has a line for each need that it lacks; it will end in `left_s` seconds."""

    machine: str
    host: str
    runs: int
    environment: Environment
    lacking: Mapping[Need, str]
    left_s: float


class Delivery(NamedTuple):
    """What became of an order: the status of its run and the files of its record by name; or why the worker `refuses`
    it, in one line."""

    status: JobStatus = "error"
    files: Mapping[str, bytes] = {}
    refusal: str = ""


@dataclass
class Worker:
    """Does runs on this machine, at most so many at a time, each in a process of its own and in a folder of its own
    below `folder`. `accelerators` is how many of those it may use. Ends at the time `ends` of the monotonic clock."""

    folder: Path
    runs: int
    accelerators: int = 0
    ends: float = float("inf")
    _in_use: Counter[int] = field(default_factory=Counter, init=False, repr=False)
    _lock: Lock = field(default_factory=Lock, init=False, repr=False)

    def offer(self, question: Question) -> Offer:
        """What this worker has. Raises `UserError` if it can do nothing at all."""
        self._check_room()
        prepare_server(("harness.runs.runner", *question.preload), question.threads)
        on_cpu = question.device == "cpu"
        if not on_cpu and not self.accelerators:
            raise UserError(f"does not offer the device {question.device}; start it with --gpus")
        runs = min(self.runs, usable_cores() // question.threads) if on_cpu else self.runs
        if runs == 0:
            raise UserError(f"has too few cores for {question.threads} threads a run")
        environment, left_s = _environment(question.device, question.threads), self.ends - time.monotonic()
        return Offer(_machine(), platform.node(), runs, environment, lacking(question.needs), left_s)

    def do(self, order: Order, is_interrupted: Callable[[], bool]) -> Delivery:
        """Do a run, as this machine does its own. Where `is_interrupted` says so, the run is stopped."""
        try:
            self._check_room()
            with self._device(order) as device, _machine_held(order.job.resolved.case.exclusive, is_interrupted):
                return self._do(order, device, is_interrupted)
        except KeyboardInterrupt:
            return Delivery("interrupted")
        except UserError as error:
            return Delivery(refusal=str(error))
        except OSError as error:
            return Delivery(refusal=f"cannot write {error.filename or 'its files'}: {error.strerror}")

    def _do(self, order: Order, device: str, is_interrupted: Callable[[], bool]) -> Delivery:
        with tempfile.TemporaryDirectory(prefix="run-", dir=self.folder) as name:
            store = Store(Path(name))
            # Checkpoints outlast the run's folder: a run that was stopped goes on wherever the cache is shared.
            _link(store.checkpoints, Cache().folder / "checkpoints")
            # What records share is the same for many runs, and writing waits for the disk.
            _link(store.records / SHARED, self.folder / SHARED)
            job = here(order, store.root)
            job = replace(job, environment=job.environment.model_copy(update={"device": device}))
            (status,) = LocalExecutor(1, job.environment.threads, is_interrupted).run([job])
            record = store.read(job.spec.place)
            return Delivery(status, read_files(record, store) if record else {})

    def _check_room(self) -> None:
        """Raise a `UserError` if there is too little space for records or artefacts."""
        for folder in (self.folder, Cache().folder):
            existing = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
            free_mb = shutil.disk_usage(existing).free / 1e6
            if free_mb < LEAST_FREE_MB:
                raise UserError(f"has {free_mb:.0f} MB free in {folder}; it needs {LEAST_FREE_MB} MB")

    @contextmanager
    def _device(self, order: Order) -> Iterator[str]:
        """The device of a run: where there are several accelerators, the one with the fewest runs."""
        device = order.job.environment.device
        if device != "cuda" or self.accelerators < 2:
            yield device
            return
        with self._lock:
            number = min(range(self.accelerators), key=lambda number: self._in_use[number])
            self._in_use[number] += 1
        try:
            yield f"cuda:{number}"
        finally:
            with self._lock:
                self._in_use[number] -= 1


def _link(path: Path, folder: Path) -> None:
    """Make a path lead to a folder, which is made if it is not there."""
    folder.mkdir(parents=True, exist_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(folder.absolute())


@contextmanager
def _machine_held(alone: bool, is_interrupted: Callable[[], bool]) -> Iterator[None]:
    """Hold this machine, alone or together with other runs of its workers. Raises `KeyboardInterrupt` if the run is
    stopped meanwhile."""
    path = Path(tempfile.gettempdir(), f"harness-machine-{os.getuid()}.lock")
    with path.open("a") as file:
        while True:
            try:
                fcntl.flock(file, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if is_interrupted():
                    raise KeyboardInterrupt from None
                time.sleep(PAUSE_S)
        yield


@cache
def _environment(device: str, threads: int) -> Environment:
    return describe_environment(device, threads)


def _machine() -> str:
    """What tells this machine from others: containers on one machine have different names."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return platform.node()
