"""`harness run`: do what the plan says is due, and show the tables."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli import options
from harness.core.spec import TIERS

if TYPE_CHECKING:
    from harness.records.store import Store
    from harness.runs.job import Job

Keep = Annotated[
    bool,
    typer.Option(
        "--keep-predictions",
        help="Keep what the entrants answer on the test split, for `harness export`; runs that are done without it are "
        "done again.",
    ),
]
Quiet = Annotated[bool, typer.Option("--no-table", help="Do not print the tables afterwards.")]


def command(
    task: options.Tasks = None,
    tier: options.Tier = "quick",
    case: options.Cases = None,
    entrant: options.Entrants = None,
    seeds: options.Seeds = None,
    first_seed: options.FirstSeed = 0,
    plugin: options.Plugins = None,
    results: options.Results = None,
    workers: options.Workers = 0,
    threads: options.Threads = 1,
    device: options.Device = "cpu",
    limit: options.Limit = None,
    memory: options.Memory = None,
    checkpoint: options.Checkpoint = 600,
    on: options.On = "",
    retry_errors: options.Retry = False,
    keep_predictions: Keep = False,
    no_table: Quiet = False,
    as_json: options.Json = False,
) -> None:
    """Do the runs that are missing or stale, each in a process of its own, and print the tables.

    The same command again runs nothing. A run that fails leaves a record that says why, and the others go on; the exit
    status is then 1. The command may be killed at any moment: give it again, and it continues.
    """
    from harness.cli.executing import ExecutionOptions, execute, failed_before
    from harness.cli.session import Session, open_planner, warn
    from harness.cli.table import print_tables
    from harness.core.errors import UserError
    from harness.runs.selection import Given

    execution = ExecutionOptions(workers, threads, device, limit, memory, checkpoint, on)
    selection = options.select(tier, task, case, entrant, seeds, plugin, first_seed)
    planner = open_planner(results, plugin, execution.environment())
    registry, store, plan = planner.registry, planner.store, planner.plan(selection)
    warn(store.problems)
    if not plan.runs and not plan.not_applicable:
        tiers = {name for each in task or registry.tasks for name in registry.card(each).tiers}
        raise UserError(f"there is nothing at tier {tier}; there are: {', '.join(sorted(tiers, key=TIERS.index))}")
    due = plan.due(retry_errors)
    if keep_predictions:
        due = [replace(job, keeps_predictions=True) for job in [*due, *_without_predictions(plan.runs, store)]]
    failures = execute(due, store, execution, quiet=as_json)
    failed = failed_before(plan.runs, retry_errors=retry_errors)
    if as_json:
        options.print_json({"planned": len(plan.runs), "ran": len(due), "failures": failures, "failed_before": failed})
    elif not no_table:
        tasks, given = sorted({job.spec.task for job in plan.runs}), Given(results, selection.plugins)
        session = Session(registry, store, tasks, [selection.tier], given)
        print_tables(session, selection, {job.spec.label for job in plan.runs})
    if failures or failed:
        raise typer.Exit(1)


def _without_predictions(runs: "Iterable[Job]", store: "Store") -> "Iterator[Job]":
    """The runs that are done and have kept no predictions."""
    from harness.core.predictions import has_predictions

    for job in runs:
        stored = store.stored_at(job.spec.place) if job.state == "done" else None
        if stored is not None and not has_predictions(stored.content["kept"]):
            yield job
