"""What a table shows of a task's records: the runs that lie on its axis, and their scores on the fewest others."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from harness.records.frames import AXIS

if TYPE_CHECKING:
    import pandas as pd


def shown(
    runs: "pd.DataFrame", scores: "pd.DataFrame", column: str, by: str | None
) -> "tuple[pd.DataFrame, pd.DataFrame]":
    """The runs and the scores of one metric that a table over the axis `column`, or over `by`, shows.

    With `by`, what does not lie on that axis is left out. Scores that also lie on further axes are shown only where
    their case has none without. A run that failed or diverged has no points: it belongs to the cases that others have,
    and its score at chance is shown.
    """
    axes = [name for name in scores.columns if name.startswith(AXIS)]
    run_of = _positions(runs["path"], scores["path"])
    lies = scores[axes].notna().to_numpy(dtype=bool)
    placed = runs.reindex(columns=axes).notna().to_numpy(dtype=bool)
    points = lies & ~placed[run_of]
    diverged = (scores["status"] == "diverged").to_numpy()
    keep = np.ones(len(scores), dtype=bool)
    if by is not None and by != "case":
        along = axes.index(AXIS + by)
        measured = set(scores["case"][points[:, along]])
        on_axis = placed[:, along] | runs["case"].isin(measured).to_numpy()
        keep = on_axis[run_of] & (lies[:, along] | diverged)
        runs = runs[on_axis]
    further = points.sum(axis=1)
    if (name := AXIS + (by or column)) in axes:
        further = further - points[:, axes.index(name)]
    cases = _positions(scores["case"].drop_duplicates(), scores["case"])
    fewest = np.full(cases.max(initial=-1) + 1, len(axes))
    sound = keep & ~diverged
    np.minimum.at(fewest, cases[sound], further[sound])
    return runs, scores[keep & (diverged | (further == fewest[cases]))]


def _positions(of: "pd.Series[Any]", values: "pd.Series[Any]") -> NDArray[np.intp]:
    """Where each of the values stands among distinct ones."""
    import pandas as pd

    positions: NDArray[np.intp] = pd.Index(of).get_indexer(pd.Index(values))
    return positions
