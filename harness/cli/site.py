"""`harness site`: the leaderboard as a folder of pages, from stored records alone."""

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.options import Json, Plugins, Results, Tasks, Tiers, print_json, tier_name
from harness.core.spec import TIERS

if TYPE_CHECKING:
    from harness.cli.session import Session
    from harness.core.spec import TierName
    from harness.figures.plot import Figure
    from harness.site.material import Chapter, Material
    from harness.tables.results import ExpectedRuns
    from harness.tables.table import Table

Out = Annotated[Path | None, typer.Option("--out", help="Folder to write to. Default: `site` in the results.")]
Check = Annotated[bool, typer.Option("--check", help="Write nothing; fail if the site is not of these records.")]


def command(
    task: Tasks = None,
    tier: Tiers = None,
    plugin: Plugins = None,
    results: Results = None,
    out: Out = None,
    check: Check = False,
    as_json: Json = False,
) -> None:
    """Write the leaderboard: the board of claims, every table, figure, entrant and run, as pages that open from a
    folder or from any web host and need no network; at the end, print how the claims of each paper came out."""
    from harness.cli.session import open_session, warn
    from harness.core.errors import UserError
    from harness.site.build import build
    from harness.site.drawn import draw_all
    from harness.site.folder import check_site, owned, write_site
    from harness.site.verdicts import board

    session = open_session(results, task, [tier_name(text) for text in tier or TIERS], plugin)
    folder = out or session.store.root / "site"
    owned(folder)  # A folder that is not ours is refused before the work.
    material = gather(session)
    if not material.chapters:
        warn(session.store.problems)
        raise UserError(f"no records in {session.store.root} for this; `harness run --tier quick` makes some")
    drawn = draw_all([figure for chapter in material.chapters for figure in chapter.figures], _cores())
    files = dict(build(material, drawn))
    warn(session.store.problems)
    problems = list(check_site(folder, files, "harness site")) if check else []
    warn(problems)
    if not check:
        write_site(folder, files)
    if as_json:
        print_json({"site": str(folder), "files": len(files), "problems": problems})
    elif not check:
        for name in material.tiers:
            typer.echo(f"Claims at tier {name}\n\n{board(material.verdicts[name])}\n")
        typer.echo(f"{len(files)} files; open {folder / 'index.html'}")
    if problems:
        raise typer.Exit(1)


def gather(session: "Session") -> "Material":
    """All that a session's records give for the site. What cannot be shown is said on standard error."""
    from harness.site.material import Material

    tiers = [tier for tier in TIERS if session.tasks_at(tier)]
    coverage: dict[tuple[str, str], Counter[str]] = {}
    chapters = [
        _chapter(session, name, tier, coverage)
        for name in sorted(session.tasks)
        for tier in tiers
        if name in session.tasks_at(tier)
    ]
    return Material(
        cards=session.registry.tasks,
        headers=session.registry.entrants,
        papers=session.papers,
        chapters=chapters,
        verdicts={tier: session.verdicts(tier) for tier in tiers},
        coverage=coverage,
        scored=session.scored,
        records=session.stored,
    )


def _chapter(
    session: "Session", task: str, tier: "TierName", coverage: dict[tuple[str, str], Counter[str]]
) -> "Chapter":
    from harness.core.errors import UserError
    from harness.site.material import Chapter
    from harness.tables.build import View

    view, absent = View(tier=tier), []
    expected = session.expected(task, view)
    coverage[task, tier] = _coverage(session, task, tier, expected)
    # Whether code has changed since is not said in tables of files, which are made of records alone.
    expected = session.expected(task, view, any_key=True)
    tables: list[Table] = []
    try:
        tables = session.tables(task, view, expected)
    except UserError as error:
        absent.append(f"no table: {error}")
    return Chapter(
        card=session.registry.card(task),
        tier=tier,
        tables=tables,
        further=_further(session, task, tier, expected, {table.metric for table in tables}, absent),
        figures=_figures(session, task, tier, expected, absent),
        absent=absent,
    )


def _coverage(session: "Session", task: str, tier: str, expected: "ExpectedRuns") -> Counter[str]:
    """How many of the planned runs are done, missing, failed or stale."""
    from harness.records.record import SCORED

    runs = {(run.case, run.label, run.seed): run for run in session.scored[task, tier].runs}
    states: Counter[str] = Counter()
    for planned, key in expected.keys.items():
        run = runs.get(planned)
        if run is None:
            states["missing"] += 1
        elif run.key != key:
            states["stale"] += 1
        else:
            states["done" if run.status in SCORED else "failed"] += 1
    return states


def _further(
    session: "Session",
    task: str,
    tier: "TierName",
    expected: "ExpectedRuns",
    shown: set[str],
    absent: list[str],
) -> "list[Table]":
    """A table of each metric that no other table shows and that was measured."""
    from dataclasses import replace

    from harness.core.errors import UserError
    from harness.tables.build import View

    card, declared = session.registry.card(task), session.presentation(task).tables
    # Rows that the main table leaves out, such as those of a grid of parameters, are left out here, too.
    leave_out = declared[card.primary].leave_out if card.primary in declared else ()
    tables: list[Table] = []
    for metric in card.metrics:
        if metric not in shown:
            view = View(tier=tier, metric=metric, leave_out=leave_out)
            try:
                found = session.tables(task, view, expected)
            except UserError as error:
                absent.append(f"no table of {metric}: {error}")
                continue
            tables += [replace(table, published=()) for table in found if _has_scores(table)]
    return tables


def _has_scores(table: "Table") -> bool:
    return any(cell.state == "scored" for row in table.rows for cell in row.cells)


def _figures(
    session: "Session", task: str, tier: "TierName", expected: "ExpectedRuns", absent: list[str]
) -> "Sequence[Figure]":
    from harness.core.errors import UserError
    from harness.figures.build import Skipped, build_plot

    subject, figures = session.subject(task, tier, expected), []
    for declared in session.presentation(task).figure:
        try:
            figure = build_plot(subject, declared)
        except UserError as error:
            absent.append(f"refused: {declared.title}: {error}")
            continue
        if isinstance(figure, Skipped):
            absent.append(f"skipped: {declared.title}: {figure.why}")
        else:
            figures.append(figure)
    return figures


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
