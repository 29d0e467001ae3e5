"""`harness table`: comparison tables from stored records alone."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.options import Cases, FirstSeed, Json, Metric, Plugins, Results, Seeds, Tasks, Tiers, tier_name
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
ContrastOf = Annotated[
    str | None,
    typer.Option("--contrast", help="Instead: this entrant's (or `all`) paired differences, Holm-corrected."),
]
Rows = Annotated[
    list[str] | None,
    typer.Option("--entrant", "-e", help="Only this row, or all rows of this entrant; may be given again."),
]
Drop = Annotated[
    list[str] | None,
    typer.Option(
        "--drop",
        help="Leave out a column by its name (kind, weights, train s and the like, too), or the row of chance or "
        "ceiling; may be given again.",
    ),
]
Sort = Annotated[str, typer.Option("--sort", help="Order the rows by a column, the best first. Default: by kind.")]
Digits = Annotated[int, typer.Option("--digits", min=1, max=9, help="Significant digits of half-widths.")]
Caption = Annotated[str, typer.Option("--caption", help="The title above each table. Default: task, tier and metric.")]
Label = Annotated[str, typer.Option("--label", help="The label that LaTeX refers to a table by.")]
Published = Annotated[
    bool, typer.Option("--published/--no-published", help="Whether the numbers that papers published follow.")
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
    entrant: Rows = None,
    drop: Drop = None,
    sort: Sort = "",
    digits: Digits = 2,
    caption: Caption = "",
    label: Label = "",
    published: Published = True,
    contrast: ContrastOf = None,
    seeds: Seeds = None,
    first_seed: FirstSeed = 0,
    plugin: Plugins = None,
    results: Results = None,
    write: Write = False,
    check: Check = False,
    as_json: Json = False,
) -> None:
    """Print the tables of the tasks that have records. They refuse to mix what cannot be compared.

    For a paper, choose rows and columns: `harness table --task retrieval --format latex --entrant ance --entrant bm25
    --drop trials --drop seeds --sort scifact --no-published --label tab:retrieval`.
    """
    from harness.cli.session import open_session, warn
    from harness.core.errors import UserError
    from harness.core.suggest import check_known
    from harness.tables.build import View
    from harness.tables.choice import choose, hidden
    from harness.tables.formats import FORMATS, check_tables, render, write_tables
    from harness.tables.text import TextOptions

    form = "json" if as_json else form
    check_known("format", [form], FORMATS)
    tiers = [tier_name(text) for text in tier or TIERS]
    session = open_session(results, task, tiers, plugin, for_files=write or check)
    known = {entry.id for name in session.tasks for entry in session.registry.card(name).cases}
    check_known("case", case or (), known)
    options = TextOptions(digits=digits, hidden=hidden(drop or ()), title=caption, label=label)
    is_chosen = bool(entrant or drop or sort or not published or options != TextOptions())
    if is_chosen and (write or check):
        raise UserError("--write and --check are for whole tables; print chosen rows and columns into a file instead")
    cases, conditions = tuple(dict.fromkeys(case or ())), _conditions(where or ())
    tables: list[Table] = []
    try:
        for name in tiers:
            view = View(
                tier=name,
                cases=cases,
                entrants=_known_rows(session, entrant or ()),
                metric=metric,
                by=by,
                where=conditions,
                seeds=seeds,
                first_seed=first_seed,
            )
            # A table in a file is made of its records alone: `status` says whether code has changed since.
            tables += session.tables_of_all(view, any_key=write or check)
    finally:
        warn(session.store.problems)
    if not tables:
        typer.echo(f"no records in {session.store.root} for this; `harness run --tier quick` makes some", err=True)
    tables = choose(tables if published else [replace(table, published=()) for table in tables], drop or (), sort)
    if contrast is not None:
        _show_contrasts(tables, contrast, form)
    elif tables or form == "json":
        typer.echo(render(tables, form, options))
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
    from harness.tables.formats import render

    entrants = tuple(labels if selection.entrants else ())
    view = View(
        tier=selection.tier,
        cases=tuple(selection.cases),
        entrants=entrants,
        seeds=selection.seeds,
        first_seed=selection.first_seed,
    )
    for task, of_task in session.by_task(view):
        try:
            tables = session.tables(task, of_task, session.expected(task, of_task))
        except UserError as error:
            typer.echo(f"no table of {task}: {error}", err=True)
        else:
            if tables:
                typer.echo(render([replace(table, published=()) for table in tables], "markdown"))


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


def _known_rows(session: "Session", names: Sequence[str]) -> tuple[str, ...]:
    """Names of rows. One that is neither a label nor an entrant of any record is a `UserError`."""
    from harness.core.suggest import check_known

    runs = [run for of_task in session.scored.values() for run in of_task.runs]
    check_known("entrant among the records", names, {name for run in runs for name in (run.label, run.entrant)})
    return tuple(dict.fromkeys(names))


def _show_contrasts(tables: "Iterable[Table]", method: str, form: str) -> None:
    from harness.tables.differences import Contrast, paired_differences
    from harness.tables.formats import render_contrasts

    contrasts = [Contrast(table, paired_differences(table, None if method == "all" else method)) for table in tables]
    contrasts = [contrast for contrast in contrasts if contrast.differences]
    if contrasts or form == "json":
        typer.echo(render_contrasts(contrasts, form))
