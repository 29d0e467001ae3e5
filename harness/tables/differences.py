"""Exploratory comparisons: paired differences between the rows of a table, with Holm's correction over all of them."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from harness.core.suggest import unknown
from harness.stats.holm import holm
from harness.stats.intervals import NO_INTERVAL, Interval, t_interval
from harness.stats.signflip import attainable_p, signflip_p
from harness.tables.grid import Entry, Grid, arrow
from harness.tables.table import Cell, Row, Table


@dataclass(frozen=True, kw_only=True)
class PairedDifference:
    """`of` against `over` in a column, seed by seed; a positive difference favours `of`.

    `p` is two-sided, by exact sign flips; `adjusted` is Holm's over all pairs of the table. Both are NaN, and `reason`
    says why, where the two cannot be compared.
    """

    of: str
    over: str
    column: str
    comparison: str
    values: tuple[float, ...] = ()
    interval: Interval = NO_INTERVAL
    p: float = math.nan
    adjusted: float = math.nan
    reason: str = ""

    @property
    def estimate(self) -> float:
        """Mean difference over seeds; NaN without any."""
        return math.fsum(self.values) / len(self.values) if self.values else math.nan


def paired_differences(table: Table, of: str | None = None) -> list[PairedDifference]:
    """The differences between the row `of` and every other row; without it, between every method or plug-in and every
    other row, each pair once. They are taken in the mean over cases where the table has one, else in every column.

    An unknown row is a `UserError`.
    """
    labels = [row.label for row in table.rows]
    if of is not None and of not in labels:
        raise unknown(f"entrant in {table.name}", of, labels)
    mean = [i for i, column in enumerate(table.columns) if not column.case]
    differences = [
        _difference(table, i, row, other)
        for i in mean or range(len(table.columns))
        for row, other in _pairs(table.rows, of)
    ]
    adjusted = holm([difference.p for difference in differences])
    return [replace(entry, adjusted=float(p)) for entry, p in zip(differences, adjusted, strict=True)]


def grid_of_differences(table: Table, differences: Sequence[PairedDifference]) -> Grid:
    """The differences as text."""
    headers = ("method", "opponent", "column", "comparison", "difference", "90 % interval", "p", "p (Holm)", "seeds")
    seeds = min((len(entry.values) for entry in differences if entry.values), default=0)
    limit = f"; {seeds} seeds can reach p = {min(1.0, 2 * attainable_p(seeds)):.3g} at best" if seeds else ""
    return Grid(
        title=f"{table.title}, tier {table.tier}: exploratory contrasts in {table.metric} {arrow(table.better)}",
        headers=tuple(map(Entry, headers)),
        rows=tuple(tuple(map(Entry, _texts(entry))) for entry in differences),
        words=4,
        caption=(
            "Mean of the paired differences over seeds, positive in favour of the first; 90 % t interval.",
            f"p: two-sided, exact sign flips, assuming symmetric differences{limit}.",
            f"Holm's correction is over all {sum(not math.isnan(entry.p) for entry in differences)} pairs with a p.",
            "These comparisons were not stated beforehand: they suggest hypotheses and confirm none.",
            f"Made from {table.provenance.records} records, digest {table.provenance.digest}.",
        ),
        notes=tuple(
            f"{entry.of} and {entry.over}, {entry.column}: {entry.reason}" for entry in differences if entry.reason
        ),
    )


def _pairs(rows: Sequence[Row], of: str | None) -> Iterator[tuple[Row, Row]]:
    seen: set[frozenset[str]] = set()
    for row in rows:
        if row.label == of or (of is None and row.kind in ("method", "plugin")):
            for other in rows:
                pair = frozenset((row.label, other.label))
                if len(pair) > 1 and pair not in seen:
                    seen.add(pair)
                    yield row, other


def _difference(table: Table, i: int, row: Row, other: Row) -> PairedDifference:
    controlled = row.component and row.component == other.component
    pair = PairedDifference(
        of=row.label,
        over=other.label,
        column=table.columns[i].name,
        comparison="controlled" if controlled else "system comparison",
    )
    of, over = row.cells[i], other.cells[i]
    if reason := _incomparable(of, over):
        return replace(pair, reason=reason)
    sign = 1.0 if table.better == "higher" else -1.0
    values = sign * (np.array(of.values) - np.array(over.values))
    pair = replace(pair, values=tuple(values.tolist()))
    if table.exact:
        return replace(pair, reason="counted: no interval and no p")
    if not np.ptp(values) > 0:
        return replace(pair, reason="one seed has no interval" if len(values) == 1 else "the seeds do not vary")
    p = min(1.0, 2 * min(float(signflip_p(values)), float(signflip_p(-values))))
    return replace(pair, interval=t_interval(values), p=p)


def _incomparable(of: Cell, over: Cell) -> str:
    for cell in (of, over):
        if cell.state != "scored":
            return cell.text
        if "contended" in cell.flags:
            return "timed beside other runs"
    return "other seeds" if of.seeds != over.seeds else ""


def _texts(pair: PairedDifference) -> Iterator[str]:
    yield from (pair.of, pair.over, pair.column, pair.comparison)
    yield "n/a" if math.isnan(pair.estimate) else f"{pair.estimate:+.4g}"
    yield str(pair.interval)
    for p in (pair.p, pair.adjusted):
        yield "n/a" if math.isnan(p) else f"{p:.3g}"
    yield str(len(pair.values))
