"""The notes below a table: what its numbers do not say. Failures, gaps with their remedies, stale records, coverage."""

from collections.abc import Iterable, Iterator, Sequence

from harness.core.card import Card
from harness.tables.columns import Layout
from harness.tables.comparable import kinds, numbers, rerun
from harness.tables.expected import Expected
from harness.tables.results import RunRow
from harness.tables.table import Column, Row

_LONGEST_ERROR = 160


def notes_on(
    rows: Sequence[Row], columns: Sequence[Column], layout: Layout, card: Card, tier: str, expected: Expected | None
) -> Iterator[str]:
    """The notes, a line each."""
    version = layout.runs[0].version
    if version != card.version:
        yield f"made at task version {version}; the card is at version {card.version}"
    yield from failures(layout.runs)
    yield from _missing(rows, columns, layout, card.task, tier, expected)
    stale = sorted({row.label for row in rows for cell in row.cells if "stale" in cell.flags})
    if stale:
        again = rerun(card.task, tier, kinds(run for run in layout.runs if layout.row(run.label) in stale))
        yield f"stale, made by code or settings that have changed since: {', '.join(stale)}; `{again}`"
    yield from _inapplicable(rows, columns)
    yield from _coverage(rows, columns)


def failures(runs: Iterable[RunRow]) -> Iterator[str]:
    """The runs that failed or diverged, a line for those that did so alike."""
    groups: dict[tuple[str, ...], list[int]] = {}
    for run in runs:
        if run.status != "ok":
            groups.setdefault((run.status, run.label, run.case, run.error), []).append(run.seed)
    for (status, label, case, error), seeds in sorted(groups.items()):
        why = error.replace("`", "'")
        why = why if len(why) <= _LONGEST_ERROR else f"{why[:_LONGEST_ERROR]}..."
        yield f"{status}: {label}, case {case}, {_seeds(seeds)}{f': {why}' if why else ''}"


def _missing(
    rows: Sequence[Row],
    columns: Sequence[Column],
    layout: Layout,
    task: str,
    tier: str,
    expected: Expected | None,
) -> Iterator[str]:
    """Cells without records, and planned seeds that no row has, with the command that fills them."""
    there = {(run.label, run.case, run.seed) for run in layout.runs}
    lacking: dict[tuple[str, str], set[int]] = {}
    for row in rows:
        for column, cell in zip(columns, row.cells, strict=True):
            if cell.state == "missing":
                seeds = {run.seed for run in layout.runs if run.case == column.case}
                lacking.setdefault((row.label, column.case), set()).update(seeds)
    cases = {column.case for column in columns}
    for case, label, seed in expected.keys if expected else ():
        if (label, case, seed) not in there and case in cases:
            lacking.setdefault((label, case), set()).add(seed)
    kind_of = {row.label: row.kind for row in rows}
    alike: dict[tuple[str, tuple[int, ...]], list[str]] = {}
    for (label, case), seeds in sorted(lacking.items()):
        alike.setdefault((case, tuple(sorted(seeds))), []).append(label)
    for (case, these), labels in alike.items():
        command = rerun(task, tier, {label: kind_of.get(label, "") for label in labels}, cases=[case])
        yield f"missing: {', '.join(labels)}, case {case}{', ' + _seeds(these) if these else ''}; `{command}`"


def _inapplicable(rows: Sequence[Row], columns: Sequence[Column]) -> Iterator[str]:
    groups: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        for column, cell in zip(columns, row.cells, strict=True):
            if cell.state == "not applicable":
                groups.setdefault((row.label, cell.text), []).append(column.name)
    for (label, why), names in groups.items():
        where = f" in {'; '.join(names)}" if len(names) < len(columns) else ""
        yield f"not applicable: {label}{where} ({why})"


def _coverage(rows: Sequence[Row], columns: Sequence[Column]) -> Iterator[str]:
    """Columns whose scores leave items out. A diverged run uses none: it says nothing about the items."""
    groups: dict[str, list[str]] = {}
    for i, column in enumerate(columns):
        counted = [cell for cell in (row.cells[i] for row in rows) if cell.n_used and column.case]
        shares = {cell.n_used / cell.n_expected for cell in counted}
        if shares and min(shares) < 1:
            least, most = (f"{share:.1%}" for share in (min(shares), max(shares)))
            groups.setdefault(least if least == most else f"{least} to {most}", []).append(column.name)
    for share, names in groups.items():
        yield f"scored on {share} of the items: {'; '.join(names)}"


def _seeds(seeds: Iterable[int]) -> str:
    several = sorted(set(seeds))
    return f"seed{'s' * (len(several) > 1)} {numbers(several)}"
