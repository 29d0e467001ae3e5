"""`harness table`: comparison tables from stored records alone."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.options import Cases, Json, Metric, Plugins, Results, Seeds, Tasks, Tiers, tier_name
from harness.core.spec import TIERS

if TYPE_CHECKING:
    from harness.claims.conditions import Condition
    from harness.cli.session import Session
    from harness.runs.selection import Selection
    from harness.tables.table import Table

Format = Annotated[str, typer.Option("--format", "-f", help="One of markdown, latex, html, csv, json.")]
By = Annotated[
    str | None, typer.Option("--by", help="The axis to spread over the columns: a case's, a point's, a parameter.")
]
Where = Annotated[
    list[str] | None,
    typer.Option("--where", help="Points to keep: `scale=0.5`, `m=16,64`, `L>=2048`; may be given again."),
]
Contrast = Annotated[
    str | None,
    typer.Option("--contrast", help="Instead: this entrant's (or `all`) paired differences, Holm-corrected."),
]
Write = Annotated[bool, typer.Option("--write", help="Also write each table to tables/TASK-TIER in the format.")]
Check = Annotated[bool, typer.Option("--check", help="Fail if a written table is not what the records say.")]


def command(
    task: Tasks = None,
    case: Cases = None,
    tier: Tiers = None,
    form: Format = "markdown",
    by: By = None,
    where: Where = None,
    metric: Metric = None,
    contrast: Contrast = None,
    seeds: Seeds = None,
    plugin: Plugins = None,
    results: Results = None,
    write: Write = False,
    check: Check = False,
    as_json: Json = False,
) -> None:
    """Print the tables of the tasks that have records. They refuse to mix what cannot be compared."""
    from harness.cli.session import open_session, warn
    from harness.core.suggest import check_known
    from harness.tables.build import View
    from harness.tables.formats import FORMATS, check_tables, write_tables

    form = "json" if as_json else form
    check_known("format", [form], FORMATS)
    tiers = [tier_name(text) for text in tier or TIERS]
    session = open_session(results, task, tiers, plugin, for_files=write or check)
    known = {entry.id for name in session.tasks for entry in session.registry.card(name).cases}
    check_known("case", case or (), known)
    cases, conditions = tuple(dict.fromkeys(case or ())), _conditions(where or ())
    tables: list[Table] = []
    try:
        for name in tiers:
            view = View(tier=name, cases=cases, metric=metric, by=by, where=conditions, seeds=seeds)
            # A table in a file is made of its records alone: `status` says whether code has changed since.
            tables += session.tables_of_all(view, any_key=write or check)
    finally:
        warn(session.store.problems)
    if not tables:
        typer.echo(f"no records in {session.store.root} for this; `harness run --tier quick` makes some", err=True)
    if contrast is None:
        _show(tables, form)
    else:
        _show_contrasts(tables, contrast)
    folder = session.store.root / "tables"
    if write:
        write_tables(folder, tables, form)
    if check and (problems := list(check_tables(folder, tables))):
        warn(problems)
        raise typer.Exit(1)


def print_tables(session: "Session", selection: "Selection", labels: Iterable[str]) -> None:
    """Print the tables of what was selected after a run, in Markdown and without published numbers: where entrants were
    named, the rows with these labels. A task whose rows cannot be compared says why."""
    from harness.core.errors import UserError
    from harness.tables.build import View

    rows = frozenset(labels if selection.entrants else ())
    view = View(tier=selection.tier, cases=tuple(selection.cases), seeds=selection.seeds, rows=rows)
    for task, of_task in session.by_task(view):
        try:
            tables = session.tables(task, of_task, session.expected(task, of_task))
        except UserError as error:
            typer.echo(f"no table of {task}: {error}", err=True)
        else:
            _show([replace(table, published=()) for table in tables], "markdown")


def _conditions(texts: Iterable[str]) -> "dict[str, Condition]":
    """Conditions on points as the command line takes them: an axis, a sign, and a value or several."""
    from harness.claims.conditions import number_or_text
    from harness.core.errors import UserError

    conditions: dict[str, Condition] = {}
    for text in texts:
        parts = re.fullmatch(r"\s*(\w+)\s*(>=|<=|!=|>|<|=)\s*(.+?)\s*", text)
        if parts is None:
            raise UserError(f"--where '{text}' is no condition; write axis=value, axis=value,value or axis>=value")
        axis, sign, value = parts.groups()
        conditions[axis] = tuple(map(number_or_text, value.split(","))) if sign == "=" else f"{sign} {value}"
    return conditions


def _show(tables: "Sequence[Table]", form: str) -> None:
    from harness.tables.formats import render

    if tables or form == "json":
        typer.echo(render(tables, form))


def _show_contrasts(tables: "Iterable[Table]", method: str) -> None:
    from harness.tables.differences import differences_as_text, paired_differences
    from harness.tables.markup import to_markdown

    for table in tables:
        differences = paired_differences(table, None if method == "all" else method)
        if differences:
            typer.echo(to_markdown([differences_as_text(table, differences)]))
