"""`harness status`: what is done, missing, stale or failed, and why."""

from typing import Annotated

import typer

from harness.cli import options
from harness.core.spec import TIERS

Why = Annotated[bool, typer.Option("--why", help="Say for every stale or failed run what the reason is.")]


def command(
    task: options.Tasks = None,
    tier: options.Tiers = None,
    plugin: options.Plugins = None,
    results: options.Results = None,
    why: Why = False,
    as_json: options.Json = False,
) -> None:
    """Show how many runs of each task and tier are done, missing, stale or failed.

    A record is stale if the code, a setting or a parameter of its run has changed since: `run` does the run again.
    """
    from harness.cli.session import open_planner, warn
    from harness.core.checkpoints import stored_checkpoints
    from harness.core.words import printable

    planner = open_planner(results, plugin)
    store, runs = planner.store, []
    for name in tier or [name for name in TIERS if any(store.records.glob(f"*/{name}"))]:
        selection = options.select(name, task, plugins=plugin)
        plan = planner.plan(selection)
        runs += [*plan.runs, *planner.stored_runs(plan, selection)]
    warn(store.problems)
    if as_json:
        options.print_json([{"cell": run.spec.place, "state": run.state, "why": run.why} for run in runs])
        return
    states: dict[tuple[str, str], list[str]] = {}
    for run in runs:
        states.setdefault((run.spec.task, run.spec.tier), []).append(run.state)
    for (owner, name), of_tier in states.items():
        typer.echo(f"{owner:22} {name:6} {options.tally(of_tier)}")
    if not runs:
        typer.echo(f"no records in {store.root}; `harness run --tier quick` makes some")
    for checkpoint in stored_checkpoints(store.checkpoints):
        typer.echo(f"checkpoint: {printable(checkpoint.place)} goes on from {checkpoint.share:.0%}")
    for run in runs:
        if why and run.state in ("stale", "failed", "repeat"):
            typer.echo(f"{run.state}: {run.spec.place}: {run.why}")
