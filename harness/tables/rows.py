"""The rows of a table: its entrants in order, what each scored in every column, and what that took."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from harness.core.spec import entrant_in
from harness.records.record import SCORED
from harness.tables.cells import cell_of, marked, mean_over
from harness.tables.columns import Layout, Position
from harness.tables.expected import Expected
from harness.tables.results import RunRow, ScoreRow
from harness.tables.table import KINDS, Cell, Effort, Kind, Row, Span


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
