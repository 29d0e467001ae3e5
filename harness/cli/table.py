"""`harness table`: comparison tables from stored records alone."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.options import Cases, Json, Plugins, Results, Seeds, Tasks, results_folder, tier_name
from harness.core.spec import TIERS

if TYPE_CHECKING:
    from harness.claims.conditions import Condition
    from harness.records.frames import Frames
    from harness.records.store import Store
    from harness.registry.find import Registry
    from harness.runs.plan import Selection
    from harness.tables.build import View
    from harness.tables.details import Details
    from harness.tables.expected import Expected
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
    from harness.cli.selecting import registry_with, warn
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
    tables = tables_of(registry, store, views, tasks, plugin, any_key=write or check)
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


def print_tables(registry: "Registry", store: "Store", selection: "Selection", tasks: Iterable[str]) -> None:
    """Print the tables of some tasks after a run, in Markdown and without published numbers; a task whose rows cannot
    be compared says why."""
    from harness.core.errors import UserError
    from harness.tables.build import View

    for task in sorted(tasks):
        view = View(tier=selection.tier, seeds=selection.seeds)
        try:
            tables = tables_of(registry, store, [view], {task}, list(selection.plugins))
        except UserError as error:
            typer.echo(f"no table of {task}: {error}", err=True)
        else:
            _show([replace(table, published=()) for table in tables], "markdown")


def tables_of(
    registry: "Registry",
    store: "Store",
    views: "Iterable[View]",
    tasks: set[str],
    plugins: list[Path] | None = None,
    *,
    any_key: bool = False,
) -> "list[Table]":
    """The tables of some tasks; with `any_key`, records that are stale are not marked."""
    from harness.records.frames import frames
    from harness.tables.details import details_of

    records = list(store.stored())
    found, details = frames(records), details_of(records)
    tables: list[Table] = []
    for view in views:
        there = set(found.runs["task"][(found.runs["tier"] == view.tier).to_numpy()])
        for task in sorted(tasks & there):
            own = _in(registry, view, task)
            if own is not None:
                expected = expected_for(registry, store, own, task, plugins, any_key=any_key)
                tables += tables_for(registry, found, details, own, task, expected)
    return tables


def _in(registry: "Registry", view: "View", task: str) -> "View | None":
    """The view of those cases that a task has at its tier; None if that leaves nothing of it."""
    if not view.cases:
        return view
    planned = next((level.cases for name, level in registry.card(task).tiers.items() if name == view.tier), ())
    cases = tuple(case for case in view.cases if case in planned)
    return replace(view, cases=cases) if cases else None


def tables_for(
    registry: "Registry", found: "Frames", details: "Details", view: "View", task: str, expected: "Expected"
) -> "list[Table]":
    """The tables of one task from frames, with the numbers that papers on it published."""
    from harness.claims.papers import find_papers
    from harness.figures.checked import presentation_of
    from harness.tables.build import build_tables

    published = [
        number
        for paper in find_papers(registry).values()
        if any(part.task == task for claim in paper.claim for part in claim.parts)
        for number in paper.published
    ]
    shown = presentation_of(task)
    return build_tables(found, registry.card(task), view, expected, published, details, shown)


def expected_for(
    registry: "Registry",
    store: "Store",
    view: "View",
    task: str,
    plugins: list[Path] | None = None,
    *,
    any_key: bool = False,
) -> "Expected":
    """What the plan of one task at a view's tier expects; with `any_key`, stale records do as well as any."""
    from harness.cli.selecting import NOWHERE
    from harness.runs.plan import Selection, make_plan
    from harness.tables.expected import expected_of

    assert view.tier is not None
    selection = Selection(
        tier=tier_name(view.tier), tasks=[task], cases=view.cases, seeds=view.seeds, plugins=plugins or ()
    )
    plan = make_plan(registry, selection, store, NOWHERE, read=False)
    return expected_of(plan, task, view.tier, any_key=any_key)


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
    from harness.tables.contrast import contrasts_of, grid_of_contrasts
    from harness.tables.markup import to_markdown

    for table in tables:
        contrasts = contrasts_of(table, None if of == "all" else of)
        if contrasts:
            typer.echo(to_markdown([grid_of_contrasts(table, contrasts)]))
