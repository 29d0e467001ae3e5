"""Builds the plot of a figure from its readings: panels, lines and notes; or says which records are missing."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from harness.card import Card
from harness.claims.finding import REHEARSALS
from harness.report.cells import cell_of
from harness.report.comparable import check_comparable
from harness.report.figures.checked import VALIDATION
from harness.report.figures.crossings import crossings
from harness.report.figures.declared import CASE, METRIC, Curves, Dots, Figure, Lines
from harness.report.figures.plot import Line, Panel, Place, Plot, Spot
from harness.report.figures.readings import Reader, Readings, Spread, Subject
from harness.report.figures.remarks import Cells, remarks, why_no_line, why_nothing
from harness.report.figures.slopes import slopes
from harness.report.grid import arrow
from harness.report.notes import failures
from harness.report.provenance import provenance
from harness.report.rows import in_order
from harness.report.table import Kind

MOST_COLUMNS = 4
"""More panels than these in one row go on in the next."""


@dataclass(frozen=True)
class Skipped:
    """A figure that the records do not give: its name; in one line what is missing, and the command to get it."""

    name: str
    why: str


def build_plot(subject: Subject, figure: Figure) -> Plot | Skipped:
    """The plot of a figure.

    Raises `UserError`, as tables do, for runs that cannot be compared, and for a figure that neither spreads nor fixes
    an axis that its scores lie on.
    """
    card, tier = subject.card, subject.source.tier
    name = f"{card.task}-{tier}-{figure.id}"
    reader = Reader(subject, figure)
    readings = reader.read()
    if not readings.scores:
        return Skipped(name, why_nothing(subject, figure))
    runs = sorted({run.path: run for run in readings.every_run()}.values(), key=lambda run: run.path)
    timed = any(card.metrics[metric].timing for metric in figure.shows if metric in card.metrics)
    check_comparable(runs, card, tier, timed=timed)
    cells = _cells(readings, card)
    kinds: dict[str, Kind] = dict(subject.source.kinds)
    for label, kind in subject.source.kinds.items():
        kinds.setdefault(reader.series(label), kind)
    panels = _Panels(figure, card, readings, cells, kinds).rows()
    if not any(panel.lines for row in panels for panel in row):
        return Skipped(name, f"no entrant is scored at all its seeds: {'; '.join(failures(runs))}")
    if isinstance(figure, Lines) and not _has_a_line(panels):
        return Skipped(name, why_no_line(subject, figure))
    return Plot(
        name=name,
        task=card.task,
        tier=tier,
        figure=figure,
        heading=f"{card.title}, tier {tier}{' (rehearsal)' if tier in REHEARSALS else ''}",
        x_label=_x_label(figure, card),
        panels=panels,
        styled=tuple((label, kinds[label]) for label in in_order(kinds)),
        notes=tuple(remarks(subject, figure, readings, cells, panels)),
        made=provenance(runs, _shown(readings), (card.task, tier, figure.model_dump(mode="json"))),
    )


def _cells(readings: Readings, card: Card) -> Cells:
    """The cell of every entrant at every place where it has runs."""
    return {
        (series, place): cell_of(
            homes[home],
            readings.scores.get((series, place), {}),
            card.metrics[place.metric].needs if place.metric in card.metrics else None,
        )
        for place, home in readings.homes.items()
        for series, homes in readings.runs.items()
        if home in homes
    }


class _Slot(NamedTuple):
    """Where a panel stands: its row and column, and the places in it in order of x."""

    row: Place | None
    column: Place | None
    places: tuple[Spread, ...]


@dataclass(frozen=True)
class _Panels:
    """Makes the panels of a figure."""

    figure: Figure
    card: Card
    readings: Readings
    cells: Cells
    kinds: Mapping[str, Kind]

    def rows(self) -> tuple[tuple[Panel, ...], ...]:
        """The panels, row by row."""
        rows, columns = ({place[i]: None for place in self.readings.homes} for i in (1, 2))
        grid = [
            [_Slot(row, column, self._at(row, column)) for column in self._ordered(self.figure.columns, columns)]
            for row in self._ordered(self.figure.rows, rows)
        ]
        if len(grid) == 1:
            grid = [grid[0][i : i + MOST_COLUMNS] for i in range(0, len(grid[0]), MOST_COLUMNS)]
        return tuple(tuple(map(self._panel, slots)) for slots in grid)

    def _at(self, row: Place | None, column: Place | None) -> tuple[Spread, ...]:
        places = [place for place in self.readings.homes if (place.row, place.column) == (row, column)]
        return tuple(sorted(places, key=lambda place: (isinstance(place.x, str), _number(place.x))))

    def _ordered(self, axis: str, places: Mapping[Place | None, None]) -> list[Place | None]:
        """Places in the order of the card; numbers by size, words as they were measured."""
        known = {METRIC: list(self.figure.shows), CASE: [case.id for case in self.card.cases]}.get(axis, [])
        words = [*known, *(place for place in places if place not in known)]
        return sorted(places, key=lambda place: (words.index(place) if isinstance(place, str) else -1, _number(place)))

    def _panel(self, slot: _Slot) -> Panel:
        figure = self.figure
        lines = tuple(filter(None, (self._line(label, slot.places) for label in in_order(self._series()))))
        metric = slot.places[0].metric if slot.places else figure.shows[0]
        entry = self.card.metrics.get(metric.removeprefix(VALIDATION))
        sign = -1 if entry is not None and entry.better == "lower" else 1
        named = [(figure.columns, slot.column), (figure.rows, slot.row)]
        runs = [run for place in slot.places for run in self.readings.runs_at(place)]
        chance = {
            score.chance for place in slot.places for series in self.kinds for score in self.readings.at(series, place)
        }
        return Panel(
            title=", ".join(_words(axis, place) for axis, place in named if place is not None and axis != METRIC),
            y_label=_value_label(metric, self.card),
            lines=lines,
            generated=any(run.generated for run in runs),
            chance=next(iter(chance)) if len(chance) == 1 else math.nan,
            crossings=tuple(crossings(figure, lines, sign)) if isinstance(figure, Lines) else (),
            slopes=slopes(lines, figure.slope_from) if isinstance(figure, Lines) and figure.slope_from else {},
        )

    def _series(self) -> dict[str, Kind]:
        return {series: self.kinds[series] for series in self.readings.runs}

    def _line(self, label: str, places: Sequence[Spread]) -> Line | None:
        spots = [
            Spot(math.nan if place.x is None else place.x, cell)
            for place in places
            if (cell := self.cells.get((label, place))) is not None and cell.state == "scored"
        ]
        if isinstance(self.figure, Dots):
            return Line(label, self.kinds[label], tuple(spots)) if spots else None
        placed = [spot for spot in spots if isinstance(spot.x, str) or not math.isnan(spot.x)]
        is_level = not placed and label in self.readings.levels
        if isinstance(self.figure, Lines) and self.figure.x_scale != "linear":
            # A parameter of 0 mostly means never: it has no place on a logarithmic axis, and holds at every one.
            is_level = is_level or all(isinstance(spot.x, float) and spot.x <= 0 for spot in placed)
            placed = [spot for spot in placed if isinstance(spot.x, str) or spot.x > 0]
        spots = spots if is_level else placed
        return Line(label, self.kinds[label], tuple(spots), is_level) if spots else None


def _number(place: Place | None) -> float:
    return place if isinstance(place, float) else 0.0


def _words(axis: str, place: Place) -> str:
    """A place on an axis: a word speaks for itself, a number does not."""
    return place if isinstance(place, str) else f"{axis} = {place:,g}"


def _value_label(metric: str, card: Card) -> str:
    entry = card.metrics.get(metric)
    if entry is None and metric.startswith(VALIDATION):
        name = metric.removeprefix(VALIDATION)
        return f"{_value_label(name, card)}, validation"
    if entry is None:
        return metric
    return f"{metric}{f' ({entry.unit})' if entry.unit else ''} {arrow(entry.better)}"


def _x_label(figure: Figure, card: Card) -> str:
    if isinstance(figure, Curves):
        return f"budget spent ({card.unit})"
    return (figure.x_label or figure.x) if isinstance(figure, Lines) else ""


def _has_a_line(panels: Sequence[Sequence[Panel]]) -> bool:
    return any(len(line.spots) > 1 for row in panels for panel in row for line in panel.lines)


def _shown(readings: Readings) -> list[list[object]]:
    return [
        [series, *place, path, None if math.isnan(score.value) else score.value]
        for (series, place), by_path in sorted(readings.scores.items(), key=lambda entry: str(entry[0]))
        for path, score in sorted(by_path.items())
    ]
