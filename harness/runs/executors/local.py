"""The local executor: a process a run, forked from a server that has imported the libraries and never computes."""

import multiprocessing
import os
import re
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from dataclasses import dataclass, field
from datetime import UTC, datetime
from multiprocessing import forkserver

from pebble import ProcessExpired, ProcessPool

from harness.core import limits
from harness.core.errors import UserError
from harness.records.record import Failure, Status
from harness.runs.job import Job
from harness.runs.runner import Outcome, execute, record_loss

POLL_S = 0.05
RETRY_BUSY_S = 1.0


def check_load(workers: int, threads: int) -> int:
    """The number of workers (0 = as many as fit). `UserError` if workers x threads exceed the cores."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    count = workers or max(1, cores // threads)
    if count * threads > max(cores, threads):
        raise UserError(f"{count} workers x {threads} threads is more than the {cores} cores here; lower one of them")
    return count


def check_device(device: str) -> None:
    """`UserError` unless runs can compute on the device: the processor, or an accelerator that torch sees."""
    if device == "cpu":
        return
    if not re.fullmatch(r"cuda(:\d+)?", device):
        raise UserError(f"device '{device}' is unknown; allowed are cpu, cuda and cuda:N (the accelerator's number)")
    # In a process of its own: forked runs cannot use an accelerator that their parent has touched.
    count = [sys.executable, "-c", "import torch; print(torch.cuda.device_count())"]
    there = int(subprocess.run(count, check=True, capture_output=True, text=True).stdout)
    if int(device.partition(":")[2] or 0) >= there:
        raise UserError(f"device '{device}' is not there: torch sees {there} accelerators; use --device cpu")


@dataclass
class Events:
    """What the executor tells while it works; the display listens."""

    started: Callable[[Job], None] = lambda job: None
    finished: Callable[[Job, Outcome, float], None] = lambda job, outcome, seconds: None


@dataclass
class LocalExecutor:
    """Runs jobs on this machine, `workers` at a time with `threads` each; exclusive cases alone, last."""

    workers: int = 1
    threads: int = 1
    preload: Sequence[str] = ()
    events: Events = field(default_factory=Events)

    def run(self, jobs: Iterable[Job]) -> dict[str, int]:
        """Run every job, longest first, and count the outcomes. An interrupt stops what runs and is raised again."""
        ordered = sorted(jobs, key=lambda job: -job.expect_s)
        shared = [job for job in ordered if not job.resolved.case.exclusive]
        exclusive = [job for job in ordered if job.resolved.case.exclusive]
        outcomes: dict[str, int] = {}
        for group, workers in ((shared, self.workers), (exclusive, 1)):
            if group:
                for outcome in self._run_group(group, workers):
                    outcomes[outcome] = outcomes.get(outcome, 0) + 1
        return outcomes

    def _run_group(self, jobs: Sequence[Job], workers: int) -> list[Outcome]:
        waiting = deque((0.0, job) for job in jobs)
        running: dict[Future[Outcome], tuple[Job, datetime]] = {}
        outcomes: list[Outcome] = []
        pool = ProcessPool(max_workers=workers, max_tasks=1, context=self._context(), initializer=begin)
        try:
            while waiting or running:
                while waiting and len(running) < workers and waiting[0][0] <= time.monotonic():
                    _, job = waiting.popleft()
                    future: Future[Outcome] = pool.schedule(execute, args=[job], timeout=job.limit_s)
                    running[future] = job, datetime.now(UTC)
                    self.events.started(job)
                done, _ = wait(running, timeout=POLL_S, return_when=FIRST_COMPLETED)
                for future in done:
                    job, since = running.pop(future)
                    outcome = _outcome(future, job, since)
                    if outcome == "busy":
                        waiting.append((time.monotonic() + RETRY_BUSY_S, job))
                        continue
                    outcomes.append(outcome)
                    self.events.finished(job, outcome, (datetime.now(UTC) - since).total_seconds())
                if not running and waiting:
                    time.sleep(max(0.0, min(POLL_S, waiting[0][0] - time.monotonic())))
        except KeyboardInterrupt:
            pool.stop()  # type: ignore[no-untyped-call]
            pool.join()
            for job, since in running.values():
                record_loss(job, "interrupted", Failure(type="KeyboardInterrupt", message="interrupted"), since)
            raise
        pool.close()  # type: ignore[no-untyped-call]
        pool.join()
        return outcomes

    def _context(self) -> multiprocessing.context.BaseContext:
        # Read by the allocator and by numerical libraries when a process is executed, so before the server is.
        os.environ.update(limits.PINNED_ALLOCATOR | limits.thread_environment(self.threads))
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["harness.runs.runner", *self.preload])
        return context


def begin() -> None:
    """Bind a run's process to its server, and the server to the harness: when that is gone, all of them end. What an
    entrant prints is not the harness's output: it goes to standard error."""
    limits.die_with_parent()
    os.dup2(2, 1)
    # As long as anybody holds the write end of this pipe the server lives on, and every run is handed one.
    server = vars(forkserver)["_forkserver"]
    if server._forkserver_alive_fd is not None:
        os.close(server._forkserver_alive_fd)
        server._forkserver_alive_fd = None


def _outcome(future: Future[Outcome], job: Job, since: datetime) -> Outcome:
    """What became of a job whose process has ended; a process that could not write its record is recorded here."""
    try:
        return future.result()
    except TimeoutError:
        failure = Failure(type="Timeout", message=f"stopped after its limit of {job.limit_s:g} s")
        status: Status = "timeout"
    except ProcessExpired as error:
        killed = error.exitcode < 0
        how = f"killed by signal {-error.exitcode}" if killed else f"exited with status {error.exitcode}"
        failure = Failure(
            type="ProcessExpired", message=f"the run's process was {how}" if killed else f"the run's process {how}"
        )
        status = "killed" if killed else "error"
    except CancelledError:
        failure = Failure(type="Cancelled", message="cancelled before it ended")
        status = "interrupted"
    record_loss(job, status, failure, since)
    return status
