"""The rows of a table: its entrants in order with a cell in every column, and the rows of chance and ceiling."""

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from harness.core.card import Metric
from harness.core.spec import entrant_in
from harness.records.record import SCORED
from harness.stats.intervals import t_interval
from harness.tables.columns import Layout, Position
from harness.tables.expected import Expected
from harness.tables.results import RunRow, ScoreRow
from harness.tables.table import KINDS, Cell, Effort, Kind, Reference, Row, Span


@dataclass(frozen=True, kw_only=True)
class CellRules:
    """How cells are made: the metric's direction, whether it is counted, the capability it needs, whether a mean over
    the columns is wanted; what is expected (None: what other rows have); and the FLOPs of records by path."""

    better: Literal["higher", "lower"]
    exact: bool = False
    needs: str | None = None
    mean: bool = False
    expected: Expected | None = None
    flops: Mapping[str, ScoreRow] = field(default_factory=dict)


def rows_of(layout: Layout, rules: CellRules) -> tuple[Row, ...]:
    """The rows: methods, baselines, ablations, plug-ins; by label within each kind, numbers by size."""
    kinds: dict[str, Kind] = {}
    own: dict[str, list[RunRow]] = {}
    for run in layout.runs:
        label = layout.row(run.label)
        kinds[label] = run.kind
        own.setdefault(label, []).append(run)
    cases = {position.case for position in layout.positions}
    if rules.expected is not None:
        for case, label in rules.expected.cells:
            if case in cases:
                kinds.setdefault(label, rules.expected.kinds[label])
    labels = in_order(kinds)
    grid = [_cells(layout, rules, label, own.get(label, [])) for label in labels]
    columns = [marked(column, rules.better) for column in zip(*grid, strict=True)]
    return tuple(
        Row(
            label,
            kinds[label],
            next((run.component for run in own.get(label, [])), ""),
            cells,
            _effort(own.get(label, []), rules.flops),
        )
        for label, cells in zip(labels, zip(*columns, strict=True), strict=True)
    )


def in_order(kinds: Mapping[str, Kind]) -> list[str]:
    """Labels by kind, then by name, numbers by size; `kinds` has the kind of each."""
    return sorted(kinds, key=lambda label: (KINDS.index(kinds[label]), _natural(label)))


def _cells(layout: Layout, rules: CellRules, label: str, runs: Sequence[RunRow]) -> list[Cell]:
    homes: dict[Position, list[RunRow]] = {}
    for run in runs:
        homes.setdefault(layout.home(run), []).append(run)
    cells = [
        _cell(layout, rules, label, position, homes.get(layout.home_of(position), [])) for position in layout.positions
    ]
    return [*cells, mean_over(cells, exact=rules.exact)] if rules.mean else cells


def _cell(layout: Layout, rules: CellRules, label: str, position: Position, runs: Sequence[RunRow]) -> Cell:
    if not runs:
        return _absent(layout, rules.expected, label, position.case)
    cell = cell_of(runs, layout.scores[position], rules.needs)
    keys = rules.expected.keys if rules.expected else {}
    is_stale = any(run.key != (keys.get((run.case, run.label, run.seed)) or run.key) for run in runs)
    return replace(cell, flags=(*cell.flags, "stale")) if is_stale else cell


def _absent(layout: Layout, expected: Expected | None, label: str, case: str) -> Cell:
    """The cell of an entrant without a record."""
    if expected is not None:
        if why := expected.inapplicable.get((case, entrant_in(label))):
            return Cell(state="not applicable", text=why)
        if (case, label) not in expected.cells:
            return Cell(state="not planned", text="not planned")
    return Cell(state="not planned", text="not planned") if layout.spread else Cell(state="missing", text="missing")


def _effort(runs: Sequence[RunRow], flops: Mapping[str, ScoreRow]) -> Effort:
    scored = [run for run in runs if run.status in SCORED]
    trained = [run for run in scored if run.budget]
    counted = [flops[run.path].value for run in scored if run.path in flops]
    return Effort(
        weights=_span([run.weights for run in trained]),
        flops=_span(counted),
        train_s=math.fsum(run.train_s for run in trained) / len(trained) if trained else math.nan,
        contended=any(run.contended for run in scored),
        trials=max((run.trials for run in scored), default=0),
        seeds=len({run.seed for run in runs}),
    )


def _span(numbers: Sequence[float]) -> Span | None:
    return Span(min(numbers), max(numbers)) if numbers else None


def _natural(label: str) -> list[str | float]:
    """A sort key by which `m=16` comes before `m=64`, and `m=64` before `m=128`."""
    parts = re.split(r"(\d+(?:\.\d+)?)", label)
    return [float(part) if i % 2 else part for i, part in enumerate(parts)]


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


def references_of(layout: Layout, entry: Metric, mean: bool) -> tuple[Reference, ...]:
    """The rows of chance and ceiling, where a column has them: means over seeds, as a seed may draw its own."""
    seeds = {run.path: run.seed for run in layout.runs}
    found: dict[Literal["chance", "ceiling"], list[float]] = {"chance": [], "ceiling": []}
    for position in layout.positions:
        scores = {seeds[path]: score for path, score in layout.scores[position].items()}.values()
        found["chance"].append(_mean([score.chance for score in scores], entry.chance))
        found["ceiling"].append(_mean([score.ceiling for score in scores], entry.ceiling))

    def over_all(values: list[float]) -> list[float]:
        incomplete = any(map(math.isnan, values))
        return [math.nan if incomplete else _mean(values)] if mean else []

    return tuple(
        Reference(label, (*values, *over_all(values)))
        for label, values in found.items()
        if not all(map(math.isnan, values))
    )


def _mean(values: Sequence[float], otherwise: float | None = None) -> float:
    """The mean of the values that are known; where all agree, to the last bit."""
    known = [value for value in values if not math.isnan(value)]
    if not known:
        return math.nan if otherwise is None else otherwise
    return known[0] if len(set(known)) == 1 else math.fsum(known) / len(known)
