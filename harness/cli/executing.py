"""Executing runs for the verbs `run` and `tune`: their common options, the executor and the display."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from harness.records.record import Environment
    from harness.records.store import Store
    from harness.runs.planner import PlannedRun

Workers = Annotated[int, typer.Option("--workers", "-j", min=0, help="Runs at a time. 0 = cores / threads.")]
Threads = Annotated[int, typer.Option("--threads", min=1, help="Threads of each run; workers x threads <= cores.")]
Device = Annotated[str, typer.Option("--device", help="The torch device of the runs: `cpu`, `cuda`, `cuda:1`.")]
Retry = Annotated[bool, typer.Option("--retry-errors", help="Also repeat runs that ended in an error.")]
Limit = Annotated[float | None, typer.Option("--limit", min=0.1, help="Stop a run after so many seconds.")]
Memory = Annotated[int | None, typer.Option("--memory", min=1, help="Megabytes that a run may allocate.")]


@dataclass(frozen=True)
class ExecutionOptions:
    """The user's choices of how runs are executed: `workers` at a time (0 = as many as the cores allow) with `threads`
    each, on a device, with limits of time and memory. Raises `UserError` for more workers than the cores allow and for
    a device that is absent."""

    workers: int = 0
    threads: int = 1
    device: str = "cpu"
    limit_s: float | None = None
    limit_mb: int | None = None

    def __post_init__(self) -> None:
        from harness.runs.executors.local import check_device, check_load

        check_device(self.device)
        object.__setattr__(self, "workers", check_load(self.workers, self.threads))

    def environment(self) -> "Environment":
        """The environment of the runs, as records describe it."""
        from harness.records.environment import gather

        return gather(device=self.device, threads=self.threads, pinned_allocator=True)


def execute(due: "Sequence[PlannedRun]", store: "Store", effort: ExecutionOptions, *, quiet: bool) -> list[str]:
    """Execute runs and return a line for each failure. An interrupt ends the command; finished runs are stored."""
    from dataclasses import replace

    from harness.cli.display import display
    from harness.data.fetch import locate
    from harness.runs.executors.local import LocalExecutor

    for name in sorted({name for run in due for name in run.job.resolved.case.data}):
        locate(name)  # raises for absent data before anything runs
    store.make_writable()
    executor = LocalExecutor(workers=effort.workers, threads=effort.threads)
    jobs = [
        replace(
            run.job,
            contended=effort.workers > 1 and not run.job.resolved.case.exclusive,
            limit_at_s=effort.limit_s,
            limit_at_mb=effort.limit_mb,
        )
        for run in due
    ]
    with display(jobs, executor, quiet=quiet) as failures:
        try:
            executor.run(jobs)
        except KeyboardInterrupt as interrupt:
            typer.echo("interrupted; finished runs are stored, and the same command continues from here", err=True)
            raise typer.Exit(130) from interrupt
    return failures


def failed_before(runs: "Sequence[PlannedRun]", *, retry_errors: bool) -> list[str]:
    """A line for each run that ended in an error before and is not repeated; also printed on standard error."""
    failed = [f"{run.job.spec.cell}: {run.why}" for run in runs if run.state == "failed" and not retry_errors]
    for line in failed:
        typer.secho(f"failed before: {line} (repeat with --retry-errors)", err=True, fg="red")
    return failed
