"""Divergence: a diverged run is scored at chance at every point where the finished runs of its case are measured."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from harness.claims.cells import axes_of, is_point
from harness.records.frames import AXIS, SPENT

if TYPE_CHECKING:
    import pandas as pd


def spread_diverged(rows: "pd.DataFrame", runs: "pd.DataFrame", curve: bool) -> "pd.DataFrame":
    """Score `rows` of one metric: its final scores, or with `curve` its scores along the budget.

    A diverged record has one chance score, which names no point and counts no item. It stands here once at each point
    of its case's finished records (`runs`), with their numbers of items; along the budget it is at chance throughout.
    Where its case has no finished record, the chance score is kept as it is.
    """
    import pandas as pd

    final: NDArray[np.bool_] = rows.get(AXIS + SPENT, pd.Series(np.nan, rows.index)).isna().to_numpy()
    wanted: pd.DataFrame = rows[final != curve]
    diverged = rows[(rows["status"] == "diverged").to_numpy() & final].drop_duplicates("path")
    if diverged.empty:
        return wanted
    finished = wanted[(wanted["status"] == "ok").to_numpy()]
    parts = [finished]
    for case, chance in diverged.groupby("case"):
        measured = finished[(finished["case"] == case).to_numpy()]
        if measured.empty:
            parts += [] if curve else [chance]
            continue
        theirs = is_point(measured, runs)
        points = [axis for column, axis in enumerate(axes_of(rows)) if theirs[:, column].any()]
        given = measured[[*points, "n_used", "n_expected"]]
        given = given.drop_duplicates(points) if points else given.head(1)
        parts.append(chance.drop(columns=given.columns).merge(given, how="cross")[rows.columns])
    spread: pd.DataFrame = pd.concat(parts, ignore_index=True)
    return spread
