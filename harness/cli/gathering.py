"""Gathers what the site shows of a session's records."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from harness.cli.session import Session
from harness.core.errors import UserError
from harness.core.spec import TIERS, TierName
from harness.figures.build import Skipped, build_plot
from harness.figures.plot import Figure
from harness.figures.texts import TextFigure
from harness.records.record import SCORED
from harness.site.material import Chapter, Material
from harness.tables.build import View
from harness.tables.results import ExpectedRuns
from harness.tables.table import Table


def chapters_of(session: Session) -> list[Chapter]:
    """The chapters of a session's tasks and tiers, in order."""
    return [
        _chapter(session, task, tier)
        for task in sorted(session.tasks)
        for tier in TIERS
        if task in session.tasks_at(tier)
    ]


def gather(session: Session, chapters: Sequence[Chapter]) -> Material:
    """All that the site shows of a session's records: its chapters, and the verdicts on the claims."""
    return Material(
        cards=session.registry.tasks,
        headers=session.registry.entrants,
        papers=session.papers,
        chapters=chapters,
        verdicts={tier: session.verdicts(tier) for tier in TIERS if session.tasks_at(tier)},
        scored=session.scored,
        records=session.stored,
        items=session.item_scores,
    )


def _chapter(session: Session, task: str, tier: TierName) -> Chapter:
    view, absent = View(tier=tier), []
    coverage = _coverage(session, task, tier, session.expected(task, view))
    # Whether code has changed since is not said in tables of files, which are made of records alone.
    expected = session.expected(task, view, any_key=True)
    tables: list[Table] = []
    try:
        tables = session.tables(task, view, expected)
    except UserError as error:
        absent.append(f"no table: {error}")
    figures = _figures(session, task, tier, expected, absent)
    return Chapter(
        card=session.registry.card(task),
        tier=tier,
        tables=tables,
        further=_further(session, task, tier, expected, {table.metric for table in tables}, absent),
        figures=[figure for figure in figures if not isinstance(figure, TextFigure)],
        texts=[figure for figure in figures if isinstance(figure, TextFigure)],
        absent=absent,
        coverage=coverage,
    )


def _coverage(session: Session, task: str, tier: str, expected: ExpectedRuns) -> Counter[str]:
    """How many of the planned runs are done, missing, failed or stale."""
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
    session: Session,
    task: str,
    tier: TierName,
    expected: ExpectedRuns,
    shown: set[str],
    absent: list[str],
) -> list[Table]:
    """A table of each metric that no other table shows and that was measured."""
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


def _has_scores(table: Table) -> bool:
    return any(cell.state == "scored" for row in table.rows for cell in row.cells)


def _figures(
    session: Session, task: str, tier: TierName, expected: ExpectedRuns, absent: list[str]
) -> Sequence[Figure]:
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
