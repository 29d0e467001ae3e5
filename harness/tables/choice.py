"""Choosing columns of tables, and the order of their rows."""

import math
from collections.abc import Sequence
from dataclasses import replace

from harness.core.suggest import check_known
from harness.tables.table import Row, Table
from harness.tables.text import EFFORT, KIND


def choose(tables: Sequence[Table], drop: Sequence[str] = (), sort: str = "") -> list[Table]:
    """The tables without some columns, by their name or their case (`chance` and `ceiling`: the rows of that name), and
    with the rows in order of a column, the best first. Columns of words and of effort are no columns of scores: see
    `hidden`.

    A name that none of the tables has is a `UserError`. A mean over cases stays what it was; a note says so.
    """
    names = {name for table in tables for column in table.columns for name in (column.name, column.case)} - {""}
    references = {reference.label for table in tables for reference in table.references}
    if tables:
        check_known("column to drop", drop, {*names, *references, *EFFORT, KIND})
        check_known("column to sort by", [sort] if sort else [], names)
    kept = (_without(table, drop) for table in tables)
    return [_sorted(table, sort) if sort else table for table in kept if table.columns]


def hidden(drop: Sequence[str]) -> tuple[str, ...]:
    """Those of the dropped columns that tables have beside their scores."""
    return tuple(name for name in drop if name in (*EFFORT, KIND))


def _without(table: Table, drop: Sequence[str]) -> Table:
    is_kept = [not {column.name, column.case} & set(drop) for column in table.columns]
    kept = [i for i, keep in enumerate(is_kept) if keep]
    references = [reference for reference in table.references if reference.label not in drop]
    left_out = [column.name for column, keep in zip(table.columns, is_kept, strict=True) if not keep]
    notes = [f"not shown: {'; '.join(left_out)}"] if left_out else []
    if left_out and any(not table.columns[i].case for i in kept):
        notes[0] += "; the mean is over all columns"
    return replace(
        table,
        columns=tuple(table.columns[i] for i in kept),
        rows=tuple(replace(row, cells=tuple(row.cells[i] for i in kept)) for row in table.rows),
        references=tuple(
            replace(reference, values=tuple(reference.values[i] for i in kept)) for reference in references
        ),
        notes=(*notes, *table.notes),
    )


def _sorted(table: Table, by: str) -> Table:
    """The table with its rows in order of the first column of that name or case; rows without a value come last."""
    column = next((i for i, column in enumerate(table.columns) if by in (column.name, column.case)), None)
    if column is None:
        return table
    sign = -1 if table.better == "higher" else 1

    def order(row: Row) -> float:
        value = row.cells[column].value
        return math.inf if math.isnan(value) else sign * value

    return replace(table, rows=tuple(sorted(table.rows, key=order)))
