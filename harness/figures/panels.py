"""The panels of lines, curves and dots, made from a figure's readings and cells."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from harness.core.card import Card
from harness.core.entrant import EntrantKind
from harness.figures.crossings import crossings
from harness.figures.declared import Curves, Dots, Lines
from harness.figures.labels import MOST_COLUMNS, in_order_of, number, title, value_label
from harness.figures.plot import Line, Panel, Place, Point
from harness.figures.readings import Cells, Readings, Spread
from harness.figures.slopes import slopes
from harness.records.scored import VALIDATION
from harness.tables.rows import in_order


def panels_of(
    figure: Lines | Curves | Dots, card: Card, readings: Readings, cells: Cells, kinds: Mapping[str, EntrantKind]
) -> tuple[tuple[Panel, ...], ...]:
    """The panels, row by row; `kinds` has the kind of every line."""
    return _Panels(figure, card, readings, cells, kinds).rows()


NOWHERE: Final = math.nan
"""Where what lies on no axis stands: one object, which is itself."""


class _Slot(NamedTuple):
    """Where a panel stands: its row and column, and the places in it in order of x."""

    row: Place | None
    column: Place | None
    places: tuple[Spread, ...]


@dataclass(frozen=True)
class _Panels:
    """Makes the panels of a figure."""

    figure: Lines | Curves | Dots
    card: Card
    readings: Readings
    cells: Cells
    kinds: Mapping[str, EntrantKind]

    def rows(self) -> tuple[tuple[Panel, ...], ...]:
        """The panels, row by row; what has more columns than fit goes on below."""
        figure, card = self.figure, self.card
        rows, columns = ({place[i]: None for place in self.readings.homes} for i in (1, 2))
        grid = [
            [_Slot(row, column, self._at(row, column)) for column in in_order_of(figure.columns, columns, figure, card)]
            for row in in_order_of(figure.rows, rows, figure, card)
        ]
        grid = [row[i : i + MOST_COLUMNS] for i in range(0, len(grid[0]), MOST_COLUMNS) for row in grid]
        made = [tuple(map(self._panel, slots)) for slots in grid]
        return tuple(panels for panels in made if any(panel.lines for panel in panels))

    def _at(self, row: Place | None, column: Place | None) -> tuple[Spread, ...]:
        places = [place for place in self.readings.homes if (place.row, place.column) == (row, column)]
        return tuple(sorted(places, key=lambda place: (isinstance(place.x, str), number(place.x))))

    def _panel(self, slot: _Slot) -> Panel:
        figure = self.figure
        lines = tuple(filter(None, (self._line(label, slot.places) for label in in_order(self._series()))))
        metric = slot.places[0].metric if slot.places else figure.shows[0]
        entry = self.card.metrics.get(metric.removeprefix(VALIDATION))
        better = entry.better if entry is not None else "higher"
        sign = -1 if better == "lower" else 1
        runs = [run for place in slot.places for run in self.readings.runs_at(place)]
        return Panel(
            title=title((figure.columns, slot.column), (figure.rows, slot.row)),
            y_label=value_label(metric, self.card),
            lines=lines,
            generated=any(run.generated for run in runs),
            better=better,
            chance=self._chance(slot.places),
            crossings=tuple(crossings(figure, lines, sign)) if isinstance(figure, Lines) else (),
            slopes=slopes(lines, figure.slope_from) if isinstance(figure, Lines) and figure.slope_from else {},
        )

    def _chance(self, places: Sequence[Spread]) -> dict[Place, float]:
        """What guessing scores at each place where that is known; a mean over the values that seeds drew."""
        found = {}
        for place in places:
            values = {score.chance for series in self.kinds for score in self.readings.at(series, place)}
            if values and not any(map(math.isnan, values)):
                found[_x(place)] = math.fsum(values) / len(values)
        return found

    def _series(self) -> dict[str, EntrantKind]:
        return {series: self.kinds[series] for series in self.readings.runs}

    def _line(self, label: str, places: Sequence[Spread]) -> Line | None:
        points = [
            Point(_x(place), cell)
            for place in places
            if (cell := self.cells.get((label, place))) is not None and cell.state == "scored"
        ]
        if isinstance(self.figure, Dots):
            return Line(label, self.kinds[label], tuple(points)) if points else None
        placed = [point for point in points if isinstance(point.x, str) or not math.isnan(point.x)]
        is_level = not placed and label in self.readings.levels
        if isinstance(self.figure, Lines) and self.figure.x_scale != "linear":
            # A parameter of 0 mostly means never: it has no place on a logarithmic axis, and holds at every one.
            is_level = is_level or all(isinstance(point.x, float) and point.x <= 0 for point in placed)
            placed = [point for point in placed if isinstance(point.x, str) or point.x > 0]
        points = points if is_level else placed
        return Line(label, self.kinds[label], tuple(points), is_level) if points else None


def _x(place: Spread) -> Place:
    return NOWHERE if place.x is None else place.x
