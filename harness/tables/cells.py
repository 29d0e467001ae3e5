"""The cells of a table: builds them from scores, and marks the best of each column."""

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
    """The cell of an entrant's runs, one a seed, given their scores by path.

    A mean is over all seeds or there is none: where a run failed, the cell says so instead. `needs` is the capability
    without which an entrant has no such score.
    """
    runs = sorted(runs, key=lambda run: run.seed)
    n, records = len(runs), tuple(run.path for run in runs)
    if failed := _failed(runs, scores):
        text = ", ".join(f"{status} {count}/{n}" for status, count in sorted(failed.items()))
        return Cell(state="failed", text=text, records=records)
    measured = [scores[path] for path in records if path in scores]
    if needs and not measured:
        return Cell(state="not applicable", text=f"needs {needs}", records=records)
    if len(measured) < n:
        missing = f" {n - len(measured)}/{n}" if measured else ""
        return Cell(state="not measured", text=f"not measured{missing}", records=records)
    return _scored_cell(runs, measured)


def _failed(runs: Sequence[RunRow], scores: Mapping[str, ScoreRow]) -> Counter[str]:
    """How many runs have no value, by what became of them. A diverged run lacks one on a metric without chance."""
    failed: Counter[str] = Counter()
    for run in runs:
        score = scores.get(run.path)
        if run.status not in SCORED or (run.status == "diverged" and score is None):
            failed[run.status] += 1
        elif score is not None and math.isnan(score.value):
            failed["NaN"] += 1
    return failed


def _scored_cell(runs: Sequence[RunRow], scores: Sequence[ScoreRow]) -> Cell:
    """The cell of runs that all have a score, in order of seed."""
    values = tuple(score.value for score in scores)
    diverged = sum(run.status == "diverged" for run in runs)
    timed_beside_others = any(score.timing and run.contended for run, score in zip(runs, scores, strict=True))
    counted = [score for score in scores if score.status == "ok"]  # a diverged run says nothing about the items
    return Cell(
        state="scored",
        seeds=tuple(run.seed for run in runs),
        values=values,
        half=math.nan if scores[0].exact else half_width(values),
        n_used=sum(score.n_used for score in counted),
        n_expected=sum(score.n_expected for score in counted),
        flags=(*([f"diverged {diverged}/{len(runs)}"] if diverged else []), *(["contended"] * timed_beside_others)),
        records=tuple(run.path for run in runs),
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
    """Half of the 90 % t interval of the mean; NaN for one seed, and for seeds that are all alike: zero spread in the
    sample does not prove zero variance."""
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
