"""Slopes: how fast a line rises in log-log, fitted seed by seed."""

from collections.abc import Sequence

from harness.figures.plot import Line, Slope
from harness.stats.estimands import Estimand, NotAssessable, Side
from harness.tables.rows import half_width


def slopes(lines: Sequence[Line], from_x: float) -> dict[str, Slope]:
    """The slope of each line by label, fitted to its points from `from_x` on; a line with fewer than two has none."""
    import pandas as pd

    fitted = {}
    for line in lines:
        rows = [
            {"seed": seed, "cell": "", "x": point.x, "value": value, "n_used": 0}
            for point in line.points
            if not isinstance(point.x, str) and point.x >= from_x
            for seed, value in zip(point.cell.seeds, point.cell.values, strict=True)
        ]
        if not rows:
            continue
        try:
            values = Estimand("slope", loglog=True).per_seed(Side(line.label, pd.DataFrame(rows))).tolist()
        except NotAssessable:
            continue
        fitted[line.label] = Slope(sum(values) / len(values), half_width(values))
    return fitted
