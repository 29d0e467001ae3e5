"""Where a number comes from: the records behind a cell, its formula, and the commands that make it anew."""

import math
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from harness.core.suggest import unknown
from harness.records.scored import Scored
from harness.stats.intervals import ALPHA
from harness.tables.comparable import rerun
from harness.tables.grid import plain_text
from harness.tables.table import Cell, Column, Row, Table

if TYPE_CHECKING:
    import pandas as pd


class CellRecord(NamedTuple):
    """A record behind a cell, and what it scored there: NaN if nothing."""

    case: str
    seed: int
    status: str
    value: float
    path: str
    key: str
    error: str


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """A cell of a table, explained: what it says, how that comes about, and from which records."""

    table: str
    entrant: str
    column: str
    says: str
    formula: str
    interval: str
    items: str
    evidence: tuple[CellRecord, ...]
    commands: tuple[str, ...]


def explain(
    scored: Scored, table: Table, entrant: str, case: str = "", folder: str = "results/records"
) -> list[Explanation]:
    """The cells of an entrant's row, explained: those of a case, or of a column by its name; all of them without.
    `folder` is where the records lie.

    An unknown entrant, case or column is a `UserError` with the nearest ones.
    """
    rows = {row.label: row for row in table.rows}
    if entrant not in rows:
        raise unknown(f"entrant in {table.name}", entrant, rows)
    row = rows[entrant]
    chosen = [i for i, column in enumerate(table.columns) if case in ("", column.case, column.name)]
    if not chosen:
        known = {name for column in table.columns for name in (column.case, column.name) if name}
        raise unknown(f"case or column of {table.name}", case, known)
    return [_explain(scored, table, row, i, folder) for i in chosen]


def as_text(explanation: Explanation) -> str:
    """The explanation for people, in Markdown."""
    lines = [
        f"### {explanation.entrant}, {explanation.column}: {explanation.says}",
        "",
        f"- table: {explanation.table}",
        f"- formula: {explanation.formula}",
        f"- interval: {explanation.interval}",
        f"- items: {explanation.items}",
        "- records:",
        *(f"  - {line}" for line in map(_evidence_line, explanation.evidence)),
        "- to make it anew:",
        *(f"  - `{command}`" for command in explanation.commands),
    ]
    return "\n".join(lines) + "\n"


def _explain(scored: Scored, table: Table, row: Row, i: int, folder: str) -> Explanation:
    column, cell = table.columns[i], row.cells[i]
    runs = scored.runs[scored.runs["path"].isin(list(cell.records)).to_numpy()].sort_values("path")
    return Explanation(
        table=table.name,
        entrant=row.label,
        column=column.name,
        says=plain_text(table, row, i),
        formula=_formula(table, column, cell),
        interval=_interval(table, cell),
        items=f"{cell.n_used:,} of {cell.n_expected:,}, all seeds together" if cell.n_expected else "not counted",
        evidence=tuple(_evidence(runs, row, cell)),
        commands=tuple(_commands(runs, table, row, column, folder)),
    )


def _formula(table: Table, column: Column, cell: Cell) -> str:
    values = ", ".join(f"{value:.6g}" for value in cell.values)
    if cell.state != "scored":
        return f"no value: {cell.text}"
    what = table.metric if column.case else f"each seed's mean of {table.metric} over the cases"
    return f"mean over {len(cell.seeds)} seeds of {what} = mean({values}) = {cell.value:.6g}"


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


def _evidence(runs: "pd.DataFrame", row: Row, cell: Cell) -> Iterator[CellRecord]:
    # The mean over cases has the values of its records in the row's other cells.
    values = {
        path: value
        for other in (*row.cells, cell)
        if other.state == "scored" and len(other.records) == len(other.values)
        for path, value in zip(other.records, other.values, strict=True)
    }
    columns = (runs[name].tolist() for name in ("case", "seed", "status", "path", "key", "error"))
    for case, seed, status, path, key, error in zip(*columns, strict=True):
        yield CellRecord(case, seed, status, values.get(path, math.nan), path, key, error)


def _commands(runs: "pd.DataFrame", table: Table, row: Row, column: Column, folder: str) -> Iterator[str]:
    """Go back to the code, remove what is done, run it."""
    commits = sorted(set(runs["commit"]) - {""})
    if len(commits) == 1 and not runs["dirty"].any():
        yield f"git checkout {commits[0]}"
    if len(runs):
        yield shlex.join(["rm", *(f"{folder}/{path}" for path in runs["path"])])
    labels = sorted(set(runs["label"])) or [row.label]
    cases = sorted(set(runs["case"])) or [column.case]
    seeds = max(table.provenance.seeds) + 1
    yield rerun(table.task, table.tier, dict.fromkeys(labels, row.kind), cases=cases, seeds=seeds)


def _evidence_line(evidence: CellRecord) -> str:
    value = "no score" if math.isnan(evidence.value) else f"{evidence.value:.6g}"
    error = f" ({evidence.error})" if evidence.error else ""
    place = f"{evidence.case}, seed {evidence.seed}"
    return f"{place}: {value}, {evidence.status}{error}; {evidence.path}, key {evidence.key}"
