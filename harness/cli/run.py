"""`harness run`: do what the plan says is due, and show the tables."""

from typing import Annotated

import typer

from harness.cli.options import (
    Cases,
    Entrants,
    Json,
    Plugins,
    Results,
    Seeds,
    Tasks,
    Tier,
    print_json,
    results_folder,
    select,
)

Workers = Annotated[int, typer.Option("--workers", "-j", min=0, help="Runs at a time. 0 = cores / threads.")]
Threads = Annotated[int, typer.Option("--threads", min=1, help="Threads of each run; workers x threads <= cores.")]
Device = Annotated[str, typer.Option("--device", help="The torch device of the runs: `cpu`, `cuda`, `cuda:1`.")]
Retry = Annotated[bool, typer.Option("--retry-errors", help="Also repeat runs that ended in an error.")]
Limit = Annotated[float | None, typer.Option("--limit", min=0.1, help="Stop a run after so many seconds.")]
Memory = Annotated[int | None, typer.Option("--memory", min=1, help="Megabytes that a run may allocate.")]
Quiet = Annotated[bool, typer.Option("--no-table", help="Do not print the tables afterwards.")]


def command(
    task: Tasks = None,
    tier: Tier = "quick",
    case: Cases = None,
    entrant: Entrants = None,
    seeds: Seeds = None,
    plugin: Plugins = None,
    results: Results = None,
    workers: Workers = 0,
    threads: Threads = 1,
    device: Device = "cpu",
    limit: Limit = None,
    memory: Memory = None,
    retry_errors: Retry = False,
    no_table: Quiet = False,
    as_json: Json = False,
) -> None:
    """Run what is missing or stale, one process a run. The same command again runs nothing.

    A run that fails ends in a record that says why, and the others go on; the exit status is then 1.
    Safe to kill at any moment: give the same command again.
    """
    from dataclasses import replace

    from harness.cli.display import display
    from harness.cli.selecting import planned
    from harness.cli.table import print_tables
    from harness.data.fetch import locate
    from harness.environment import gather
    from harness.executors.local import LocalExecutor, check_device, check_load

    check_device(device)
    count = check_load(workers, threads)
    environment = gather(device=device, threads=threads, pinned_allocator=True)
    selection = select(tier, task, case, entrant, seeds, plugin)
    registry, store, plan = planned(selection, results_folder(results), environment)
    due = plan.due(retry_errors)
    for name in sorted({name for run in due for name in run.job.resolved.case.data}):
        locate(name)  # absent data is said before anything runs
    preload = sorted({name for run in due for name in run.job.card.preload})
    store.make_writable()
    executor = LocalExecutor(workers=count, threads=threads, preload=preload)
    jobs = [
        replace(
            run.job,
            contended=count > 1 and not run.job.resolved.case.exclusive,
            limit_at_s=limit,
            limit_at_mb=memory,
        )
        for run in due
    ]
    with display(jobs, executor, quiet=as_json) as failures:
        try:
            executor.run(jobs)
        except KeyboardInterrupt as interrupt:
            typer.echo("interrupted; what was done is stored, and the same command goes on from here", err=True)
            raise typer.Exit(130) from interrupt
    failed = [run for run in plan.runs if run.state == "failed" and not retry_errors]
    for run in failed:
        typer.secho(f"failed before: {run.job.spec.cell}: {run.why} (repeat with --retry-errors)", err=True, fg="red")
    if as_json:
        again = [f"{run.job.spec.cell}: {run.why}" for run in failed]
        print_json({"planned": len(plan.runs), "ran": len(due), "failures": failures, "failed_before": again})
    elif not no_table:
        tasks = {run.job.spec.task for run in plan.runs}
        print_tables(registry, store, selection, tasks)
    if failures or failed:
        raise typer.Exit(1)
