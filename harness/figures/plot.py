"""What a figure shows, before it is drawn; the plot: panels of lines, each place of which is a cell as in tables."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from harness.core.entrant import EntrantKind
from harness.figures.declared import Curves, DeclaredFigure, Dots, Lines, Profile, Scale
from harness.tables.table import Cell, Provenance

Place: TypeAlias = float | str
"""A place on an axis: a number, or a word."""

_ROOM = 0.06
"""What an axis of values has beyond them, as a share of its length."""


@dataclass(frozen=True)
class Point:
    """A place on the x axis and what was scored there: a cell that is scored."""

    x: Place
    cell: Cell


@dataclass(frozen=True)
class Line:
    """An entrant's points in a panel, in order of x. A `level` line has one, which holds at every x."""

    label: str
    kind: EntrantKind
    points: tuple[Point, ...]
    level: bool = False


@dataclass(frozen=True)
class Crossing:
    """Where the mean line of `after` crosses that of `before` and is the better one from there on: the place on both
    drawn lines, and what is said of it."""

    after: str
    before: str
    x: float
    y: float
    text: str


@dataclass(frozen=True)
class Slope:
    """The least-squares slope in log-log, its mean over seeds and half of its 90 % t interval (NaN: none)."""

    value: float
    half: float = math.nan


@dataclass(frozen=True, kw_only=True)
class Panel:
    """One pair of axes. `title` says where in the figure it stands; `generated` data stands in for real data; `chance`
    is what guessing scores by place, `better` which of two values is."""

    title: str
    y_label: str
    lines: tuple[Line, ...]
    generated: bool = False
    better: Literal["higher", "lower"] = "higher"
    chance: Mapping[Place, float] = field(default_factory=dict)
    crossings: tuple[Crossing, ...] = ()
    slopes: Mapping[str, Slope] = field(default_factory=dict)

    def limits(self, scale: Scale) -> tuple[float, float]:
        """The least and the greatest value of the axis: every mean and its interval, and a little room; and chance,
        where nobody does better. On a logarithmic one an interval may reach to nothing; there the axis ends below the
        least mean."""
        cells = [point.cell for line in self.lines for point in line.points]
        ends = [end for cell in cells for end in (cell.value, *cell.interval) if not math.isnan(end)]
        ends += self.chance.values() if self.is_below_chance else ()
        if scale == "linear":
            room = _ROOM * (max(ends) - min(ends) or abs(ends[0]) or 1.0)
            return min(ends) - room, max(ends) + room
        least = min((cell.value for cell in cells if cell.value > 0), default=1.0)
        ends = [end for end in ends if end >= least / 2] or [least]
        room = (max(ends) / min(ends)) ** _ROOM if max(ends) > min(ends) else 1.5
        return min(ends) / room, max(ends) * room

    @property
    def is_below_chance(self) -> bool:
        """Whether no entrant does better than guessing at any place."""
        sign = 1 if self.better == "higher" else -1
        points = [point for line in self.lines for point in line.points if point.x in self.chance]
        return bool(points) and all(sign * (point.cell.value - self.chance[point.x]) <= 0 for point in points)

    def shows_chance(self, scale: Scale) -> bool:
        """Whether what guessing scores lies on the axis, which is not made longer for it where anybody does better."""
        lo, hi = self.limits(scale)
        return any(lo <= value <= hi for value in self.chance.values())


@dataclass(frozen=True, kw_only=True)
class Figure:
    """What figures of every kind have. `styled` are all entrants of the task at the tier in order of their kind and
    name, so that each looks the same in every figure; `notes` say what is not drawn, and why."""

    task: str
    tier: str
    declared: DeclaredFigure
    heading: str
    styled: tuple[tuple[str, EntrantKind], ...]
    notes: tuple[str, ...]
    made: Provenance

    @property
    def name(self) -> str:
        """The name of its files; no other figure has it."""
        return f"{self.task}-{self.tier}-{self.declared.id}"

    @property
    def reading(self) -> str:
        """How what is drawn came about, a sentence or two."""
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class Plot(Figure):
    """A figure of lines, curves or dots with its data. `panels` are rows of columns."""

    declared: Lines | Curves | Dots | Profile
    x_label: str
    panels: tuple[tuple[Panel, ...], ...]

    @property
    def reading(self) -> str:
        if isinstance(self.declared, Profile):
            return "The share of runs, over cases and seeds, whose score is above a threshold."
        several = len(self.made.seeds) > 1
        spread = (
            "with its 90 % t interval, within the metric's range (none: seeds that do not vary)"
            if several
            else "of one seed, without an interval"
        )
        return f"Mean over seeds {spread}."

    @property
    def labels(self) -> tuple[str, ...]:
        """The entrants that are drawn, in the order of `styled`."""
        drawn = {line.label for row in self.panels for panel in row for line in panel.lines}
        return tuple(label for label, _ in self.styled if label in drawn)
