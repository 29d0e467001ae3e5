"""`harness table`: comparison tables from stored records alone."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.options import Cases, Json, Plugins, Results, Seeds, Tasks, results_folder, tier_name
from harness.core.spec import TIERS

if TYPE_CHECKING:
    from harness.claims.conditions import Condition
    from harness.cli.session import Session
    from harness.registry.find import Registry
    from harness.runs.selection import Selection
    from harness.tables.build import View
    from harness.tables.table import Table

Tiers = Annotated[
    list[str] | None, typer.Option("--tier", help="A tier; may be given again. Default: all with records.")
]
Format = Annotated[str, typer.Option("--format", "-f", help="One of markdown, latex, html, csv, json.")]
By = Annotated[
    str | None, typer.Option("--by", help="The axis to spread over the columns: a case's, a point's, a parameter.")
]
Where = Annotated[
    list[str] | None,
    typer.Option("--where", help="Points to keep: `scale=0.5`, `m=16,64`, `L>=2048`; may be given again."),
]
Metric = Annotated[str | None, typer.Option("--metric", help="A metric instead of the primary one.")]
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
    from harness.cli.session import Session, registry_with, warn
    from harness.core.suggest import unknown
    from harness.records.store import Store
    from harness.tables.build import View
    from harness.tables.committed import check_tables, write_tables
    from harness.tables.formats import FORMATS

    chosen = "json" if as_json else form
    if chosen not in FORMATS:
        raise unknown("format", chosen, FORMATS)
    registry = registry_with(plugin)
    store = Store(results_folder(results))
    tasks = {registry.card(name).task for name in task or registry.tasks}
    known = {entry.id for name in tasks for entry in registry.card(name).cases}
    for name in case or ():
        if name not in known:
            raise unknown("case", name, known)
    views = [
        View(
            tier=name,
            cases=tuple(dict.fromkeys(case or ())),
            metric=metric,
            by=by,
            where=_conditions(where or ()),
            seeds=seeds,
        )
        for name in ([tier_name(text) for text in tier] if tier else TIERS)
    ]
    # A table in a file is what its records say; whether code has changed since is the business of `status`.
    session = Session(registry, store, plugin or (), tiers=tier or (), tasks=tasks)
    tables = tables_of(session, views, tasks, any_key=write or check)
    warn(store.problems)
    if not tables:
        typer.echo(f"no records in {store.root} for this; `harness run --tier quick` makes some", err=True)
    if contrast is None:
        _show(tables, chosen)
    else:
        _show_contrasts(tables, contrast)
    folder = store.root / "tables"
    if write:
        write_tables(folder, tables, chosen)
    if check and (problems := check_tables(folder, tables)):
        warn(problems)
        raise typer.Exit(1)


def print_tables(session: "Session", selection: "Selection", tasks: Iterable[str]) -> None:
    """Print the tables of some tasks after a run, in Markdown and without published numbers; a task whose rows cannot
    be compared says why."""
    from harness.core.errors import UserError
    from harness.tables.build import View

    for task in sorted(tasks):
        view = View(tier=selection.tier, seeds=selection.seeds)
        try:
            tables = tables_of(session, [view], {task})
        except UserError as error:
            typer.echo(f"no table of {task}: {error}", err=True)
        else:
            _show([replace(table, published=()) for table in tables], "markdown")


def tables_of(session: "Session", views: "Iterable[View]", tasks: set[str], *, any_key: bool = False) -> "list[Table]":
    """The tables of some tasks; with `any_key`, records that are stale are not marked."""
    tables: list[Table] = []
    for view in views:
        assert view.tier is not None
        for task in sorted(tasks & session.tasks_at(view.tier)):
            of_task = _within(session.registry, view, task)
            if of_task is not None:
                tables += session.tables(task, of_task, session.expected(task, of_task, any_key=any_key))
    return tables


def _within(registry: "Registry", view: "View", task: str) -> "View | None":
    """The view of those cases that a task has at its tier; None if that leaves nothing of it."""
    if not view.cases:
        return view
    planned = next((level.cases for name, level in registry.card(task).tiers.items() if name == view.tier), ())
    cases = tuple(case for case in view.cases if case in planned)
    return replace(view, cases=cases) if cases else None


def _conditions(texts: Iterable[str]) -> "dict[str, Condition]":
    """Conditions on points, as people write them: an axis, a sign, and a value or several."""
    from harness.core.errors import UserError

    found: dict[str, Condition] = {}
    for text in texts:
        parts = re.fullmatch(r"\s*(\w+)\s*(>=|<=|!=|>|<|=)\s*(.+?)\s*", text)
        if parts is None:
            raise UserError(f"--where '{text}' is no condition; write axis=value, axis=value,value or axis>=value")
        axis, sign, value = parts.groups()
        found[axis] = tuple(map(_value, value.split(","))) if sign == "=" else f"{sign} {value}"
    return found


def _value(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text.strip()


def _show(tables: "Sequence[Table]", form: str) -> None:
    from harness.tables.formats import render

    if tables or form == "json":
        typer.echo(render(tables, form))


def _show_contrasts(tables: "Iterable[Table]", of: str) -> None:
    from harness.tables.differences import grid_of_differences, paired_differences
    from harness.tables.markup import to_markdown

    for table in tables:
        contrasts = paired_differences(table, None if of == "all" else of)
        if contrasts:
            typer.echo(to_markdown([grid_of_differences(table, contrasts)]))
