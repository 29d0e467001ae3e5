"""Exploratory contrasts: paired differences between the rows of a table, with Holm's correction over all of them."""

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
class Contrast:
    """`of` against `over` in a column, seed by seed; a positive difference favours `of`.

    `p` is two-sided, by exact sign flips; `adjusted` is Holm's over all contrasts of the table. Both are NaN, and
    `reason` says why, where the two cannot be compared.
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


def contrasts_of(table: Table, of: str | None = None) -> list[Contrast]:
    """Every contrast of the row `of` with the others; without it, of every method and plug-in with every other row,
    each pair once. They are taken in the mean over cases where the table has one, else in every column.

    An unknown row is a `UserError`.
    """
    labels = [row.label for row in table.rows]
    if of is not None and of not in labels:
        raise unknown(f"entrant in {table.name}", of, labels)
    i_mean = [i for i, column in enumerate(table.columns) if not column.case]
    found = [
        _contrast(table, i, one, other)
        for i in i_mean or range(len(table.columns))
        for one, other in _pairs(table.rows, of)
    ]
    adjusted = holm([contrast.p for contrast in found])
    return [replace(contrast, adjusted=float(p)) for contrast, p in zip(found, adjusted, strict=True)]


def grid_of_contrasts(table: Table, contrasts: Sequence[Contrast]) -> Grid:
    """The contrasts as text."""
    headers = ("of", "over", "column", "comparison", "difference", "90 % interval", "p", "p (Holm)", "seeds")
    seeds = min((len(contrast.values) for contrast in contrasts if contrast.values), default=0)
    limit = f"; {seeds} seeds can reach p = {min(1.0, 2 * attainable_p(seeds)):.3g} at best" if seeds else ""
    return Grid(
        title=f"{table.title}, tier {table.tier}: exploratory contrasts in {table.metric} {arrow(table.better)}",
        headers=tuple(map(Entry, headers)),
        rows=tuple(tuple(map(Entry, _texts(contrast))) for contrast in contrasts),
        words=4,
        caption=(
            "Mean of the paired differences over seeds, positive in favour of the first; 90 % t interval.",
            f"p: two-sided, exact sign flips, assuming symmetric differences{limit}.",
            f"Holm's correction is over all {sum(not math.isnan(one.p) for one in contrasts)} contrasts with a p.",
            "Nobody stated these beforehand: they suggest, they do not show.",
            f"Made from {table.provenance.records} records, digest {table.provenance.digest}.",
        ),
        notes=tuple(f"{one.of} and {one.over}, {one.column}: {one.reason}" for one in contrasts if one.reason),
    )


def _pairs(rows: Sequence[Row], of: str | None) -> Iterator[tuple[Row, Row]]:
    seen: set[frozenset[str]] = set()
    for one in rows:
        if one.label == of or (of is None and one.kind in ("method", "plugin")):
            for other in rows:
                pair = frozenset((one.label, other.label))
                if len(pair) > 1 and pair not in seen:
                    seen.add(pair)
                    yield one, other


def _contrast(table: Table, i: int, one: Row, other: Row) -> Contrast:
    controlled = one.component and one.component == other.component
    plain = Contrast(
        of=one.label,
        over=other.label,
        column=table.columns[i].name,
        comparison="controlled" if controlled else "system comparison",
    )
    of, over = one.cells[i], other.cells[i]
    if reason := _incomparable(of, over):
        return replace(plain, reason=reason)
    sign = 1.0 if table.better == "higher" else -1.0
    values = sign * (np.array(of.values) - np.array(over.values))
    differences = replace(plain, values=tuple(values.tolist()))
    if table.exact:
        return replace(differences, reason="counted: no interval and no p")
    if not np.ptp(values) > 0:
        return replace(differences, reason="one seed has no interval" if len(values) == 1 else "the seeds do not vary")
    p = min(1.0, 2 * min(float(signflip_p(values)), float(signflip_p(-values))))
    return replace(differences, interval=t_interval(values), p=p)


def _incomparable(of: Cell, over: Cell) -> str:
    for cell in (of, over):
        if cell.state != "scored":
            return cell.text
        if "contended" in cell.flags:
            return "timed beside other runs"
    return "other seeds" if of.seeds != over.seeds else ""


def _texts(contrast: Contrast) -> Iterator[str]:
    yield from (contrast.of, contrast.over, contrast.column, contrast.comparison)
    yield "n/a" if math.isnan(contrast.estimate) else f"{contrast.estimate:+.4g}"
    yield str(contrast.interval)
    for p in (contrast.p, contrast.adjusted):
        yield "n/a" if math.isnan(p) else f"{p:.3g}"
    yield str(len(contrast.values))
