"""`harness plan`: what `run` would do, how long it would take, and what so many seeds can show."""

from collections import Counter
from typing import TYPE_CHECKING

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

if TYPE_CHECKING:
    from harness.runs.plan import Plan


def command(
    task: Tasks = None,
    tier: Tier = "quick",
    case: Cases = None,
    entrant: Entrants = None,
    seeds: Seeds = None,
    plugin: Plugins = None,
    results: Results = None,
    as_json: Json = False,
) -> None:
    """Show the runs there are to do, without doing them."""
    from harness.cli.session import planned

    selection = select(tier, task, case, entrant, seeds, plugin)
    _, _, plan = planned(selection, results_folder(results))
    if as_json:
        print_json(
            {
                "runs": [
                    {"cell": str(run.job.spec.cell), "key": run.job.spec.key, "state": run.state, "why": run.why}
                    for run in plan.runs
                ],
                "not_applicable": [vars(skipped) for skipped in plan.skipped],
                "core_seconds": plan.core_seconds(),
            }
        )
        return
    _print_plan(plan)


def _print_plan(plan: "Plan") -> None:
    from harness.stats.signflip import attainable_p

    groups: dict[tuple[str, str, str], Counter[str]] = {}
    seeds: dict[tuple[str, str, str], set[int]] = {}
    for run in plan.runs:
        spec = run.job.spec
        group = spec.task, spec.case, spec.label
        groups.setdefault(group, Counter())[run.state] += 1
        seeds.setdefault(group, set()).add(spec.seed)
    for (task, case, label), states in groups.items():
        counts = ", ".join(f"{count} {state}" for state, count in states.items())
        typer.echo(f"{task:22} {case:16} {label:28} {counts}")
    for skipped in plan.skipped:
        typer.echo(f"{skipped.task:22} {skipped.case:16} {skipped.entrant:28} not applicable: {skipped.why}")
    total = Counter(run.state for run in plan.runs)
    counts = ", ".join(f"{count} {state}" for state, count in total.items()) or "none"
    typer.echo(
        f"\n{len(plan.runs)} runs: {counts}; due: {len(plan.due())}, about {spell(plan.core_seconds())} on one core"
    )
    fewest = min(map(len, seeds.values()), default=0)
    if fewest:
        can = "a verdict is possible" if fewest >= 5 else "fewer than 5 seeds can only be inconclusive"
        typer.echo(f"smallest p that {fewest} paired seeds can reach: {attainable_p(fewest):.3g} ({can})")


def spell(seconds: float) -> str:
    """A duration as people say it."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
