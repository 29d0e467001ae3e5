"""Cells: where a score was measured, in words: its case and its point, apart from the axis that keeps its numbers."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from harness.stats.estimands import NotAssessable

if TYPE_CHECKING:
    import pandas as pd

AXIS = "x."
"""What the name of an axis follows in the frames' columns."""
SPENT = "spent"
"""The built-in axis: how much of the budget was spent. Scores that have it are points of a curve."""


def with_cells(rows: "pd.DataFrame", used: "pd.DataFrame", axis: str, may_be_case: bool) -> "pd.DataFrame":
    """Score `rows` with the columns `cell` and `x` (0 where `axis` is empty), given the records `used`.

    What a record fixes is its case; what only the score has is its point. With `may_be_case`, cases that stand for
    places on the axis are named by their other axes instead, so that what is one curve on the axis is one cell.
    """
    import pandas as pd

    axes = [name for name in rows.columns if name.startswith(AXIS)]
    fixed = used.set_index("key").reindex(columns=axes).notna()
    along = AXIS + axis
    by_place = may_be_case and bool(fixed[along].all())
    names = {case: _place(used, case, axes, along) if by_place else f"case {case}" for case in rows["case"].unique()}
    cells = [names[case] for case in rows["case"]]
    points = rows[axes].notna().to_numpy(dtype=bool) & ~fixed.loc[rows["key"]].to_numpy(dtype=bool)
    for column, name in enumerate(axes):
        if name not in (along, AXIS + SPENT) and points[:, column].any():
            cells = [
                f"{cell}, {_named(name, value)}" if is_point else cell
                for cell, value, is_point in zip(cells, rows[name], points[:, column], strict=True)
            ]
    x = pd.to_numeric(rows[along], errors="coerce") if axis else 0.0
    placed = rows.assign(cell=cells, x=x)
    if placed["x"].isna().any():
        raise NotAssessable(f"{axis} is not a number everywhere")
    return placed


def _place(used: "pd.DataFrame", case: str, axes: Sequence[str], along: str) -> str:
    """Where a case lies on the axes other than x that all its records agree on."""
    records = used[(used["case"] == case).to_numpy()]
    agreed = [name for name in axes if name != along and name in records and records[name].notna().all()]
    words = [_named(name, records[name].iloc[0]) for name in agreed if records[name].nunique() == 1]
    return ", ".join(words) or "all cases"


def _named(column: str, value: Any) -> str:
    shown = f"{value:g}" if isinstance(value, float) else str(value)
    return f"{column.removeprefix(AXIS)} = {shown}"
