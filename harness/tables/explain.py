"""Where a number comes from: the records behind a cell, its formula, and the commands that reproduce it."""

import math
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from harness.core.suggest import check_known
from harness.core.words import counted
from harness.records.scored import RunRow
from harness.stats.intervals import ALPHA
from harness.tables.comparable import rerun
from harness.tables.results import TaskResults
from harness.tables.table import Cell, Column, Row, Table
from harness.tables.text import cell_text


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """A cell of a table explained: its text, its formula and interval, what the records behind it say (`evidence`; the
    value is NaN where a record has none), and the commands that reproduce it."""

    table: str
    entrant: str
    column: str
    says: str
    formula: str
    interval: str
    items: str
    evidence: tuple[Mapping[str, Any], ...]
    commands: tuple[str, ...]


def explain(
    results: TaskResults, table: Table, entrant: str, case: str = "", folder: str = "results/records"
) -> list[Explanation]:
    """The cells of an entrant's row, explained: those of a case, or of a column by its name; without `case`, all.
    `results` are those that the table is made of; `folder` is where their records lie.

    An unknown entrant, case or column is a `UserError` with the nearest ones.
    """
    rows = {row.label: row for row in table.rows}
    check_known(f"entrant in {table.name}", [entrant], rows)
    row = rows[entrant]
    names = {name for column in table.columns for name in (column.case, column.name)}
    check_known(f"case or column of {table.name}", [case] if case else [], names - {""})
    chosen = [i for i, column in enumerate(table.columns) if case in ("", column.case, column.name)]
    return [_explain(results, table, row, i, folder) for i in chosen]


def as_text(explanation: Explanation) -> str:
    """The explanation for people, in Markdown."""
    lines = [f"### {explanation.entrant}, {explanation.column}: {explanation.says}", ""]
    lines += [f"- {name}: {getattr(explanation, name)}" for name in ("table", "formula", "interval", "items")]
    lines.append("- records:")
    for record in explanation.evidence:
        value = "no score" if math.isnan(record["value"]) else f"{record['value']:.6g}"
        error = f" ({record['error']})" if record["error"] else ""
        place = f"{record['case']}, seed {record['seed']}"
        place += f", resumed {counted(record['resumed'], 'time')}" if record["resumed"] else ""
        lines.append(f"  - {place}: {value}, {record['status']}{error}; {record['path']}, key {record['key']}")
    lines += ["- to reproduce it:", *(f"  - `{command}`" for command in explanation.commands)]
    return "\n".join(lines) + "\n"


def _explain(results: TaskResults, table: Table, row: Row, i: int, folder: str) -> Explanation:
    column, cell = table.columns[i], row.cells[i]
    of_cell = (run for run in results.runs if run.path in set(cell.records))
    runs = sorted(of_cell, key=lambda run: (run.case, run.seed))
    # The mean over cases has the values of its records in the row's other cells.
    values = {
        path: value
        for other in (*row.cells, cell)
        if other.state == "scored" and len(other.records) == len(other.values)
        for path, value in zip(other.records, other.values, strict=True)
    }
    counted_in = "all seeds" if column.case else "all seeds of all cases"
    return Explanation(
        table=table.name,
        entrant=row.label,
        column=column.name,
        says=cell_text(table, row, i),
        formula=_formula(table, column, cell),
        interval=_interval(table, cell),
        items=f"{cell.n_used:,} of {cell.n_expected:,}, {counted_in} together" if cell.n_expected else "not counted",
        evidence=tuple(
            {
                **{name: getattr(run, name) for name in ("case", "seed", "status", "path", "key", "error", "resumed")},
                "value": values.get(run.path, math.nan),
            }
            for run in runs
        ),
        commands=tuple(_commands(runs, table, row, column, folder)),
    )


def _formula(table: Table, column: Column, cell: Cell) -> str:
    if cell.state != "scored":
        return f"no value: {cell.text}"
    values = ", ".join(f"{value:.6g}" for value in cell.values)
    what = table.metric if column.case else f"each seed's mean of {table.metric} over the cases"
    return f"mean over {counted(len(cell.seeds), 'seed')} of {what} = mean({values}) = {cell.value:.6g}"


def _interval(table: Table, cell: Cell) -> str:
    if cell.state != "scored":
        return "n/a: no value"
    if table.exact:
        return "none: the metric is counted"
    if math.isnan(cell.half):
        return "n/a: one seed has no interval" if len(cell.seeds) == 1 else "n/a: the seeds do not vary"
    n, deviation = len(cell.values), float(np.std(cell.values, ddof=1))
    return (
        f"{1 - 2 * ALPHA:.0%} t interval over seeds: half-width t({1 - ALPHA:g}, {n - 1}) s / sqrt(n) = "
        f"{cell.half:.6g} with s = {deviation:.6g}, n = {n}"
    )


def _commands(runs: list[RunRow], table: Table, row: Row, column: Column, folder: str) -> Iterator[str]:
    """Check out the code of the records, remove them, run again."""
    commits = {run.commit for run in runs} - {""}
    if len(commits) == 1 and not any(run.dirty for run in runs):
        yield f"git checkout {commits.pop()}"
    if runs:
        yield shlex.join(["rm", *(f"{folder}/{run.path}" for run in runs)])
    labels = {run.label for run in runs} or {row.label}
    cases = sorted({run.case for run in runs} or {column.case})
    seeds = max([run.seed for run in runs] or table.provenance.seeds) + 1
    command = rerun(table.task, table.tier, dict.fromkeys(labels, row.kind), cases=cases, seeds=seeds)
    root = str(Path(folder).parent)
    yield command if root == "results" else f"{command} {shlex.join(['--results', root])}"
