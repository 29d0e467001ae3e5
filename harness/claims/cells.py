"""Cells: where a score was measured, in words: its case and its point, apart from the axis that keeps its numbers."""

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from harness.records.scored import AXIS, SPENT

if TYPE_CHECKING:
    import pandas as pd


def with_cells(rows: "pd.DataFrame", runs: "pd.DataFrame", axis: str, parameters: Collection[str]) -> "pd.DataFrame":
    """Score `rows` with the columns `cell` and `x` (0 where `axis` is empty), given the records (`runs`) of their task.

    A cell is named by its case and by its point. A case that stands for a place on the axis is named by its other
    places instead, so that what is one curve on the axis is one cell. `parameters` are the axes that entrants fix and
    cases do not.
    """
    import pandas as pd

    along = AXIS + axis
    axes = [name for name in runs.columns if name.startswith(AXIS)]
    names = {
        case: _name(runs.loc[(runs["case"] == case).to_numpy(), axes], case, along, axis in parameters)
        for case in rows["case"].unique()
    }
    cells = [
        ", ".join([names[case], *(_spelled(name, value) for name, value in sorted(point) if name not in (axis, SPENT))])
        for case, point in zip(rows["case"], rows["point"], strict=True)
    ]
    return rows.assign(cell=cells, x=pd.to_numeric(rows[along], errors="coerce") if along in rows else 0.0)


def _name(places: "pd.DataFrame", case: str, along: str, is_parameter: bool) -> str:
    """What a case is called, given the places [records, axes] that its records fix."""
    if is_parameter or along not in places or places[along].isna().any():
        return f"case {case}"
    agreed = [name for name in sorted(places.columns) if name != along and places[name].notna().all()]
    words = [_spelled(name.removeprefix(AXIS), places[name].iloc[0]) for name in agreed if places[name].nunique() == 1]
    return ", ".join(words) or "all cases"


def _spelled(axis: str, value: Any) -> str:
    return f"{axis} = {f'{value:g}' if isinstance(value, float) else value}"
