"""Crossings: where the mean line of one entrant overtakes that of another."""

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

from harness.figures.declared import Lines, Scale
from harness.figures.plot import Crossing, Line
from harness.tables.table import Cell, by_seed


def crossings(declared: Lines, lines: Sequence[Line], sign: int) -> Iterator[Crossing]:
    """The crossings of the declared pairs of entrants among the lines of a panel; `sign` is -1 where lower is better.

    Between two measured places a line is taken as it is drawn: straight on the figure's scales.
    """
    by_label = {line.label: line for line in lines if not line.level}
    for first, second in declared.crossings:
        if first in by_label and second in by_label:
            yield from _crossings(declared, by_label[first], by_label[second], sign)


def _crossings(declared: Lines, first: Line, second: Line, sign: int) -> Iterator[Crossing]:
    cells = {point.x: point.cell for point in second.points}
    shared = [
        (point.x, point.cell, cells[point.x])
        for point in first.points
        if not isinstance(point.x, str) and point.x in cells
    ]
    leading = 0.0
    for (x, *before), (next_x, *after) in pairwise(shared):
        # Where both are alike, whoever led before still leads.
        leading = sign * (before[0].value - before[1].value) or leading
        next_lead = sign * (after[0].value - after[1].value)
        if leading * next_lead < 0:
            winner, loser = (first.label, second.label) if next_lead > 0 else (second.label, first.label)
            start, end = ([_scaled(cell.value, declared.scale) for cell in pair] for pair in (before, after))
            gap, next_gap = start[0] - start[1], end[0] - end[1]
            share = gap / (gap - next_gap)
            left, right = _scaled(x, declared.x_scale), _scaled(next_x, declared.x_scale)
            at = _unscaled(left + share * (right - left), declared.x_scale)
            value = _unscaled(start[0] + share * (end[0] - start[0]), declared.scale)
            agreeing, seeds = _seeds_that_cross(before, after)
            text = (
                f"{winner} overtakes {loser} at {declared.x} ≈ {float(f'{at:.2g}'):,g}, between {x:,g} and {next_x:,g} "
                f"(where the mean lines cross; between the same places in {agreeing} of {seeds} seeds)"
            )
            yield Crossing(winner, loser, at, value, text)


def _seeds_that_cross(before: Sequence[Cell], after: Sequence[Cell]) -> tuple[int, int]:
    """In how many of the shared seeds the same entrant overtakes, and how many there are; each pair has both entrants'
    cells."""
    side = math.copysign(1.0, after[0].value - after[1].value)
    shared = by_seed((*before, *after)).values()
    return sum(side * (a - b) <= 0 < side * (c - d) for a, b, c, d in shared), len(shared)


def _scaled(value: float, scale: Scale) -> float:
    return value if scale == "linear" else math.log(value)


def _unscaled(value: float, scale: Scale) -> float:
    return value if scale == "linear" else math.exp(value)
