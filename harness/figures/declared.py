"""The kinds of figures, and what a task declares of each."""

from typing import Literal, TypeAlias

from pydantic import Field, model_validator

from harness.claims.conditions import Conditions
from harness.core.strict import Strict

CASE, METRIC, ENTRANT = "case", "metric", "entrant"
"""What rows and columns of panels may spread beside axes; entrants in heat maps alone, elsewhere they share a panel."""

Scale: TypeAlias = Literal["linear", "log", "log2"]


class _Declared(Strict):
    """What every figure declares.

    `cases` and `entrants` restrict what is drawn (none = all that were measured); an entrant is drawn with its default
    parameters, and `also` names further ones as tables do (`ance[lag=0]`).
    """

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: str
    about: str = ""
    cases: tuple[str, ...] = ()
    entrants: tuple[str, ...] = ()
    also: tuple[str, ...] = ()

    @property
    def shows(self) -> tuple[str, ...]:
        """The metrics, or the values of a curve, that are drawn."""
        return ()

    @property
    def along(self) -> tuple[str, ...]:
        """The axes that it names within panels: of the task, or parameters of its entrants."""
        return ()

    @property
    def axes(self) -> tuple[str, ...]:
        """All axes that it names."""
        return self.along


class _Panels(_Declared):
    """A figure of panels. `rows` and `columns` spread an axis, the cases or the metrics over them; "" spreads nothing,
    and there is one row or column. `scale` is that of the values."""

    rows: str = METRIC
    columns: str = CASE
    scale: Scale = "linear"

    @model_validator(mode="after")
    def _spreads_once(self) -> "_Panels":
        if self.rows == self.columns:
            raise ValueError(f"rows and columns both spread '{self.rows}'")
        if len(self.shows) > 1 and METRIC not in (self.rows, self.columns):
            raise ValueError(f"several metrics need rows or columns = '{METRIC}'")
        return self

    @property
    def axes(self) -> tuple[str, ...]:
        return (*self.along, *(axis for axis in (self.rows, self.columns) if axis not in (CASE, METRIC, "")))


class _Measured(_Panels):
    """A figure of final scores. `where`, written as in claims, keeps some points of measurement, or on the axes within
    panels parameters that were set to some values."""

    metrics: tuple[str, ...] = Field(min_length=1)
    where: Conditions = Field(default={})

    @property
    def shows(self) -> tuple[str, ...]:
        return self.metrics


class Lines(_Measured):
    """A line an entrant over `x`: an axis of points, of cases, or a parameter of entrants.

    Over a parameter, the default is a place like any other, and entrants that do not have it are level lines.
    `slope_from` asks for each line's slope in log-log from there on, `crossings` for the places where the mean lines of
    two entrants cross.
    """

    kind: Literal["lines"]
    x: str
    x_label: str = ""
    x_scale: Scale = "linear"
    slope_from: float | None = Field(default=None, gt=0)
    crossings: tuple[tuple[str, str], ...] = ()

    @property
    def along(self) -> tuple[str, ...]:
        return (self.x,)


class Curves(_Panels):
    """A curve an entrant over the budget spent. `values` are what records log: `loss`, or `valid_` and a metric."""

    kind: Literal["curves"]
    values: tuple[str, ...] = Field(min_length=1)

    @property
    def shows(self) -> tuple[str, ...]:
        return self.values


class Dots(_Measured):
    """A dot an entrant with its interval, one below the other."""

    kind: Literal["dots"]


class Profile(_Measured):
    """The performance profile of each entrant: the share of its runs, over all cases and seeds, whose score is above a
    threshold, over thresholds; with its interquartile mean and how often methods do better than others.

    It is of one metric, of which higher is better. Entrants without scores in all cases of the figure are left out.
    """

    kind: Literal["profile"]

    @model_validator(mode="after")
    def _is_of_one_metric(self) -> "Profile":
        if len(self.metrics) > 1:
            raise ValueError("a profile is of one metric")
        return self

    @property
    def metric(self) -> str:
        """The metric."""
        return self.metrics[0]


class Heat(_Measured):
    """A heat map an entrant of one metric over `x` and `y`: axes of points, of cases, or parameters of entrants. With
    `y = "entrant"` entrants are the rows of one map.

    Every place that was measured is a square of the same size, numbers in order of size; `scale` is that of the
    colours, and `best` says whether the best square of each panel is outlined. Cases are rows of panels and entrants
    their columns, unless said otherwise.
    """

    kind: Literal["heat"]
    x: str
    y: str
    x_label: str = ""
    y_label: str = ""
    best: bool = True
    rows: str = CASE
    columns: str = ENTRANT

    @model_validator(mode="after")
    def _is_one_map_a_panel(self) -> "Heat":
        if len(self.metrics) > 1:
            raise ValueError("a heat map is of one metric")
        if self.x == self.y:
            raise ValueError(f"x and y are both '{self.x}'")
        if ENTRANT in (self.rows, self.columns) and self.y == ENTRANT:
            raise ValueError(f"y = '{ENTRANT}' needs other rows and columns, such as '{CASE}' and '{METRIC}'")
        if ENTRANT not in (self.rows, self.columns, self.y) and len((*self.entrants, *self.also)) != 1:
            raise ValueError(f"several entrants need rows or columns = '{ENTRANT}'")
        return self

    @property
    def along(self) -> tuple[str, ...]:
        return (self.x,) if self.y == ENTRANT else (self.x, self.y)

    @property
    def axes(self) -> tuple[str, ...]:
        return tuple(axis for axis in super().axes if axis != ENTRANT)


class Film(_Declared):
    """Pictures that runs kept in a file, of the first seed: a block of strips an entrant, a strip an array.

    `file` is an npz with U8[videos frames h w] (or `[... h w 3]` in colour), or samples, U8[n h w] (or `[n h w 3]`).
    `arrays` names those to show, in their order (none = all). Of a film, the first `strips` videos are shown, each with
    at most `frames` frames, evenly chosen; of samples, the first ones, `strips` rows of `frames`.
    """

    kind: Literal["film"]
    file: str = Field(pattern=r"^[A-Za-z0-9_-][A-Za-z0-9_.-]*\.npz$")
    arrays: tuple[str, ...] = ()
    frames: int = Field(default=10, ge=1, le=40)
    strips: int = Field(default=1, ge=1, le=20)


class Texts(_Declared):
    """Texts that runs kept in a file, of the first seed: a table a paragraph, in which every entrant has a row.

    The first `head` lines of a paragraph say what was asked, and are the same for all entrants; the others are answers,
    best first. The first `paragraphs` of a file are shown, each with at most `answers` answers.
    """

    kind: Literal["texts"]
    file: str = Field(pattern=r"^[A-Za-z0-9_-][A-Za-z0-9_.-]*\.txt$")
    head: int = Field(default=1, ge=1)
    paragraphs: int = Field(default=6, ge=1)
    answers: int = Field(default=3, ge=1)


Kept: TypeAlias = Film | Texts
"""Figures of files that runs kept."""

DeclaredFigure: TypeAlias = Lines | Curves | Dots | Profile | Heat | Kept
