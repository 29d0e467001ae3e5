"""The columns of a table: which of the scores it shows, and in which case and at which point each of them stands."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from harness.core.card import Card
from harness.core.errors import UserError
from harness.core.spec import without
from harness.tables.results import RunRow, ScoreRow, TableData
from harness.tables.table import Column


class Position(NamedTuple):
    """What identifies a column: a case, and values on the axes that are spread, a parameter before the points."""

    case: str
    at: tuple[tuple[str, Any], ...] = ()


@dataclass(frozen=True)
class Layout:
    """The columns, their positions, and the shown scores by position and record. `runs` are those that the table is
    about; `spread` is the parameter of entrants that has columns instead of rows, or ""."""

    columns: tuple[Column, ...]
    positions: tuple[Position, ...]
    scores: Mapping[Position, Mapping[str, ScoreRow]]
    runs: Sequence[RunRow]
    spread: str = ""

    def row(self, label: str) -> str:
        """The row of an entrant: its label without the parameter that is spread."""
        return without(label, [self.spread])

    def home(self, run: RunRow) -> Position:
        """A run's own position, apart from the points of its measurement."""
        return _home(run, self.spread)

    def home_of(self, position: Position) -> Position:
        """The own position of the runs whose scores stand at a position."""
        return Position(position.case, position.at[: bool(self.spread)])


def lay_out(selection: TableData, card: Card, by: str | None = None) -> Layout:
    """The layout of what a table shows, over the card's column axis or over `by`. A record with two scores at one
    point is a `UserError`."""
    is_point = any(by in dict(score.point) for score in selection.scores)
    spread = by if by is not None and by not in ("case", *card.axes()) and not is_point else ""
    scores = _by_position(selection, spread)
    positions = _ordered(list(scores), selection.runs, card, by)
    return Layout(_named(positions, selection.runs, by), positions, scores, selection.runs, spread)


def _home(run: RunRow, spread: str) -> Position:
    return Position(run.case, ((spread, run.at[spread]),) if spread else ())


def _by_position(selection: TableData, spread: str) -> dict[Position, dict[str, ScoreRow]]:
    """The scores by position and record; runs of which nothing was measured have a position, too, which says what
    became of them."""
    homes = {run.path: _home(run, spread) for run in selection.runs}
    scores: dict[Position, dict[str, ScoreRow]] = {}
    for score in selection.scores:
        home = homes[score.path]
        at = scores.setdefault(Position(home.case, (*home.at, *score.point)), {})
        if score.path in at:
            raise UserError(f"record {score.path} has two scores of {score.metric} at one point: a fault of its task")
        at[score.path] = score
    measured = {Position(position.case, position.at[: bool(spread)]) for position in scores}
    return scores | {home: {} for home in homes.values() if home not in measured}


def _ordered(positions: Sequence[Position], runs: Sequence[RunRow], card: Card, by: str | None) -> tuple[Position, ...]:
    """Positions in order of their case's place on the axis `by`, of the card's cases, and of their points: numbers by
    size, words as they were measured."""
    cases = [case.id for case in card.cases]
    cases += sorted({position.case for position in positions} - set(cases))
    along = {run.case: run.at[by] for run in runs if by in run.at} if by is not None and by in card.axes() else {}
    words = list(dict.fromkeys([*along.values(), *(value for position in positions for _, value in position.at)]))

    def rank(value: Any) -> tuple[int, float]:
        return (1, float(words.index(value))) if isinstance(value, str) else (0, float(value))

    def order(position: Position) -> Any:
        first = [along[position.case]] if position.case in along else []
        return [*map(rank, first)], cases.index(position.case), [rank(value) for _, value in position.at]

    return tuple(sorted(positions, key=order))


def _named(positions: Sequence[Position], runs: Sequence[RunRow], by: str | None) -> tuple[Column, ...]:
    """The columns, each with a name that tells it from the others."""
    at = {run.case: run.at for run in runs}
    crowded = Counter(position.case for position in positions)
    short = []
    for position in positions:
        points = [_point(axis, value) for axis, value in position.at]
        if not points and by is not None and by in at[position.case]:
            points = [_point(by, at[position.case][by])]
        elif not points and crowded[position.case] > 1:
            points = ["all"]
        short.append(", ".join(points))
    alone = len(crowded) == 1 or by not in (None, "case")
    names = (
        points if alone and points and short.count(points) == 1 else f"{position.case}, {points}".removesuffix(", ")
        for position, points in zip(positions, short, strict=True)
    )
    generated = {run.case for run in runs if run.generated}
    return tuple(
        Column(name, position.case, dict(position.at), position.case in generated)
        for position, name in zip(positions, names, strict=True)
    )


def _point(axis: str, value: Any) -> str:
    """A place on an axis: a word speaks for itself, a number does not."""
    if isinstance(value, str):
        return value
    return f"{axis} = {int(value) if float(value).is_integer() else value}"
