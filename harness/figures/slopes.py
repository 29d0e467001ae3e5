"""Slopes: how fast a line rises in log-log, fitted seed by seed."""

from collections.abc import Sequence

from harness.figures.plot import Line, Slope
from harness.stats.estimands import Estimand, NotAssessable, Side
from harness.tables.cells import half_width


def slopes(lines: Sequence[Line], from_x: float) -> dict[str, Slope]:
    """The slope of each line from a place on, by label; lines with fewer than two places there have none."""
    import pandas as pd

    found = {}
    for line in lines:
        rows = [
            {"seed": seed, "cell": "", "x": spot.x, "value": value, "n_used": 0}
            for spot in line.spots
            if not isinstance(spot.x, str) and spot.x >= from_x
            for seed, value in zip(spot.cell.seeds, spot.cell.values, strict=True)
        ]
        if not rows:
            continue
        try:
            values = Estimand("slope", loglog=True).per_seed(Side(line.label, pd.DataFrame(rows))).tolist()
        except NotAssessable:
            continue
        found[line.label] = Slope(sum(values) / len(values), half_width(values))
    return found
