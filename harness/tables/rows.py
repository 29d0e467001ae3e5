"""The rows of a table: its entrants in order with a cell in every column, and the rows of chance and ceiling."""

import itertools
import math
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Literal

from harness.core.entrant import EntrantKind
from harness.core.predictions import MISSING
from harness.core.spec import entrant_in
from harness.records.record import SCORED
from harness.records.scored import RunRow, ScoreRow, value_range
from harness.records.submitted import Submitted, mark_of
from harness.stats.intervals import t_interval
from harness.tables.columns import Layout
from harness.tables.table import KINDS, NO_SEEDS, Cell, Effort, Reference, Row, Span, Table, by_seed


def rows_of(layout: Layout, flops: Mapping[str, ScoreRow]) -> tuple[Row, ...]:
    """The rows: methods, baselines, ablations, plug-ins, references; by label within each kind, numbers by size.
    `flops` has the counts of records by path."""
    runs_of: dict[str, list[RunRow]] = {}
    for run in layout.runs:
        runs_of.setdefault(layout.row(run.label), []).append(run)
    kinds: dict[str, EntrantKind] = {label: runs[-1].kind for label, runs in runs_of.items()}
    if layout.expected:
        cases = {column.case for column in layout.columns}
        kinds = {label: layout.expected.kinds[label] for case, label in layout.expected.cells if case in cases} | kinds
    labels = in_order(kinds)
    grid = [_cells(layout, label, runs_of.get(label, [])) for label in labels]
    compared = [kinds[label] not in ("reference", "predictions") for label in labels]
    columns = [marked(column, layout.metric.better, compared) for column in zip(*grid, strict=True)]
    rows = []
    for label, cells in zip(labels, zip(*columns, strict=True), strict=True):
        runs = runs_of.get(label, [])
        rows.append(Row(label, kinds[label], runs[0].component if runs else "", cells, _effort(runs, flops)))
    return tuple(rows)


def in_order(kinds: Mapping[str, EntrantKind]) -> list[str]:
    """Labels by kind, then by name, numbers by size; `kinds` has the kind of each."""

    def order(label: str) -> tuple[int, list[str | float], str]:
        # By parts, so that `m=16` comes before `m=64`, and `m=64` before `m=128`.
        parts = re.split(r"(\d+(?:\.\d+)?)", label)
        return KINDS.index(kinds[label]), [float(part) if i % 2 else part for i, part in enumerate(parts)], label

    return sorted(kinds, key=order)


def _cells(layout: Layout, label: str, runs: Sequence[RunRow]) -> list[Cell]:
    """The cells of a row, given its runs."""
    cells: list[Cell] = []
    expected = layout.expected
    for column in layout.columns:
        runs_of_cell = layout.runs_in(column, runs)
        if not column.case:
            cells.append(mean_over(cells, exact=layout.metric.exact))
        elif runs_of_cell:
            cell = cell_of(runs_of_cell, layout.scores_in(column), layout.metric.needs)
            keys = expected.keys if expected else {}
            is_stale = any(run.key != (keys.get((run.case, run.label, run.seed)) or run.key) for run in runs_of_cell)
            cells.append(replace(cell, flags=(*cell.flags, "stale")) if is_stale else cell)
        elif expected and (why := expected.inapplicable.get((column.case, entrant_in(label)))):
            cells.append(Cell(state="not applicable", text=why))
        elif runs and runs[0].kind == "predictions":
            cells.append(Cell(state="not planned", text="no predictions"))
        elif layout.spread or (expected and (column.case, label) not in expected.cells):
            cells.append(Cell(state="not planned", text="not planned"))
        else:
            cells.append(Cell(state="missing", text="missing"))
    return cells


def _effort(runs: Sequence[RunRow], flops: Mapping[str, ScoreRow]) -> Effort:
    scored = [run for run in runs if run.status in SCORED]
    trained = [run for run in scored if run.budget]
    return Effort(
        weights=_span([run.weights for run in trained]),
        flops=_span([flops[run.path].value for run in scored if run.path in flops]),
        train_s=math.fsum(run.train_s for run in trained) / len(trained) if trained else math.nan,
        contended=any(run.contended for run in scored),
        trials=max((run.trials for run in scored), default=0),
        seeds=_span(Counter(case for case, _ in {(run.case, run.seed) for run in runs}).values()) or NO_SEEDS,
    )


def _span(numbers: Collection[float]) -> Span | None:
    return Span(min(numbers), max(numbers)) if numbers else None


def cell_of(runs: Sequence[RunRow], scores: Mapping[str, ScoreRow], needs: str | None = None) -> Cell:
    """The cell of an entrant's runs, one for each seed, given their scores by path.

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
    values = tuple(score.value for score in measured)
    diverged = sum(run.status == "diverged" for run in runs)
    was_contended = any(score.timing and run.contended for run, score in zip(runs, measured, strict=True))
    finished = [score for score in measured if score.run.status == "ok"]  # a diverged run says nothing about the items
    n_used, n_expected = (sum(getattr(score, name) for score in finished) for name in ("n_used", "n_expected"))
    flags = {
        f"diverged {diverged}/{n}": diverged,
        "contended": was_contended,
        f"partial {n_used:,}/{n_expected:,}": any(
            run.kind == "predictions" and run.parameters.get(MISSING) for run in runs
        ),
    }
    return Cell(
        state="scored",
        seeds=tuple(run.seed for run in runs),
        values=values,
        half=math.nan if measured[0].exact else half_width(values),
        range=value_range(measured[0].better, measured[0].unit, measured[0].ceiling),
        n_used=n_used,
        n_expected=n_expected,
        flags=tuple(flag for flag, is_set in flags.items() if is_set),
        records=records,
    )


def _failed(runs: Sequence[RunRow], scores: Mapping[str, ScoreRow]) -> Counter[str]:
    """How many runs have no value, by their status. A diverged run has none on a metric without a chance value."""
    failed: Counter[str] = Counter()
    for run in runs:
        score = scores.get(run.path)
        if run.status not in SCORED or (run.status == "diverged" and score is None):
            failed[run.status] += 1
        elif score is not None and math.isnan(score.value):
            failed["NaN"] += 1
    return failed


def mean_over(cells: Sequence[Cell], *, exact: bool) -> Cell:
    """The mean over cells, seed by seed, of the seeds that all of them have; `incomplete` unless all are scored."""
    shared = by_seed(cells) if all(cell.state == "scored" for cell in cells) else {}
    if not shared:
        records = tuple(path for cell in cells for path in cell.records)
        return Cell(state="incomplete", text="incomplete", records=records)
    values = tuple(math.fsum(own) / len(own) for own in shared.values())
    paths = ((seed, path) for cell in cells for seed, path in zip(cell.seeds, cell.records, strict=True))
    return Cell(
        state="scored",
        seeds=tuple(shared),
        values=values,
        half=math.nan if exact else half_width(values),
        range=cells[0].range,
        n_used=sum(cell.n_used for cell in cells),
        n_expected=sum(cell.n_expected for cell in cells),
        flags=tuple(dict.fromkeys(flag.partition(" ")[0] for cell in cells for flag in cell.flags)),
        records=tuple(path for seed, path in paths if seed in shared),
    )


def half_width(values: Sequence[float]) -> float:
    """Half of the 90 % t interval of the mean; NaN for one seed, and for seeds that are all alike: zero spread in the
    sample does not prove zero variance."""
    lo, hi = t_interval(values)
    return (hi - lo) / 2


def marked(
    cells: Sequence[Cell], better: Literal["higher", "lower"], compared: Sequence[bool] | None = None
) -> list[Cell]:
    """The cells of one column, the best marked and those whose mean lies within the best's interval: its ties.

    `compared` says which cells take part; without it, all do. Times that were taken beside other runs never do, nor
    means over diverged runs. A column with a single value has no best.
    """
    sign = 1 if better == "higher" else -1
    excluded = ("contended", "diverged")
    takes_part = [
        cell.state == "scored" and is_compared and not any(flag.startswith(excluded) for flag in cell.flags)
        for cell, is_compared in zip(cells, compared or [True] * len(cells), strict=True)
    ]
    if sum(takes_part) < 2:
        return list(cells)
    best = max(itertools.compress(cells, takes_part), key=lambda cell: sign * cell.value)
    within = 0.0 if math.isnan(best.half) else best.half
    return [
        replace(cell, mark="best" if cell.value == best.value else "tie")
        if takes_part[i] and abs(cell.value - best.value) <= within
        else cell
        for i, cell in enumerate(cells)
    ]


def marked_rows(table: Table, marks: Mapping[str, Submitted]) -> Table:
    """A table whose rows say how far their records were verified, given those that others made, by place."""
    if not marks:
        return table
    places = [dict.fromkeys(place for cell in row.cells for place in cell.records) for row in table.rows]
    rows = (replace(row, submitted=mark_of(of_row, marks)) for row, of_row in zip(table.rows, places, strict=True))
    return replace(table, rows=tuple(rows))


def references_of(layout: Layout) -> tuple[Reference, ...]:
    """The rows of chance and ceiling, where a column has them: means over seeds, as a seed may draw its own."""
    references = []
    labels: tuple[Literal["chance", "ceiling"], ...] = ("chance", "ceiling")
    for label in labels:
        values: list[float] = []
        for column in layout.columns:
            if not column.case:
                values.append(math.nan if any(map(math.isnan, values)) else _mean(values))
                continue
            by_seed = {score.run.seed: getattr(score, label) for score in layout.scores_in(column).values()}
            known = [value for value in by_seed.values() if not math.isnan(value)]
            default: float | None = getattr(layout.metric, label)
            values.append(_mean(known) if known else math.nan if default is None else default)
        if not all(map(math.isnan, values)):
            references.append(Reference(label, tuple(values)))
    return tuple(references)


def _mean(values: Sequence[float]) -> float:
    """The mean; of equal values their own, to the last bit."""
    return values[0] if len(set(values)) == 1 else math.fsum(values) / len(values)
