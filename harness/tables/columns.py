"""The columns of a table: which scores it shows, and in which case and at which point each of them stands."""

import math
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from harness.core.card import Card, Metric
from harness.core.errors import UserError
from harness.core.spec import without
from harness.records.scored import RunRow, ScoreRow
from harness.tables.results import ExpectedRuns, RunsAndScores
from harness.tables.table import Column

Position: TypeAlias = tuple[str, tuple[tuple[str, Any], ...]]
"""What identifies a column: a case, and values on the axes that are spread, a parameter before the points."""


@dataclass(frozen=True, kw_only=True)
class Layout:
    """What a table is made of: its columns, the scores that they show (by position and path), and all its runs.

    `metric` is as the records have it, or as the card has it where no run was scored; `expected` says what is missing
    (None: what other rows have); `spread` is the parameter of entrants that has columns instead of rows, or "". The
    mean over cases is the last column, if at all.
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

    def shown(self) -> list[Any]:
        """What the table shows of which records, as plain values."""
        return [
            [path, case, [list(pair) for pair in at], None if math.isnan(score.value) else score.value]
            for (case, at), by_path in self.scores.items()
            for path, score in by_path.items()
        ]

    def scores_in(self, column: Column) -> Mapping[str, ScoreRow]:
        """The scores that stand in a column, by path."""
        return self.scores[column.case, tuple(column.at.items())]

    def runs_in(self, column: Column, runs: Iterable[RunRow]) -> list[RunRow]:
        """Those of the runs whose scores belong in a column, whether they have any or not."""
        home = (column.case, tuple(column.at.items())[: bool(self.spread)])
        return [run for run in runs if _home(run, self.spread) == home]


def lay_out(
    selection: RunsAndScores, card: Card, tier: str, metric: str, by: str | None, expected: ExpectedRuns | None
) -> Layout:
    """The layout of a table that shows a selection, over the card's column axis or over `by`. A record with two scores
    at one point is a `UserError`."""
    is_point = any(by in dict(score.point) for score in selection.scores)
    spread = by if by is not None and by not in ("case", *card.axes()) and not is_point else ""
    scores: dict[Position, dict[str, ScoreRow]] = defaultdict(dict)
    for score in selection.scores:
        case, at = _home(score.run, spread)
        by_path = scores[case, (*at, *score.point)]
        if score.path in by_path:
            raise UserError(f"record {score.path} has two scores of {score.metric} at one point: a fault of its task")
        by_path[score.path] = score
    # Runs of which nothing was measured have a column, too, which shows their status.
    measured = {(case, at[: bool(spread)]) for case, at in scores}
    scores |= {home: {} for run in selection.runs if (home := _home(run, spread)) not in measured}
    columns = _named(_ordered(scores, selection.runs, card, by), selection.runs, by)
    if by is None and len(columns) > 1 and not any(column.at for column in columns):
        columns.append(Column("mean", generated=any(column.generated for column in columns)))
    stated = card.metrics[metric]
    if selection.scores:
        first = selection.scores[0]
        facts = {"better": first.better, "unit": first.unit, "exact": first.exact, "timing": first.timing}
        stated = stated.model_copy(update=facts)
    return Layout(
        card=card,
        tier=tier,
        metric=stated,
        columns=tuple(columns),
        scores=scores,
        runs=selection.runs,
        spread=spread,
        # A plan knows runs by their label, which no longer names a parameter that is spread over columns.
        expected=None if spread else expected,
    )


def _home(run: RunRow, spread: str) -> Position:
    """The position of a run, apart from the points of its measurement."""
    return run.case, ((spread, run.at[spread]),) if spread else ()


def _ordered(positions: Collection[Position], runs: Sequence[RunRow], card: Card, by: str | None) -> list[Position]:
    """Positions in order of their case's place on the axis `by`, of the card's cases, and of their points: numbers by
    size, words as they were measured."""
    cases = [case.id for case in card.cases]
    cases += sorted({case for case, _ in positions} - set(cases))
    along = {run.case: run.at[by] for run in runs if by in run.at} if by is not None and by in card.axes() else {}
    words = list(dict.fromkeys([*along.values(), *(value for _, at in positions for _, value in at)]))

    def rank(value: Any) -> tuple[bool, float]:
        return isinstance(value, str), words.index(value) if isinstance(value, str) else value

    def order(position: Position) -> Any:
        case, at = position
        first = [rank(along[case])] if case in along else []
        return first, cases.index(case), [rank(value) for _, value in at]

    return sorted(positions, key=order)


def _named(positions: Sequence[Position], runs: Sequence[RunRow], by: str | None) -> list[Column]:
    """The columns, each with a name that differs from all others."""
    places = {run.case: run.at for run in runs}
    columns_of = Counter(case for case, _ in positions)
    texts = []
    for case, at in positions:
        points = at or [(axis, value) for axis, value in places[case].items() if axis == by]
        texts.append(", ".join(_in_words(axis, value) for axis, value in points) or "all" * (columns_of[case] > 1))
    needs_no_case = len(columns_of) == 1 or by not in (None, "case")
    generated = {run.case for run in runs if run.generated}
    columns = []
    for (case, at), text in zip(positions, texts, strict=True):
        is_enough = needs_no_case and text and texts.count(text) == 1
        name = text if is_enough else ", ".join(filter(None, (case, text)))
        columns.append(Column(name, case, dict(at), case in generated))
    return columns


def _in_words(axis: str, value: Any) -> str:
    """A place on an axis: a word alone, a number with the name of its axis."""
    if isinstance(value, str):
        return value
    return f"{axis} = {int(value) if float(value).is_integer() else value}"
