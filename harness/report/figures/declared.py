"""`figures.toml`: how a task's results are shown. Its figures, the slices of wide tables, the settings to name."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from harness.claims.conditions import Condition, flaw
from harness.errors import UserError
from harness.suggest import unknown

FILE = "figures.toml"

CASE, METRIC, ENTRANT = "case", "metric", "entrant"
"""What rows and columns of panels may spread beside axes; entrants in heat maps alone, elsewhere they share a panel."""

Scale: TypeAlias = Literal["linear", "log", "log2"]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Figure(_Entry):
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


class _Panels(_Figure):
    """A figure of panels. `rows` and `columns` spread an axis, the cases or the metrics over them. `scale` is that of
    the values."""

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
        return (*self.along, *(axis for axis in (self.rows, self.columns) if axis not in (CASE, METRIC)))


class _Measured(_Panels):
    """A figure of final scores. `where` keeps some points of measurement, written as in claims."""

    metrics: tuple[str, ...] = Field(min_length=1)
    where: Mapping[str, Condition] = {}

    @field_validator("where")
    @classmethod
    def _is_sound(cls, where: Mapping[str, Condition]) -> Mapping[str, Condition]:
        return _sound(where)

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


class Heat(_Measured):
    """A heat map an entrant of one metric over `x` and `y`: axes of points, of cases, or parameters of entrants.

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
        if ENTRANT not in (self.rows, self.columns) and len((*self.entrants, *self.also)) != 1:
            raise ValueError(f"several entrants need rows or columns = '{ENTRANT}'")
        return self

    @property
    def along(self) -> tuple[str, ...]:
        return (self.x, self.y)

    @property
    def axes(self) -> tuple[str, ...]:
        return tuple(axis for axis in super().axes if axis != ENTRANT)


class Film(_Figure):
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


Figure: TypeAlias = Lines | Curves | Dots | Heat | Film


class Slice(_Entry):
    """The points that the default table of a metric shows, where all would make it too wide."""

    where: Mapping[str, Condition] = Field(min_length=1)

    @field_validator("where")
    @classmethod
    def _is_sound(cls, where: Mapping[str, Condition]) -> Mapping[str, Condition]:
        return _sound(where)


class Presentation(_Entry):
    """All that `figures.toml` says. `held` names the settings that tables say were held constant, in that order, by
    case or for all other cases as `default` (none = all settings); `tables` has slices by metric."""

    held: Mapping[str, tuple[str, ...]] = {}
    tables: Mapping[str, Slice] = {}
    figure: tuple[Annotated[Figure, Field(discriminator="kind")], ...] = ()

    @model_validator(mode="after")
    def _ids_are_unique(self) -> "Presentation":
        ids = [figure.id for figure in self.figure]
        if twice := next((name for i, name in enumerate(ids) if name in ids[:i]), ""):
            raise ValueError(f"two figures have the id '{twice}'")
        return self


def read_presentation(path: Path) -> Presentation:
    """The presentation in `figures.toml`; the empty one if there is no such file. A fault is a `UserError`: one line
    with the file, the figure and the field."""
    if not path.is_file():
        return Presentation()
    try:
        written = tomllib.loads(path.read_text(encoding="utf-8"))
        return Presentation.model_validate(written)
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"{path}: {error}") from error
    except ValidationError as error:
        raise UserError(f"{path}: {_in_words(error, written)}") from error


def _sound(where: Mapping[str, Condition]) -> Mapping[str, Condition]:
    for axis, condition in where.items():
        if wrong := flaw(condition):
            raise ValueError(f"{axis}: {wrong}")
    return where


_KINDS: Mapping[str, type[BaseModel]] = {
    "lines": Lines,
    "curves": Curves,
    "dots": Dots,
    "heat": Heat,
    "film": Film,
}


def _in_words(error: ValidationError, written: Mapping[str, Any]) -> str:
    """The first fault: where it is, in the file's own names, and what it is."""
    first = error.errors()[0]
    place, kind = [str(step) for step in first["loc"]], ""
    if len(place) > 1 and place[0] == "figure":
        entry = written["figure"][int(place[1])]
        kind = str(entry.get("kind", ""))
        # Within an entry, the kind that it was read as comes first.
        place = [f"figure '{entry.get('id', int(place[1]) + 1)}'", *place[2 + (place[2:3] == [kind]) :]]
    if first["type"] == "extra_forbidden":
        *place, field = place
        model = _KINDS.get(kind, Presentation)
        return ": ".join([*place, str(unknown("field", field, model.model_fields))])
    return ": ".join([*place, first["msg"].removeprefix("Value error, ")])
