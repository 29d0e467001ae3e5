"""`harness status`: what is done, missing, stale or failed, and why."""

from collections import Counter
from typing import Annotated

import typer

from harness.cli.options import Json, Plugins, Results, Tasks, Tiers, print_json, results_folder, select
from harness.core.spec import TIERS

Why = Annotated[bool, typer.Option("--why", help="Say for every stale or failed run what the reason is.")]


def command(
    task: Tasks = None,
    tier: Tiers = None,
    plugin: Plugins = None,
    results: Results = None,
    why: Why = False,
    as_json: Json = False,
) -> None:
    """Show the state of the results. With `--why`, the file or value that made each stale run stale."""
    from harness.cli.session import NOWHERE, registry_with, warn
    from harness.records.store import Store
    from harness.runs.plan import make_plan, stored_runs

    folder = results_folder(results)
    tiers = tier or [name for name in TIERS if any((folder / "records").glob(f"*/{name}"))]
    registry, store = registry_with(plugin), Store(folder)
    states = []
    for name in tiers:
        selection = select(name, task, None, None, None, plugin)
        plan = make_plan(registry, selection, store, NOWHERE)
        further = stored_runs(plan, registry, selection, store)
        states += [(run.job.spec, run.state, run.why) for run in [*plan.runs, *further]]
    warn(store.problems)
    if as_json:
        print_json([{"cell": str(spec.cell), "state": state, "why": reason} for spec, state, reason in states])
        return
    groups: dict[tuple[str, str], Counter[str]] = {}
    for spec, state, _ in states:
        groups.setdefault((spec.task, spec.tier), Counter())[state] += 1
    for (owner, name), counts in groups.items():
        typer.echo(f"{owner:22} {name:6} {', '.join(f'{count} {state}' for state, count in counts.items())}")
    if not groups:
        typer.echo(f"no records in {folder}; `harness run --tier quick` makes some")
    if why:
        for spec, state, reason in states:
            if state in ("stale", "failed", "repeat"):
                typer.echo(f"{state}: {spec.cell}: {reason}")
