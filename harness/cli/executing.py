"""Executing runs for `run` and `tune`, and showing them: a bar on a terminal, a line for each run elsewhere."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from harness.cli.options import duration, is_debugging
from harness.core.checkpoints import checkpoint_of
from harness.core.words import printable
from harness.data.fetch import locate
from harness.records.environment import describe_environment
from harness.records.record import Environment
from harness.records.store import Store
from harness.runs.executors.base import Events, Executor
from harness.runs.executors.local import LocalExecutor, check_device, check_load
from harness.runs.job import CHECKPOINT_S, Job
from harness.runs.outcome import JobStatus


@dataclass(frozen=True)
class ExecutionOptions:
    """How the user wants runs to be executed: `workers` at a time (0 = as many as the cores allow) with `threads` each,
    on a device, with limits that may lower those of the card, and `checkpoint_s` seconds between checkpoints; `on`
    other machines, or "" for this one. Raises `UserError` for more workers than the cores of this machine allow, and
    for a device that it lacks."""

    workers: int
    threads: int
    device: str
    limit_s: float | None
    memory_mb: int | None
    checkpoint_s: float = CHECKPOINT_S
    on: str = ""

    def __post_init__(self) -> None:
        if not self.on:
            check_device(self.device)
            object.__setattr__(self, "workers", check_load(self.workers, self.threads))

    def environment(self) -> Environment:
        """The environment of the runs, as records describe it. Other machines will say what they are."""
        if self.on:
            return Environment(device=self.device, threads=self.threads)
        return describe_environment(self.device, self.threads)

    @contextmanager
    def executor(self, jobs: Sequence[Job]) -> Iterator[Executor]:
        """The executor for some jobs."""
        if self.on and jobs:
            from harness.cli.elsewhere import open_cluster

            with open_cluster(self.on, jobs, self.device, self.threads, self.workers) as cluster:
                yield cluster
        else:
            yield LocalExecutor(max(1, self.workers), self.threads)


def execute(due: Sequence[Job], store: Store, options: ExecutionOptions, *, quiet: bool) -> list[str]:
    """Execute runs and return a line for each failure. An interrupt ends the command; finished runs are stored."""
    if not options.on:
        for name in sorted({name for run in due for name in run.resolved.case.data}):
            locate(name)  # raises for absent data before anything runs
    store.make_writable()
    jobs = [
        replace(
            run,
            contended=options.workers > 1 and not run.resolved.case.exclusive,
            limit_s=min(run.limit_s, options.limit_s or run.limit_s),
            memory_mb=min(run.memory_mb, options.memory_mb or run.memory_mb),
            checkpoint_s=options.checkpoint_s,
        )
        for run in due
    ]
    with options.executor(jobs) as executor, (display := _Display(jobs, executor, quiet=quiet)).bars:
        try:
            executor.run(jobs, display)
        except KeyboardInterrupt as interrupt:
            typer.echo("interrupted; finished runs are stored, and the same command continues from here", err=True)
            raise typer.Exit(130) from interrupt
    done = [job for job in jobs if job.spec.place not in display.left_out]
    gone = [f"gone: {_named(job)}: its record was removed meanwhile" for job in done if not _has_record(job)]
    for line in gone:
        typer.secho(line, err=True, fg="red")
    return [*display.failures, *gone]


def failed_before(runs: Sequence[Job], *, retry_errors: bool) -> list[str]:
    """A line for each run that ended in an error before and is not repeated; also printed on standard error."""
    failed = [f"{run.spec.place}: {run.why}" for run in runs if run.state == "failed" and not retry_errors]
    for line in failed:
        typer.secho(f"failed before: {line} (repeat with --retry-errors)", err=True, fg="red")
    return failed


class _Display(Events):
    """Shows the runs of some jobs; nothing where it is `quiet`. `failures` has a line for each run that failed or was
    not done, `left_out` the places of the latter; `bars` is a context manager within which the bar is shown.

    The time left is the planned time of the remaining runs, times how much longer than planned the finished runs took.
    """

    def __init__(self, jobs: Sequence[Job], executor: Executor, *, quiet: bool) -> None:
        console = Console(stderr=True)
        self.failures: list[str] = []
        self.left_out: set[str] = set()
        self._executor, self._quiet, self._on_terminal = executor, quiet, console.is_terminal
        self._left_s = sum(job.expect_s for job in jobs)
        self._expected_s = self._needed_s = 0.0
        self._running: dict[str, str] = {}  # by place, in the order in which they started
        texts = (TextColumn("{task.fields[left]} left"), TextColumn("{task.fields[now]}", markup=False))
        hidden = quiet or not self._on_terminal or not jobs
        self.bars = Progress(BarColumn(), MofNCompleteColumn(), *texts, console=console, transient=True, disable=hidden)
        self._bar = self.bars.add_task("runs", total=len(jobs), left=self._left(), now="starting")

    def started(self, job: Job) -> None:
        """Show that a run has started."""
        checkpoint = checkpoint_of(Store(job.results).checkpoints, job.spec.place)
        goes_on = f"{_named(job)} goes on from {checkpoint.share:.0%}" if checkpoint else ""
        self._running[job.spec.place] = goes_on or _named(job)
        self._show_running()
        if goes_on and not self._quiet and not self._on_terminal:
            typer.echo(goes_on, err=True)

    def finished(self, job: Job, status: JobStatus, seconds: float) -> None:
        """Show what became of a run that took so many seconds."""
        self._running.pop(job.spec.place, None)
        self._left_s -= job.expect_s
        self._expected_s += job.expect_s
        self._needed_s += seconds
        self.bars.update(self._bar, advance=1, left=self._left())
        self._show_running()
        failure = self._failure(job, status)
        if self._quiet:
            return
        if not self._on_terminal:
            bar = self.bars.tasks[self._bar]
            line = f"[{bar.completed:.0f}/{bar.total:.0f}] {failure or f'{status}: {_named(job)}'}"
            typer.echo(f"{line} ({seconds:.1f} s; {self._left()} left)", err=True)
        elif failure:
            self.bars.console.print(failure, style="red", highlight=False, markup=False)

    def unplaced(self, job: Job, why: str) -> None:
        """Show that a run was not done."""
        self.left_out.add(job.spec.place)
        line = f"not done: {_named(job)}: {why}"
        self.failures.append(line)
        if not self._quiet:
            self.bars.console.print(printable(line), style="red", highlight=False, markup=False, soft_wrap=True)

    def said(self, line: str) -> None:
        """Show what is of no single run."""
        self.bars.console.print(printable(line), style="yellow", highlight=False, markup=False, soft_wrap=True)

    def _show_running(self) -> None:
        self.bars.update(self._bar, now=" | ".join(self._running.values()))

    def _left(self) -> str:
        pace = self._needed_s / self._expected_s if self._expected_s else 1.0
        return duration(max(0.0, self._left_s * pace / self._executor.workers))

    def _failure(self, job: Job, status: JobStatus) -> str:
        """The line that describes a run that failed or diverged, "" for any other. It is added to `failures` unless the
        run diverged, since a diverged run has a score: chance."""
        if status in ("ok", "done"):
            return ""
        record = Store(job.results).read(job.spec.place)
        failure = record.failure if record else None
        line = f"{status}: {_named(job)}: {failure.text if failure else 'no record was written'}"
        if failure and is_debugging():
            line += f"\n{failure.traceback.rstrip()}"
        if status != "diverged":
            self.failures.append(line)
        return line


def _has_record(job: Job) -> bool:
    return Store(job.results).path(job.spec.place).exists()


def _named(job: Job) -> str:
    return f"{job.spec.task}/{job.spec.case} {job.spec.label} seed {job.spec.seed}"
