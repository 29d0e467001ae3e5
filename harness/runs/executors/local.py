"""The local executor: jobs on this machine, each in a process of its own."""

import math
import os
import re
import subprocess
import sys
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from pydantic import ValidationError

from harness.core.errors import UserError
from harness.records.record import Failure, RunStatus
from harness.runs.executors.base import SILENT, Events
from harness.runs.executors.isolated import IsolatedCall, ProcessEnded, prepare_server, wait_for_any
from harness.runs.job import Job
from harness.runs.outcome import Answer, JobStatus, conclude
from harness.runs.recovery import identity
from harness.runs.runner import execute

INTERRUPTED = Answer(status="interrupted", failure=Failure(type="KeyboardInterrupt", message="interrupted"))
RETRY_BUSY_S = 1.0
"""Seconds after which a job is tried again whose place another process has locked."""


def usable_cores() -> int:
    """The number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def check_load(workers: int, threads: int) -> int:
    """The number of workers; for 0 as many as the cores allow. Raises `UserError` if workers x threads exceed the
    cores."""
    cores = usable_cores()
    count = workers or max(1, cores // threads)
    if count * threads > max(cores, threads):
        raise UserError(f"{count} workers x {threads} threads is more than the {cores} cores here; lower one of them")
    return count


def check_device(device: str) -> None:
    """Raise a `UserError` unless the device is the processor or an accelerator that torch can use."""
    if device == "cpu":
        return
    if not re.fullmatch(r"cuda(:\d+)?", device):
        raise UserError(f"device '{device}' is unknown; allowed are cpu, cuda and cuda:N (the accelerator's number)")
    # In a process of its own: forked runs cannot use an accelerator that their parent has initialised.
    count = [sys.executable, "-c", "import torch; print(torch.cuda.device_count())"]
    present = int(subprocess.run(count, check=True, capture_output=True, text=True).stdout)
    if int(device.partition(":")[2] or 0) >= present:
        raise UserError(f"device '{device}' is not there: torch sees {present} accelerators; use --device cpu")


@dataclass
class LocalExecutor:
    """Runs jobs on this machine, `workers` at a time with `threads` each. Exclusive cases run last and alone.

    `is_interrupted` is asked at least every second; where it says so, the jobs are stopped as by an interrupt from the
    keyboard.
    """

    workers: int = 1
    threads: int = 1
    is_interrupted: Callable[[], bool] = lambda: False

    def run(self, jobs: Iterable[Job], events: Events = SILENT) -> dict[JobStatus, int]:
        """Run every job, the longest first, and return how many had each status. An interrupt from the keyboard stops
        the running jobs, records them as interrupted and is raised again."""
        ordered = sorted(jobs, key=lambda job: -job.expect_s)
        prepare_server(("harness.runs.runner", *sorted({n for job in ordered for n in job.card.preload})), self.threads)
        shared = [job for job in ordered if not job.resolved.case.exclusive]
        exclusive = [job for job in ordered if job.resolved.case.exclusive]
        statuses = [*self._run_group(shared, self.workers, events), *self._run_group(exclusive, 1, events)]
        return dict(Counter(statuses))

    def _run_group(self, jobs: Sequence[Job], workers: int, events: Events) -> Iterator[JobStatus]:
        waiting = deque((0.0, job) for job in jobs)
        running: dict[IsolatedCall, tuple[Job, datetime]] = {}
        try:
            while waiting or running:
                while waiting and len(running) < workers and waiting[0][0] <= time.monotonic():
                    _, job = waiting.popleft()
                    since = datetime.now(UTC)
                    running[_start(job)] = job, since
                    events.started(job)
                if self.is_interrupted():
                    raise KeyboardInterrupt
                pause = waiting[0][0] - time.monotonic() if waiting and len(running) < workers else math.inf
                for call in wait_for_any(running, pause):
                    job, since = running.pop(call)
                    status = conclude(job, _answer(call), since)
                    if status == "busy":
                        waiting.append((time.monotonic() + RETRY_BUSY_S, job))
                        continue
                    events.finished(job, status, call.seconds)
                    yield status
        except KeyboardInterrupt:
            for call, (job, since) in running.items():
                call.stop()
                conclude(job, INTERRUPTED, since)
            raise
        finally:
            for call in running:
                call.stop()


def _start(job: Job) -> IsolatedCall:
    """Start a job's process. A run on an accelerator may use as much of the machine's memory as it likes."""
    memory_mb = job.memory_mb if job.environment.device == "cpu" else math.inf
    return IsolatedCall(execute, job, identity(job), limit_s=job.limit_s, memory_mb=memory_mb)


def _answer(call: IsolatedCall) -> Answer:
    """What a job's process says, or what became of it where it says nothing."""
    status: RunStatus
    try:
        return Answer.model_validate_json(call.result())
    except TimeoutError as error:
        status, failure = "timeout", Failure(type="Timeout", message=str(error))
    except MemoryError as error:
        status, failure = "oom", Failure(type="MemoryError", message=str(error))
    except ProcessEnded as error:
        status = "killed" if error.killed else "error"
        failure = Failure(type="ProcessEnded", message=f"the run's process {error}")
    except ValidationError:
        status, failure = "error", Failure(type="BadOutput", message="the run's process answered with no known status")
    return Answer(status=status, failure=failure)
