"""Executing runs for the verbs `run` and `tune`: the options that both have, and the execution."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from harness.records.record import Environment
    from harness.records.store import Store
    from harness.runs.plan import PlannedRun

Workers = Annotated[
    int, typer.Option("--workers", "-j", min=0, help="How many runs at a time. 0: as many as the cores allow.")
]
Threads = Annotated[
    int, typer.Option("--threads", min=1, help="Threads of each run; workers x threads is at most the cores.")
]
Device = Annotated[str, typer.Option("--device", help="The torch device of the runs: `cpu`, `cuda`, `cuda:1`.")]
Retry = Annotated[bool, typer.Option("--retry-errors", help="Also repeat runs that ended in an error.")]
Limit = Annotated[float | None, typer.Option("--limit", min=0.1, help="Stop each run after so many seconds.")]
Memory = Annotated[int | None, typer.Option("--memory", min=1, help="Megabytes that each run may allocate.")]


@dataclass(frozen=True)
class ExecutionOptions:
    """How the user wants runs to be executed: `workers` at a time (0 = as many as the cores allow) with `threads` each,
    on a device, with limits of time and memory. Raises `UserError` for more workers than the cores allow and for a
    device that is absent."""

    workers: int
    threads: int
    device: str
    limit_s: float | None
    limit_mb: int | None

    def __post_init__(self) -> None:
        from harness.runs.executors.local import check_device, check_load

        check_device(self.device)
        object.__setattr__(self, "workers", check_load(self.workers, self.threads))

    def environment(self) -> "Environment":
        """The environment of the runs, as records describe it."""
        from harness.records.environment import gather

        return gather(device=self.device, threads=self.threads, pinned_allocator=True)


def execute(due: "Sequence[PlannedRun]", store: "Store", options: ExecutionOptions, *, quiet: bool) -> list[str]:
    """Execute runs and return a line for each failure. An interrupt ends the command; finished runs are stored."""
    from harness.cli.display import Display
    from harness.data.fetch import locate
    from harness.runs.executors.local import LocalExecutor

    for name in sorted({name for run in due for name in run.job.resolved.case.data}):
        locate(name)  # raises for absent data before anything runs
    store.make_writable()
    jobs = [
        replace(
            run.job,
            contended=options.workers > 1 and not run.job.resolved.case.exclusive,
            limit_at_s=options.limit_s,
            limit_at_mb=options.limit_mb,
        )
        for run in due
    ]
    display = Display(jobs, options.workers, quiet=quiet)
    with display.bars:
        try:
            LocalExecutor(options.workers, options.threads, display.started, display.finished).run(jobs)
        except KeyboardInterrupt as interrupt:
            typer.echo("interrupted; finished runs are stored, and the same command continues from here", err=True)
            raise typer.Exit(130) from interrupt
    return display.failures


def failed_before(runs: "Sequence[PlannedRun]", *, retry_errors: bool) -> list[str]:
    """A line for each run that ended in an error before and is not repeated; also printed on standard error."""
    failed = [f"{run.job.spec.place}: {run.why}" for run in runs if run.state == "failed" and not retry_errors]
    for line in failed:
        typer.secho(f"failed before: {line} (repeat with --retry-errors)", err=True, fg="red")
    return failed
