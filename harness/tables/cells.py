"""The cells of a table: what became of an entrant in a column, and which cells are the best of theirs."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal

from harness.records.record import SCORED
from harness.stats.intervals import t_interval
from harness.tables.results import RunRow, ScoreRow
from harness.tables.table import Cell


def cell_of(runs: Sequence[RunRow], scores: Mapping[str, ScoreRow], needs: str | None = None) -> Cell:
    """The cell of an entrant's runs, one a seed, with their scores by path.

    A mean is over all seeds or there is none: a failed run is what the cell says. `needs` is the capability without
    which there is no such score.
    """
    runs = sorted(runs, key=lambda run: run.seed)
    n, records = len(runs), tuple(run.path for run in runs)
    there = [scores[path] for path in records if path in scores]
    lost = Counter(run.status for run in runs if run.status not in SCORED)
    # A metric without a chance value has no score of a run that diverged.
    lost.update(run.status for run in runs if run.status == "diverged" and run.path not in scores)
    lost["NaN"] += sum(math.isnan(score.value) for score in there)
    if lost.total():
        text = ", ".join(f"{what} {count}/{n}" for what, count in sorted(lost.items()) if count)
        return Cell(state="failed", text=text, records=records)
    if needs and not there:
        return Cell(state="not applicable", text=f"needs {needs}", records=records)
    if len(there) < n:
        missed = f" {n - len(there)}/{n}" if there else ""
        return Cell(state="not measured", text=f"not measured{missed}", records=records)
    values = tuple(score.value for score in there)
    diverged = sum(run.status == "diverged" for run in runs)
    counted = [score for score in there if score.status == "ok"]  # a diverged run says nothing about the items
    timed_beside_others = any(score.timing and run.contended for run, score in zip(runs, there, strict=True))
    return Cell(
        state="scored",
        seeds=tuple(run.seed for run in runs),
        values=values,
        half=math.nan if there[0].exact else half_width(values),
        n_used=sum(score.n_used for score in counted),
        n_expected=sum(score.n_expected for score in counted),
        flags=(*([f"diverged {diverged}/{n}"] if diverged else []), *(["contended"] if timed_beside_others else [])),
        records=records,
    )


def mean_over(cells: Sequence[Cell], *, exact: bool) -> Cell:
    """The mean over cells, seed by seed; `incomplete` unless all are scored over the same seeds."""
    records = tuple(path for cell in cells for path in cell.records)
    if len({cell.seeds for cell in cells}) > 1 or any(cell.state != "scored" for cell in cells):
        return Cell(state="incomplete", text="incomplete", records=records)
    values = tuple(math.fsum(column) / len(column) for column in zip(*(cell.values for cell in cells), strict=True))
    flags = dict.fromkeys(flag.partition(" ")[0] for cell in cells for flag in cell.flags)
    return Cell(
        state="scored",
        seeds=cells[0].seeds,
        values=values,
        half=math.nan if exact else half_width(values),
        n_used=sum(cell.n_used for cell in cells),
        n_expected=sum(cell.n_expected for cell in cells),
        flags=tuple(flags),
        records=records,
    )


def half_width(values: Sequence[float]) -> float:
    """Half of the 90 % t interval of the mean; NaN for one seed, and for seeds that are all alike: they show no
    spread, which is not to know that there is none."""
    if len(set(values)) < 2:
        return math.nan
    lo, hi = t_interval(values)
    return (hi - lo) / 2


def marked(cells: Sequence[Cell], better: Literal["higher", "lower"]) -> list[Cell]:
    """The cells of one column, the best marked and those whose mean lies within the best's interval: its ties.

    Times that were taken beside other runs take no part, and a lone cell is the best of nothing.
    """
    sign = 1 if better == "higher" else -1
    ranked = [cell for cell in cells if _competes(cell)]
    if len(ranked) < 2:
        return list(cells)
    best = max(ranked, key=lambda cell: sign * cell.value)
    within = 0.0 if math.isnan(best.half) else best.half
    out = []
    for cell in cells:
        if _competes(cell) and cell.value == best.value:
            out.append(replace(cell, mark="best"))
        elif _competes(cell) and abs(cell.value - best.value) <= within:
            out.append(replace(cell, mark="tie"))
        else:
            out.append(cell)
    return out


def _competes(cell: Cell) -> bool:
    return cell.state == "scored" and "contended" not in cell.flags
