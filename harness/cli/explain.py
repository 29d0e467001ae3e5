"""`harness explain`: where a number comes from."""

from typing import Annotated

import typer

from harness.cli.options import Json, Metric, Results, Seeds, Tier, tier_name

Task = Annotated[str, typer.Argument(help="The task.")]
Entrant = Annotated[str, typer.Argument(help="The row: an entrant, with what was set from outside in brackets.")]
Case = Annotated[str, typer.Option("--case", "-c", help="A case or the name of a column. Default: all.")]


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
    """Show the records behind a row's cells, their formula and interval, and the commands that reproduce them."""
    from harness.cli.session import open_session, warn
    from harness.core.errors import UserError
    from harness.tables.build import View
    from harness.tables.explain import as_text, explain
    from harness.tables.formats import to_json
    from harness.tables.results import TaskResults

    name = tier_name(tier)
    session = open_session(results, [task], [name])
    store = session.store
    try:
        tables = list(session.tables_of_all(View(tier=name, metric=metric, seeds=seeds)))
    finally:
        warn(store.problems)
    if not tables:
        raise UserError(f"no records of {task} at tier {tier} in {store.root}; harness run --task {task} --tier {tier}")
    shown = TaskResults(session.scored, task, name, seeds)
    explanations, misses = [], []
    for table in tables:
        try:
            explanations += explain(shown, table, entrant, case, str(store.records))
        except UserError as miss:
            misses.append(miss)
    if not explanations:
        raise misses[0]
    if as_json:
        typer.echo(to_json(explanations), nl=False)
        return
    for explanation in explanations:
        typer.echo(as_text(explanation))
