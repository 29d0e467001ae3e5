"""Cells: where a score was measured, in words: its case and its point, apart from the axis that keeps its numbers."""

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from harness.records.frames import AXIS, SPENT

if TYPE_CHECKING:
    import pandas as pd


def axes_of(rows: "pd.DataFrame") -> list[str]:
    """The columns of a frame that are axes."""
    return [name for name in rows.columns if name.startswith(AXIS)]


def is_point(rows: "pd.DataFrame", runs: "pd.DataFrame") -> NDArray[np.bool_]:
    """Which axes [rows, axes] the measurement of a score fixed, and not its record (among `runs`)."""
    axes = axes_of(rows)
    free = runs.set_index("path").reindex(columns=axes).isna()
    found: NDArray[np.bool_] = rows[axes].notna().to_numpy(dtype=bool) & free.loc[rows["path"]].to_numpy(dtype=bool)
    return found


def with_cells(rows: "pd.DataFrame", runs: "pd.DataFrame", axis: str, parameters: Collection[str]) -> "pd.DataFrame":
    """Score `rows` with the columns `cell` and `x` (0 where `axis` is empty), given the records (`runs`) of their task.

    What a record fixes is its case; what only the score has is its point. A case that stands for a place on the axis is
    named by its other places instead, so that what is one curve on the axis is one cell. `parameters` are the axes that
    entrants fix and cases do not.
    """
    import pandas as pd

    axes = axes_of(rows)
    records = runs.set_index("path").reindex(columns=axes)
    along = AXIS + axis
    names = {
        case: _place(records[(runs["case"] == case).to_numpy()], case, along, axis in parameters)
        for case in rows["case"].unique()
    }
    cells = [names[case] for case in rows["case"]]
    points = is_point(rows, runs)
    for column, name in enumerate(axes):
        if name not in (along, AXIS + SPENT) and points[:, column].any():
            cells = [
                f"{cell}, {_named(name, value)}" if there else cell
                for cell, value, there in zip(cells, rows[name], points[:, column], strict=True)
            ]
    return rows.assign(cell=cells, x=pd.to_numeric(rows[along], errors="coerce") if along in rows else 0.0)


def _place(records: "pd.DataFrame", case: str, along: str, is_parameter: bool) -> str:
    """What a case is called, given the axes [records, axes] that its records fix."""
    if is_parameter or along not in records or records[along].isna().any():
        return f"case {case}"
    agreed = [name for name in records.columns if name != along and records[name].notna().all()]
    words = [_named(name, records[name].iloc[0]) for name in agreed if records[name].nunique() == 1]
    return ", ".join(words) or "all cases"


def _named(column: str, value: Any) -> str:
    shown = f"{value:g}" if isinstance(value, float) else str(value)
    return f"{column.removeprefix(AXIS)} = {shown}"
