"""The columns of a table: which scores it shows, and in which case and at which point each of them stands."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from harness.core.card import Card, Metric
from harness.core.errors import UserError
from harness.core.spec import without
from harness.records.scored import RunRow, ScoreRow
from harness.tables.expected import ExpectedRuns
from harness.tables.results import RunsAndScores
from harness.tables.table import Column

Position: TypeAlias = tuple[str, tuple[tuple[str, Any], ...]]
"""What identifies a column: a case, and values on the axes that are spread, a parameter before the points."""


@dataclass(frozen=True, kw_only=True)
class Layout:
    """What a table is made of: its columns, the scores that they show (by position and path), and all its runs.

    `metric` is as the records have it; `expected` says what is missing (None: what other rows have); `spread` is the
    parameter of entrants that has columns instead of rows, or "". The mean over cases is the last column, if at all.
    """

    card: Card
    tier: str
    metric: Metric
    columns: tuple[Column, ...]
    scores: Mapping[Position, Mapping[str, ScoreRow]]
    runs: Sequence[RunRow]
    spread: str
    expected: ExpectedRuns | None

    def row(self, label: str) -> str:
        """The row of an entrant: its label without the parameter that is spread."""
        return without(label, [self.spread])

    def scores_in(self, column: Column) -> Mapping[str, ScoreRow]:
        """The scores that stand in a column, by path."""
        return self.scores[column.case, tuple(column.at.items())]

    def runs_in(self, column: Column, runs: Iterable[RunRow]) -> list[RunRow]:
        """Those of the runs whose scores belong in a column, whether they have any or not."""
        return [
            run
            for run in runs
            if run.case == column.case and (not self.spread or run.at[self.spread] == column.at[self.spread])
        ]


def lay_out(
    selection: RunsAndScores, card: Card, tier: str, metric: str, by: str | None, expected: ExpectedRuns | None
) -> Layout:
    """The layout of a table that shows a selection, over the card's column axis or over `by`. A record with two scores
    at one point is a `UserError`."""
    is_point = any(by in dict(score.point) for score in selection.scores)
    spread = by if by is not None and by not in ("case", *card.axes()) and not is_point else ""
    homes: dict[str, Position] = {
        run.path: (run.case, ((spread, run.at[spread]),) if spread else ()) for run in selection.runs
    }
    scores: dict[Position, dict[str, ScoreRow]] = {}
    for score in selection.scores:
        case, at = homes[score.path]
        by_path = scores.setdefault((case, (*at, *score.point)), {})
        if score.path in by_path:
            raise UserError(f"record {score.path} has two scores of {score.metric} at one point: a fault of its task")
        by_path[score.path] = score
    # Runs of which nothing was measured have a column, too, which shows their status.
    measured = {(case, at[: bool(spread)]) for case, at in scores}
    scores |= {home: {} for home in homes.values() if home not in measured}
    columns = _named(_ordered(scores, selection.runs, card, by), selection.runs, by)
    if by is None and len(columns) > 1 and not any(column.at for column in columns):
        columns = (*columns, Column("mean", generated=any(column.generated for column in columns)))
    return Layout(
        card=card,
        tier=tier,
        metric=_of_records(selection.scores, card.metrics[metric]),
        columns=columns,
        scores=scores,
        runs=selection.runs,
        spread=spread,
        # A plan knows runs by their label, which no longer names a parameter that is spread over columns.
        expected=None if spread else expected,
    )


def _of_records(scores: Sequence[ScoreRow], metric: Metric) -> Metric:
    """The metric as the records have it; as the card has it where no run was scored."""
    if not scores:
        return metric
    score = scores[0]
    facts = {"better": score.better, "unit": score.unit, "exact": score.exact, "timing": score.timing}
    return metric.model_copy(update=facts)


def _ordered(
    positions: Collection[Position], runs: Sequence[RunRow], card: Card, by: str | None
) -> tuple[Position, ...]:
    """Positions in order of their case's place on the axis `by`, of the card's cases, and of their points: numbers by
    size, words as they were measured."""
    cases = [case.id for case in card.cases]
    cases += sorted({case for case, _ in positions} - set(cases))
    along = {run.case: run.at[by] for run in runs if by in run.at} if by is not None and by in card.axes() else {}
    words = list(dict.fromkeys([*along.values(), *(value for _, at in positions for _, value in at)]))

    def rank(value: Any) -> tuple[int, float]:
        return (1, float(words.index(value))) if isinstance(value, str) else (0, float(value))

    def order(position: Position) -> Any:
        case, at = position
        first = [rank(along[case])] if case in along else []
        return first, cases.index(case), [rank(value) for _, value in at]

    return tuple(sorted(positions, key=order))


def _named(positions: Sequence[Position], runs: Sequence[RunRow], by: str | None) -> tuple[Column, ...]:
    """The columns, each with a name that differs from all others."""
    places = {run.case: run.at for run in runs}
    columns_of = Counter(case for case, _ in positions)
    short = []
    for case, at in positions:
        points = [_in_words(axis, value) for axis, value in at]
        if not points and by is not None and by in places[case]:
            points = [_in_words(by, places[case][by])]
        elif not points and columns_of[case] > 1:
            points = ["all"]
        short.append(", ".join(points))
    needs_no_case = len(columns_of) == 1 or by not in (None, "case")
    generated = {run.case for run in runs if run.generated}
    return tuple(
        Column(
            points
            if needs_no_case and points and short.count(points) == 1
            else ", ".join(filter(None, (case, points))),
            case,
            dict(at),
            case in generated,
        )
        for (case, at), points in zip(positions, short, strict=True)
    )


def _in_words(axis: str, value: Any) -> str:
    """A place on an axis: a word alone, a number with the name of its axis."""
    if isinstance(value, str):
        return value
    return f"{axis} = {int(value) if float(value).is_integer() else value}"
