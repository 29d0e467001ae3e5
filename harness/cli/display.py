"""The display of runs while they are executed: progress bars on a terminal, a line for each run elsewhere."""

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from harness.cli.options import is_debugging
from harness.cli.plan import spell
from harness.records.store import Store
from harness.runs.executors.local import Events, LocalExecutor
from harness.runs.job import Job
from harness.runs.runner import JobStatus

GOOD: frozenset[JobStatus] = frozenset({"ok", "done"})


class Estimate:
    """The time left: the planned time of the remaining runs, times how much longer than planned the finished runs
    took."""

    def __init__(self, jobs: Sequence[Job], workers: int) -> None:
        self._left = sum(job.expect_s for job in jobs)
        self._workers = workers
        self._expected = self._needed = 0.0

    def finished(self, job: Job, seconds: float) -> None:
        """Account for a finished run that took so many seconds."""
        self._left -= job.expect_s
        self._expected += job.expect_s
        self._needed += seconds

    @property
    def seconds(self) -> float:
        """Seconds left, by this estimate."""
        pace = self._needed / self._expected if self._expected else 1.0
        return max(0.0, self._left * pace / self._workers)


@contextmanager
def display(jobs: Sequence[Job], executor: LocalExecutor, *, quiet: bool) -> Iterator[list[str]]:
    """Show the executor's events during the block. Yields a list to which a line is added for each failed run."""
    failures: list[str] = []
    estimate = Estimate(jobs, executor.workers)
    console = Console(stderr=True)
    if quiet or not jobs:
        executor.events = _silent(failures)
        yield failures
    elif console.is_terminal:
        with _bars(console) as bars:
            executor.events = _live(bars, jobs, estimate, failures)
            yield failures
    else:
        executor.events = _plain(len(jobs), estimate, failures)
        yield failures


def _note_failure(failures: list[str], job: Job, outcome: JobStatus) -> str:
    """The line that describes a run that failed or diverged, "" for any other. It is added to `failures` unless the
    run diverged, since a diverged run has a score: chance."""
    if outcome in GOOD:
        return ""
    record = Store(job.results).read(job.spec.cell)
    failure = record.failure if record else None
    line = f"{outcome}: {_named(job)}: {failure.text if failure else 'no record was written'}"
    if failure and is_debugging():
        line += f"\n{failure.traceback.rstrip()}"
    if outcome != "diverged":
        failures.append(line)
    return line


def _named(job: Job) -> str:
    return f"{job.spec.task}/{job.spec.case} {job.spec.label} seed {job.spec.seed}"


def _bars(console: Console) -> Progress:
    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[left]} left"),
        TextColumn("{task.fields[now]}"),
    )
    return Progress(*columns, console=console, transient=True)


def _live(bars: Progress, jobs: Sequence[Job], estimate: Estimate, failures: list[str]) -> Events:
    bar = bars.add_task("runs", total=len(jobs), left=spell(estimate.seconds), now="starting")
    running: dict[str, float] = {}

    def started(job: Job) -> None:
        running[_named(job)] = time.monotonic()
        bars.update(bar, now=" | ".join(running))

    def finished(job: Job, outcome: JobStatus, seconds: float) -> None:
        running.pop(_named(job), None)
        estimate.finished(job, seconds)
        bars.update(bar, advance=1, left=spell(estimate.seconds), now=" | ".join(running))
        if line := _note_failure(failures, job, outcome):
            bars.console.print(line, style="red", highlight=False)

    return Events(started, finished)


def _silent(failures: list[str]) -> Events:
    def finished(job: Job, outcome: JobStatus, seconds: float) -> None:
        _note_failure(failures, job, outcome)

    return Events(finished=finished)


def _plain(total: int, estimate: Estimate, failures: list[str]) -> Events:
    count = 0

    def finished(job: Job, outcome: JobStatus, seconds: float) -> None:
        nonlocal count
        count += 1
        estimate.finished(job, seconds)
        line = _note_failure(failures, job, outcome) or f"{outcome}: {_named(job)}"
        typer.echo(f"[{count}/{total}] {line} ({seconds:.1f} s; {spell(estimate.seconds)} left)", file=sys.stderr)

    return Events(finished=finished)
