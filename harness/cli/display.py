"""The display of runs while they are executed: a progress bar on a terminal, a line for each run elsewhere."""

from collections.abc import Sequence

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from harness.cli.options import duration, is_debugging
from harness.records.store import Store
from harness.runs.job import Job
from harness.runs.runner import JobStatus


class Display:
    """Shows the runs of some jobs; nothing where it is `quiet`. `failures` has a line for each run that failed; `bars`
    is a context manager within which the bar is shown."""

    def __init__(self, jobs: Sequence[Job], workers: int, *, quiet: bool) -> None:
        console = Console(stderr=True)
        self.failures: list[str] = []
        self._prints_lines = not quiet and not console.is_terminal
        self._quiet = quiet
        self._estimate = Estimate(jobs, workers)
        self._running: dict[str, None] = {}  # in the order in which they started
        self.bars = Progress(
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[left]} left"),
            TextColumn("{task.fields[now]}"),
            console=console,
            transient=True,
            disable=quiet or not console.is_terminal or not jobs,
        )
        self._bar = self.bars.add_task("runs", total=len(jobs), left=duration(self._estimate.seconds), now="starting")

    def started(self, job: Job) -> None:
        """Show that a run has started."""
        self._running[_named(job)] = None
        self.bars.update(self._bar, now=" | ".join(self._running))

    def finished(self, job: Job, status: JobStatus, seconds: float) -> None:
        """Show what became of a run that took so many seconds."""
        self._running.pop(_named(job), None)
        self._estimate.finished(job, seconds)
        failure, left = self._failure(job, status), duration(self._estimate.seconds)
        self.bars.update(self._bar, advance=1, left=left, now=" | ".join(self._running))
        if self._prints_lines:
            bar = self.bars.tasks[self._bar]
            line = f"[{bar.completed:.0f}/{bar.total:.0f}] {failure or f'{status}: {_named(job)}'}"
            typer.echo(f"{line} ({seconds:.1f} s; {left} left)", err=True)
        elif failure and not self._quiet:
            self.bars.console.print(failure, style="red", highlight=False)

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


def _named(job: Job) -> str:
    return f"{job.spec.task}/{job.spec.case} {job.spec.label} seed {job.spec.seed}"
