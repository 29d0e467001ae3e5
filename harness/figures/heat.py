"""The heat map: a panel an entrant, in which each place on two axes is a cell as in tables; or one of entrants."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from harness.core.card import Card
from harness.core.entrant import EntrantKind
from harness.figures.declared import ENTRANT, Heat
from harness.figures.labels import MOST_COLUMNS, in_order_of, number, title
from harness.figures.plot import Figure, Place
from harness.figures.readings import Cells, Readings, Spread
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
        return _in_order(square.x for square in self.squares)

    @property
    def ys(self) -> tuple[Place, ...]:
        """The places on the y axis, likewise."""
        return _in_order(square.y for square in self.squares)

    @property
    def squares(self) -> tuple[Square, ...]:
        """The squares of all panels."""
        return tuple(square for row in self.panels for panel in row for square in panel.squares)

    @property
    def reading(self) -> str:
        several = len(self.made.seeds) > 1
        return f"{'Mean over seeds' if several else 'One seed'}; {self.better} is better, and brighter."


def maps_of(
    figure: Heat, card: Card, readings: Readings, cells: Cells, kinds: Mapping[str, EntrantKind]
) -> tuple[tuple[Map, ...], ...]:
    """The panels, row by row, of entrants that are scored anywhere; `kinds` has the kind of each."""
    return _Maps(figure, card, readings, cells, kinds).rows()


@dataclass(frozen=True)
class _Maps:
    """Makes the maps of a figure."""

    figure: Heat
    card: Card
    readings: Readings
    cells: Cells
    kinds: Mapping[str, EntrantKind]

    def rows(self) -> tuple[tuple[Map, ...], ...]:
        """The panels, row by row; a long row goes on in the next."""
        figure = self.figure
        rows = in_order_of(figure.rows, self._along(figure.rows, 1), figure, self.card)
        columns = in_order_of(figure.columns, self._along(figure.columns, 2), figure, self.card)
        grid = [[self._map(row, column) for column in columns] for row in rows]
        return tuple(tuple(row[i : i + MOST_COLUMNS]) for row in grid for i in range(0, len(row), MOST_COLUMNS))

    def _along(self, axis: str, i: int) -> list[Place | None]:
        """What rows or columns spread: the entrants that are scored anywhere, or the places of an axis."""
        homes = [place for place in self.readings.homes if self._is_square(place)]
        return list(dict.fromkeys(self._scored() if axis == ENTRANT else (place[i] for place in homes)))

    def _scored(self) -> list[str]:
        found = {
            label for (label, place), cell in self.cells.items() if cell.state == "scored" and self._is_square(place)
        }
        return in_order({label: self.kinds[label] for label in found})

    def _map(self, row: Place | None, column: Place | None) -> Map:
        figure = self.figure
        label = next((str(at) for axis, at in ((figure.rows, row), (figure.columns, column)) if axis == ENTRANT), "")
        scored = self._scored()
        labels = [label] if label else scored if figure.y == ENTRANT else scored[:1]
        at = tuple(None if axis == ENTRANT else at for axis, at in ((figure.rows, row), (figure.columns, column)))
        places = [place for place in self.readings.homes if (place.row, place.column) == at and self._is_square(place)]
        found = [
            (place.x, label if figure.y == ENTRANT else place.y, cell)
            for label in labels
            for place in places
            if (cell := self.cells.get((label, place))) is not None and cell.state in ("scored", "failed")
        ]
        ranked = [cell for *_, cell in found]
        if figure.best:
            ranked = marked(ranked, self.card.metrics[figure.metrics[0]].better)
        return Map(
            labels=tuple(labels),
            title=title((figure.columns, column), (figure.rows, row)),
            squares=tuple(
                Square(x, y, cell)
                for (x, y, _), cell in zip(found, ranked, strict=True)
                if x is not None and y is not None
            ),
            generated=any(run.generated for place in places for run in self.readings.runs_at(place)),
        )

    def _is_square(self, place: Spread) -> bool:
        return place.x is not None and (place.y is not None or self.figure.y == ENTRANT)


def _in_order(places: Iterable[Place]) -> tuple[Place, ...]:
    distinct = dict.fromkeys(places)
    return tuple(sorted(distinct, key=lambda place: (isinstance(place, str), number(place))))
