"""What executors have in common: `Executor` runs jobs, and tells through `Events` what happens to them."""

from collections.abc import Iterable, Mapping
from typing import Protocol

from harness.runs.job import Job
from harness.runs.outcome import JobStatus


class Events:
    """Is told what happens to jobs, in the thread that called the executor. This one listens to nothing."""

    def started(self, job: Job) -> None:
        """A run has started."""

    def finished(self, job: Job, status: JobStatus, seconds: float) -> None:
        """A run has ended after so many seconds, and its record is stored."""

    def unplaced(self, job: Job, why: str) -> None:
        """A run was not done, since there is no place for it."""

    def said(self, line: str) -> None:
        """Something happened that is of no single run."""


SILENT = Events()


class Executor(Protocol):
    """Runs jobs in processes, on one machine or on many."""

    @property
    def workers(self) -> int:
        """How many runs it does at a time, at least 1. It may change while jobs run."""

    def run(self, jobs: Iterable[Job], events: Events = SILENT) -> Mapping[JobStatus, int]:
        """Run every job, and return how many had each status.

        Every job ends in a record in its store, or is said to be unplaced. Jobs whose place another process has locked
        wait for it. An interrupt from the keyboard stops the running jobs, records them as interrupted and is raised
        again.
        """
