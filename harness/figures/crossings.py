"""Crossings: where the mean line of one entrant overtakes that of another."""

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

from harness.figures.declared import Lines, Scale
from harness.figures.plot import Crossing, Line
from harness.tables.table import Cell


def crossings(figure: Lines, lines: Sequence[Line], sign: int) -> Iterator[Crossing]:
    """The crossings of the pairs that a figure names, among the lines of a panel; `sign` is -1 where lower is better.

    Between two measured places the lines are taken as they are drawn: straight on the figure's scales.
    """
    by_label = {line.label: line for line in lines if not line.level}
    for one, other in figure.crossings:
        if one in by_label and other in by_label:
            yield from _crossings(figure, by_label[one], by_label[other], sign)


def _crossings(figure: Lines, one: Line, other: Line, sign: int) -> Iterator[Crossing]:
    theirs = {point.x: point.cell for point in other.points}
    both = [
        (point.x, point.cell, theirs[point.x])
        for point in one.points
        if not isinstance(point.x, str) and point.x in theirs
    ]
    ahead = 0.0
    for (x, mine, its), (next_x, next_mine, next_its) in pairwise(both):
        lead, next_lead = (sign * (a.value - b.value) for a, b in ((mine, its), (next_mine, next_its)))
        # At a place where both are alike, who was ahead before still counts as ahead.
        ahead = lead or ahead
        if ahead * next_lead < 0:
            after, before = (one.label, other.label) if next_lead > 0 else (other.label, one.label)
            ends = [_scaled(x, figure.x_scale), _scaled(next_x, figure.x_scale)]
            starts = [_scaled(cell.value, figure.scale) for cell in (mine, its)]
            stops = [_scaled(cell.value, figure.scale) for cell in (next_mine, next_its)]
            gap, next_gap = starts[0] - starts[1], stops[0] - stops[1]
            share = gap / (gap - next_gap)
            at = _unscaled(ends[0] + share * (ends[1] - ends[0]), figure.x_scale)
            value = _unscaled(starts[0] + share * (stops[0] - starts[0]), figure.scale)
            seeds, many = _seeds_that_cross(mine, its, next_mine, next_its)
            said = (
                f"{after} overtakes {before} at {figure.x} ≈ {float(f'{at:.2g}'):,g}, between {x:,g} and {next_x:,g} "
                f"(where the mean lines cross; between the same places in {seeds} of {many} seeds)"
            )
            yield Crossing(after, before, at, value, said)


def _seeds_that_cross(mine: Cell, its: Cell, next_mine: Cell, next_its: Cell) -> tuple[int, int]:
    """How many seeds have the crossing too, and how many there are."""
    seeds = list(zip(mine.values, its.values, next_mine.values, next_its.values, strict=True))
    side = math.copysign(1.0, next_mine.value - next_its.value)
    return sum(side * (a - b) <= 0 < side * (c - d) for a, b, c, d in seeds), len(seeds)


def _scaled(value: float, scale: Scale) -> float:
    return value if scale == "linear" else math.log(value)


def _unscaled(value: float, scale: Scale) -> float:
    return value if scale == "linear" else math.exp(value)
