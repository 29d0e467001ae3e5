"""`harness explain`: where a number comes from."""

from dataclasses import asdict
from typing import Annotated

import typer

from harness.cli.options import Json, Results, Seeds, Tier, print_json, results_folder, tier_name

Task = Annotated[str, typer.Argument(help="The task.")]
Entrant = Annotated[str, typer.Argument(help="The row: an entrant, with what was set from outside in brackets.")]
Case = Annotated[str, typer.Option("--case", "-c", help="A case or the name of a column. Default: all.")]
Metric = Annotated[str | None, typer.Option("--metric", help="A metric instead of the primary one.")]


def command(
    task: Task,
    entrant: Entrant,
    tier: Tier = "small",
    case: Case = "",
    metric: Metric = None,
    seeds: Seeds = None,
    results: Results = None,
    as_json: Json = False,
) -> None:
    """Show the records behind a row's cells, their formula and interval, and the commands that make them anew."""
    from harness.cli.session import Session, registry_with, warn
    from harness.cli.table import tables_of
    from harness.core.errors import UserError
    from harness.records.store import Store
    from harness.tables.build import View
    from harness.tables.explain import as_text, explain

    registry = registry_with(None)
    registry.card(task)
    store = Store(results_folder(results))
    session = Session(registry, store, tiers=[tier_name(tier)], tasks=[task])
    tables = tables_of(session, [View(tier=tier_name(tier), metric=metric, seeds=seeds)], {task})
    warn(store.problems)
    if not tables:
        raise UserError(f"no records of {task} at tier {tier} in {store.root}; harness run --task {task} --tier {tier}")
    explanations, misses = [], []
    for table in tables:
        try:
            explanations += explain(session.scored, table, entrant, case, str(store.records))
        except UserError as miss:
            misses.append(miss)
    if not explanations:
        raise misses[0]
    if as_json:
        print_json([asdict(explanation) for explanation in explanations])
        return
    for explanation in explanations:
        typer.echo(as_text(explanation))
