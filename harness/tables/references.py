"""The rows of chance and ceiling below a table."""

import math
from collections.abc import Sequence
from typing import Literal

from harness.core.card import Metric
from harness.tables.columns import Layout
from harness.tables.table import Reference


def references_of(layout: Layout, entry: Metric, mean: bool) -> tuple[Reference, ...]:
    """The rows of chance and ceiling, where a column has them: means over seeds, as a seed may draw its own."""
    seeds = {run.path: run.seed for run in layout.runs}
    found: dict[Literal["chance", "ceiling"], list[float]] = {"chance": [], "ceiling": []}
    for position in layout.positions:
        scores = {seeds[path]: score for path, score in layout.scores[position].items()}.values()
        found["chance"].append(_mean([score.chance for score in scores], entry.chance))
        found["ceiling"].append(_mean([score.ceiling for score in scores], entry.ceiling))

    def over_all(values: list[float]) -> list[float]:
        incomplete = any(map(math.isnan, values))
        return [math.nan if incomplete else _mean(values)] if mean else []

    return tuple(
        Reference(label, (*values, *over_all(values)))
        for label, values in found.items()
        if not all(map(math.isnan, values))
    )


def _mean(values: Sequence[float], otherwise: float | None = None) -> float:
    """The mean of the values that are known; where all agree, to the last bit."""
    known = [value for value in values if not math.isnan(value)]
    if not known:
        return math.nan if otherwise is None else otherwise
    return known[0] if len(set(known)) == 1 else math.fsum(known) / len(known)
