"""The columns of a table: which of the scores it shows, and in which case and at which point each of them stands."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

from harness.core.card import Card
from harness.core.errors import UserError
from harness.core.spec import without
from harness.tables.material import Material, Run, Score
from harness.tables.table import Column


class Place(NamedTuple):
    """What identifies a column: a case, and places on the axes that are spread, a parameter before the points."""

    case: str
    at: tuple[tuple[str, Any], ...] = ()


@dataclass(frozen=True)
class Layout:
    """The columns, their places, and the shown scores by place and record. `runs` are those that the table is about;
    `spread` is the parameter of entrants that has columns instead of rows, or ""."""

    columns: tuple[Column, ...]
    places: tuple[Place, ...]
    scores: Mapping[Place, Mapping[str, Score]]
    runs: Sequence[Run]
    spread: str = ""

    def row(self, label: str) -> str:
        """The row of an entrant: its label without the parameter that is spread."""
        return without(label, [self.spread])

    def home(self, run: Run) -> Place:
        """A run's own place, apart from the points of its measurement."""
        return _home(run, self.spread)

    def home_of(self, place: Place) -> Place:
        """The own place of the runs whose scores stand at a place."""
        return Place(place.case, place.at[: bool(self.spread)])


_Scored: TypeAlias = tuple[Run, Score, Mapping[str, Any]]
"""A run, a score of it, and the score's point: its places that are not the run's."""


def lay_out(material: Material, card: Card, by: str | None = None) -> Layout:
    """The layout of what a table shows, over the card's column axis or over `by`."""
    scored = list(_with_points(material))
    is_point = any(by in point for _, _, point in scored)
    spread = by if by not in (None, "case", *card.axes()) and not is_point else None
    held = _held(material.runs, scored, spread or "")
    places = _ordered(list(held), material.runs, card, by)
    return Layout(_named(places, material.runs, by), places, held, material.runs, spread or "")


def _with_points(material: Material) -> Iterator[_Scored]:
    runs = {run.path: run for run in material.runs}
    for score in material.scores:
        run = runs[score.path]
        # A score lies wherever its run does, so that most have no point.
        further = len(score.at) > len(run.at)
        yield run, score, {axis: value for axis, value in score.at.items() if axis not in run.at} if further else {}


def _home(run: Run, spread: str) -> Place:
    return Place(run.case, ((spread, run.at[spread]),) if spread else ())


def _held(runs: Sequence[Run], scored: Sequence[_Scored], spread: str) -> dict[Place, dict[str, Score]]:
    """The scores by place and record."""
    held: dict[Place, dict[str, Score]] = {}
    at_home: dict[Place, list[Place]] = {}
    for run, score, point in scored:
        if run.status == "ok":
            home = _home(run, spread)
            place = Place(run.case, (*home.at, *point.items()))
            if place not in held:
                held[place] = {}
                at_home.setdefault(home, []).append(place)
            if run.path in held[place]:
                raise UserError(f"record {run.path} has two scores of {score.metric} at one point: a fault of its task")
            held[place][run.path] = score
    for run in runs:
        home = _home(run, spread)
        if home not in at_home:
            at_home[home] = [home]  # nothing was measured: the column says what happened
            held[home] = {}
    for run, score, point in scored:
        if run.status == "diverged":
            home = _home(run, spread)
            at = Place(run.case, (*home.at, *point.items()))
            # A run that diverged before it was measured has one chance score for all points.
            for place in at_home[home] if at == home else [at]:
                if place in held:
                    held[place].setdefault(run.path, score)
    return held


def _ordered(places: Sequence[Place], runs: Sequence[Run], card: Card, by: str | None) -> tuple[Place, ...]:
    """Places in order of their case's place on the axis `by`, of the card's cases, and of their points: numbers by
    size, words as they were measured."""
    cases = [case.id for case in card.cases]
    cases += sorted({place.case for place in places} - set(cases))
    along = {run.case: run.at[by] for run in runs if by in run.at} if by is not None and by in card.axes() else {}
    words = list(dict.fromkeys([*along.values(), *(value for place in places for _, value in place.at)]))

    def rank(value: Any) -> tuple[int, float]:
        return (1, float(words.index(value))) if isinstance(value, str) else (0, float(value))

    def order(place: Place) -> Any:
        first = [along[place.case]] if place.case in along else []
        return [*map(rank, first)], cases.index(place.case), [rank(value) for _, value in place.at]

    return tuple(sorted(places, key=order))


def _named(places: Sequence[Place], runs: Sequence[Run], by: str | None) -> tuple[Column, ...]:
    """The columns, each with a name that tells it from the others."""
    at = {run.case: run.at for run in runs}
    crowded = Counter(place.case for place in places)
    short = []
    for place in places:
        points = [_point(axis, value) for axis, value in place.at]
        if not points and by is not None and by in at[place.case]:
            points = [_point(by, at[place.case][by])]
        elif not points and crowded[place.case] > 1:
            points = ["all"]
        short.append(", ".join(points))
    alone = len(crowded) == 1 or by not in (None, "case")
    names = (
        points if alone and points and short.count(points) == 1 else f"{place.case}, {points}".removesuffix(", ")
        for place, points in zip(places, short, strict=True)
    )
    generated = {run.case for run in runs if run.generated}
    return tuple(
        Column(name, place.case, dict(place.at), place.case in generated)
        for place, name in zip(places, names, strict=True)
    )


def _point(axis: str, value: Any) -> str:
    """A place on an axis: a word speaks for itself, a number does not."""
    if isinstance(value, str):
        return value
    return f"{axis} = {int(value) if float(value).is_integer() else value}"
