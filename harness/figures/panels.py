"""The panels of lines, curves and dots, made from a figure's readings."""

import math
from collections.abc import Sequence
from typing import Final

from harness.figures.crossings import crossings
from harness.figures.declared import Curves, Dots, Lines
from harness.figures.labels import MOST_COLUMNS, by_size, in_order_of, title, value_label
from harness.figures.plot import Line, Panel, Place, Point
from harness.figures.readings import Readings, Spread
from harness.figures.slopes import slopes
from harness.records.scored import VALIDATION
from harness.tables.rows import in_order

NOWHERE: Final = math.nan
"""Where what lies on no axis stands: one object, which is itself."""


def panels_of(figure: Lines | Curves | Dots, readings: Readings) -> tuple[tuple[Panel, ...], ...]:
    """The panels that have lines, row by row; what has more columns than fit goes on below."""
    card = readings.subject.card
    rows = in_order_of(figure.rows, (place.row for place in readings.homes), figure, card)
    columns = in_order_of(figure.columns, (place.column for place in readings.homes), figure, card)
    grid = (
        tuple(_panel(figure, readings, row, column) for column in columns[i : i + MOST_COLUMNS])
        for i in range(0, len(columns), MOST_COLUMNS)
        for row in rows
    )
    return tuple(panels for panels in grid if any(panel.lines for panel in panels))


def _panel(figure: Lines | Curves | Dots, readings: Readings, row: Place | None, column: Place | None) -> Panel:
    card = readings.subject.card
    places = [place for place in readings.homes if (place.row, place.column) == (row, column)]
    places.sort(key=lambda place: by_size(place.x))
    labels = [label for label in in_order(readings.kinds) if label in readings.runs]
    lines = tuple(filter(None, (_line(figure, readings, label, places) for label in labels)))
    metric = places[0].metric if places else figure.shows[0]
    entry = card.metrics.get(metric.removeprefix(VALIDATION))
    better = entry.better if entry is not None else "higher"
    return Panel(
        title=title((figure.columns, column), (figure.rows, row)),
        y_label=value_label(metric, card),
        lines=lines,
        generated=any(run.generated for place in places for run in readings.runs_at(place)),
        better=better,
        chance=_chance(readings, places),
        crossings=tuple(crossings(figure, lines, -1 if better == "lower" else 1)) if isinstance(figure, Lines) else (),
        slopes=slopes(lines, figure.slope_from) if isinstance(figure, Lines) and figure.slope_from else {},
    )


def _chance(readings: Readings, places: Sequence[Spread]) -> dict[Place, float]:
    """What guessing scores at each place where that is known; a mean over the values that seeds drew."""
    found = {}
    for place in places:
        values = {score.chance for series in readings.kinds for score in readings.at(series, place)}
        if values and not any(map(math.isnan, values)):
            found[_x(place)] = math.fsum(values) / len(values)
    return found


def _line(figure: Lines | Curves | Dots, readings: Readings, label: str, places: Sequence[Spread]) -> Line | None:
    points = [
        Point(_x(place), cell)
        for place in places
        if (cell := readings.cells.get((label, place))) is not None and cell.state == "scored"
    ]
    is_level = False
    if not isinstance(figure, Dots):
        placed = [point for point in points if isinstance(point.x, str) or not math.isnan(point.x)]
        is_level = not placed and label in readings.levels
        if isinstance(figure, Lines) and figure.x_scale != "linear":
            # A parameter of 0 mostly means never: it has no place on a logarithmic axis, and holds at every one.
            is_level = is_level or all(isinstance(point.x, float) and point.x <= 0 for point in placed)
            placed = [point for point in placed if isinstance(point.x, str) or point.x > 0]
        points = points if is_level else placed
    return Line(label, readings.kinds[label], tuple(points), is_level) if points else None


def _x(place: Spread) -> Place:
    return NOWHERE if place.x is None else place.x
