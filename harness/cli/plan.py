"""`harness plan`: what `run` would do, how long it would take, and what so many seeds can show."""

from typing import TYPE_CHECKING

import typer

from harness.cli import options

if TYPE_CHECKING:
    from harness.runs.job import Job
    from harness.runs.plan import Plan


def command(
    task: options.Tasks = None,
    tier: options.Tier = "quick",
    case: options.Cases = None,
    entrant: options.Entrants = None,
    seeds: options.Seeds = None,
    first_seed: options.FirstSeed = 0,
    plugin: options.Plugins = None,
    results: options.Results = None,
    on: options.On = "",
    workers: options.MostWorkers = 0,
    threads: options.Threads = 1,
    device: options.Device = "cpu",
    as_json: options.Json = False,
) -> None:
    """Show which runs there are, which of them `harness run` would do, and how long they would take.

    The last line says which p-value so many seeds can reach at best: with too few, no claim can be judged. With `--on`
    also how long the runs would take on other machines, and what these lack.
    """
    from harness.cli.session import open_planner, warn
    from harness.records.record import Environment

    selection = options.select(tier, task, case, entrant, seeds, plugin, first_seed)
    planner = open_planner(results, plugin, Environment(device=device, threads=threads))
    plan = planner.plan(selection)
    warn(planner.store.problems)
    elsewhere = None
    if on:
        from harness.cli.elsewhere import plan_elsewhere

        elsewhere = plan_elsewhere(on, plan.due(), device, threads, workers)
    if as_json:
        runs = [{"cell": run.spec.place, "key": run.spec.key, "state": run.state, "why": run.why} for run in plan.runs]
        facts = {"elsewhere": elsewhere.facts} if elsewhere else {}
        options.print_json({"runs": runs, **plan_facts(plan), **facts})
    else:
        _print_plan(plan)
        for line in elsewhere.lines if elsewhere else ():
            typer.echo(line)


def plan_facts(plan: "Plan") -> dict[str, object]:
    """What a plan says beside its runs, as plain values."""
    return {"not_applicable": [vars(entry) for entry in plan.not_applicable], "core_seconds": plan.core_seconds()}


def _print_plan(plan: "Plan") -> None:
    from harness.stats.pvalues import attainable_p

    groups: dict[tuple[str, str, str], list[Job]] = {}
    for run in plan.runs:
        groups.setdefault((run.spec.task, run.spec.case, run.spec.label), []).append(run)
    for (task, case, label), runs in groups.items():
        typer.echo(f"{task:22} {case:16} {label:28} {options.tally(run.state for run in runs)}")
    for skipped in plan.not_applicable:
        typer.echo(f"{skipped.task:22} {skipped.case:16} {skipped.entrant:28} not applicable: {skipped.why}")
    due = f"due: {len(plan.due())}, about {options.duration(plan.core_seconds())} on one core"
    typer.echo(f"\n{len(plan.runs)} runs: {options.tally(run.state for run in plan.runs)}; {due}")
    if groups:
        fewest = min(len({run.spec.seed for run in runs}) for runs in groups.values())
        can = "a verdict is possible" if fewest >= 5 else "fewer than 5 seeds can only be inconclusive"
        typer.echo(f"smallest p that {fewest} paired seeds can reach: {attainable_p(fewest):.3g} ({can})")
