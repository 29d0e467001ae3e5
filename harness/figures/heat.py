"""The heat map: a panel an entrant, in which each place on two axes is a cell as in tables; or one of entrants."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from harness.figures.declared import ENTRANT, Heat
from harness.figures.labels import MOST_COLUMNS, by_size, in_order_of, title
from harness.figures.plot import Figure, Place
from harness.figures.readings import Readings, Spread
from harness.tables.rows import in_order, marked
from harness.tables.table import Cell


@dataclass(frozen=True)
class Square:
    """A place on both axes, and the cell there: scored, the best of its panel marked; or failed."""

    x: Place
    y: Place
    cell: Cell


@dataclass(frozen=True, kw_only=True)
class Map:
    """The squares of one entrant, or of several if they are its rows (`labels`). `title` says where in the figure it
    stands; `generated` data stands in for real data."""

    labels: tuple[str, ...]
    title: str
    squares: tuple[Square, ...]
    generated: bool = False


@dataclass(frozen=True, kw_only=True)
class HeatMap(Figure):
    """A figure of heat maps. All panels have the same axes and colours; where a panel has no square there is no
    record."""

    declared: Heat
    x_label: str
    y_label: str
    value_label: str
    better: Literal["higher", "lower"]
    panels: tuple[tuple[Map, ...], ...]

    @property
    def xs(self) -> tuple[Place, ...]:
        """The places on the x axis: numbers by size, words as they were measured."""
        return tuple(sorted(dict.fromkeys(square.x for square in self.squares), key=by_size))

    @property
    def ys(self) -> tuple[Place, ...]:
        """The places on the y axis, likewise."""
        return tuple(sorted(dict.fromkeys(square.y for square in self.squares), key=by_size))

    @property
    def squares(self) -> tuple[Square, ...]:
        """The squares of all panels."""
        return tuple(square for row in self.panels for panel in row for square in panel.squares)

    @property
    def reading(self) -> str:
        several = len(self.made.seeds) > 1
        return f"{'Mean over seeds' if several else 'One seed'}; {self.better} is better, and brighter."


def maps_of(figure: Heat, readings: Readings) -> tuple[tuple[Map, ...], ...]:
    """The panels, row by row, of entrants that are scored anywhere; a long row goes on in the next."""
    cells, card = readings.cells.items(), readings.subject.card
    scored = {label for (label, place), cell in cells if cell.state == "scored" and _is_square(figure, place)}
    labels = in_order({label: readings.kinds[label] for label in scored})
    places = [place for place in readings.homes if _is_square(figure, place)]
    along: dict[str, Sequence[Place | None]] = {
        figure.rows: [place.row for place in places],
        figure.columns: [place.column for place in places],
        ENTRANT: labels,
    }
    rows, columns = (in_order_of(axis, along[axis], figure, card) for axis in (figure.rows, figure.columns))
    grid = [[_map(figure, readings, labels, row, column) for column in columns] for row in rows]
    return tuple(tuple(row[i : i + MOST_COLUMNS]) for row in grid for i in range(0, len(row), MOST_COLUMNS))


def _map(figure: Heat, readings: Readings, scored: Sequence[str], row: Place | None, column: Place | None) -> Map:
    spread = {figure.rows: row, figure.columns: column}
    labels = scored if figure.y == ENTRANT else [str(spread.get(ENTRANT) or next(iter(scored), ""))]
    at = [None if axis == ENTRANT else place for axis, place in spread.items()]
    places = [place for place in readings.homes if [place.row, place.column] == at and _is_square(figure, place)]
    squares = [
        Square(place.x, y, cell)
        for label in labels
        for place in places
        if place.x is not None and (y := label if figure.y == ENTRANT else place.y) is not None
        if (cell := readings.cells.get((label, place))) is not None and cell.state in ("scored", "failed")
    ]
    if figure.best:
        cells = marked([square.cell for square in squares], readings.subject.card.metrics[figure.metrics[0]].better)
        squares = [replace(square, cell=cell) for square, cell in zip(squares, cells, strict=True)]
    return Map(
        labels=tuple(labels),
        title=title((figure.columns, column), (figure.rows, row)),
        squares=tuple(squares),
        generated=any(run.generated for place in places for run in readings.runs_at(place)),
    )


def _is_square(figure: Heat, place: Spread) -> bool:
    return place.x is not None and (place.y is not None or figure.y == ENTRANT)
