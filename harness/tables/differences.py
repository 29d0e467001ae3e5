"""Exploratory contrasts: paired differences between the rows of a table, with Holm's correction over all of them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from harness.core.suggest import check_known
from harness.stats.intervals import NO_INTERVAL, Interval, t_interval
from harness.stats.pvalues import attainable_p, holm, signflip_p
from harness.tables.table import Cell, Row, Table
from harness.tables.text import TextTable, arrow, text_cells


@dataclass(frozen=True, kw_only=True)
class PairedDifference:
    """A method against an opponent in a column, seed by seed; a positive difference favours the method.

    `p` is two-sided, by exact sign flips; `adjusted` is Holm's over all pairs of the table. Where the two cannot be
    compared both are NaN, and `reason` says why.
    """

    method: str
    opponent: str
    column: str
    design: str
    values: tuple[float, ...] = ()
    interval: Interval = NO_INTERVAL
    p: float = math.nan
    adjusted: float = math.nan
    reason: str = ""

    @property
    def estimate(self) -> float:
        """Mean difference over seeds; NaN without any."""
        return math.fsum(self.values) / len(self.values) if self.values else math.nan


def paired_differences(table: Table, method: str | None = None) -> list[PairedDifference]:
    """The differences between the row `method` and every other row; without it, between every method or plug-in and
    every other row, each pair once; rows of predictions are left out, since nothing is known of their training. They
    are taken in the mean over cases where the table has one, else in every column.

    An unknown row is a `UserError`.
    """
    rows = [row for row in table.rows if row.kind != "predictions"]
    check_known(f"entrant in {table.name}", [] if method is None else [method], [row.label for row in rows])
    mean = [i for i, column in enumerate(table.columns) if not column.case]
    differences = [
        _difference(table, i, row, other)
        for i in mean or range(len(table.columns))
        for row, other in _pairs(rows, method)
    ]
    adjusted = holm([difference.p for difference in differences])
    return [replace(difference, adjusted=float(p)) for difference, p in zip(differences, adjusted, strict=True)]


class Contrast(NamedTuple):
    """A table and the paired differences between its rows."""

    table: Table
    differences: Sequence[PairedDifference]


def differences_as_text(table: Table, differences: Sequence[PairedDifference]) -> TextTable:
    """The differences between rows of a table as a table of text."""
    headers = ("method", "opponent", "column", "comparison", "difference", "90 % interval", "p", "p (Holm)", "seeds")
    seeds = min((len(pair.values) for pair in differences if pair.values), default=0)
    limit = f"; {seeds} seeds can reach p = {min(1.0, 2 * attainable_p(seeds)):.3g} at best" if seeds else ""
    return TextTable(
        title=f"{table.title}, tier {table.tier}: exploratory contrasts in {table.metric} {arrow(table.better)}",
        headers=text_cells(headers),
        rows=tuple(text_cells(_texts(pair)) for pair in differences),
        words=4,
        caption=(
            "Mean of the paired differences over seeds, positive in favour of the method; 90 % t interval.",
            f"p: two-sided, exact sign flips, assuming symmetric differences{limit}.",
            f"Holm's correction is over all {sum(not math.isnan(pair.p) for pair in differences)} pairs with a p.",
            "These comparisons were not stated beforehand: they suggest hypotheses and confirm none.",
            f"Made from {table.provenance.records} records, digest {table.provenance.digest}.",
        ),
        notes=tuple(
            f"{pair.method} and {pair.opponent}, {pair.column}: {pair.reason}" for pair in differences if pair.reason
        ),
    )


def _pairs(rows: Sequence[Row], method: str | None) -> list[tuple[Row, Row]]:
    chosen = [row for row in rows if row.label == method or (method is None and row.kind in ("method", "plugin"))]
    return [(row, other) for i, row in enumerate(chosen) for other in rows if other not in chosen[: i + 1]]


def _difference(table: Table, i: int, row: Row, other: Row) -> PairedDifference:
    cells, is_controlled = (row.cells[i], other.cells[i]), row.component and row.component == other.component
    pair = PairedDifference(
        method=row.label,
        opponent=other.label,
        column=table.columns[i].name,
        design="controlled" if is_controlled else "system comparison",
        reason=_incomparable(*cells),
    )
    if pair.reason:
        return pair
    sign = 1.0 if table.better == "higher" else -1.0
    values = sign * (np.array(cells[0].values) - np.array(cells[1].values))
    pair = replace(pair, values=tuple(values.tolist()))
    if table.exact:
        return replace(pair, reason="counted: no interval and no p")
    if not np.ptp(values) > 0:
        return replace(pair, reason="one seed has no interval" if len(values) == 1 else "the seeds do not vary")
    p = min(1.0, 2 * min(float(signflip_p(values)), float(signflip_p(-values))))
    return replace(pair, interval=t_interval(values), p=p)


def _incomparable(*cells: Cell) -> str:
    """Why two cells cannot be compared, "" if they can."""
    for cell in cells:
        if cell.state != "scored":
            return cell.text
        if "contended" in cell.flags:
            return "timed beside other runs"
    return "other seeds" if len({cell.seeds for cell in cells}) > 1 else ""


def _texts(pair: PairedDifference) -> list[str]:
    estimate = "n/a" if math.isnan(pair.estimate) else f"{pair.estimate:+.4g}"
    p, adjusted = ("n/a" if math.isnan(value) else f"{value:.3g}" for value in (pair.p, pair.adjusted))
    names = [pair.method, pair.opponent, pair.column, pair.design]
    return [*names, estimate, str(pair.interval), p, adjusted, str(len(pair.values))]
