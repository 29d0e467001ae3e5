"""The results of a task at a tier as plain rows: what tables and figures are made of."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from harness.claims.conditions import Condition, matches
from harness.core.entrant import EntrantKind
from harness.records.scored import AXIS, RunRow, Scored, ScoreRow

if TYPE_CHECKING:
    import pandas as pd

EVERYWHERE: Mapping[str, Condition] = MappingProxyType({})
"""No condition on any axis."""


class RunsAndScores(NamedTuple):
    """Runs, and their scores on one metric."""

    runs: list[RunRow]
    scores: list[ScoreRow]

    def leaving_out(self, parameters: Collection[str]) -> "RunsAndScores":
        """Those of the runs that set none of these parameters from outside."""
        runs = [run for run in self.runs if run.chosen.isdisjoint(parameters)]
        paths = {run.path for run in runs}
        return RunsAndScores(runs, [score for score in self.scores if score.path in paths])


class TaskResults:
    """The runs and the final scores of a task at a tier, in order of path. `seeds` keeps the first ones, `cases` those
    named (none = all)."""

    def __init__(
        self, scored: Scored, task: str, tier: str, seeds: int | None = None, cases: Collection[str] = ()
    ) -> None:
        self.tier = tier
        of_task = scored.of(task, tier)
        self._scores = _kept(of_task.scores, seeds, cases)
        self.runs = list(_rows(_kept(of_task.runs, seeds, cases), RunRow))
        self.cases = {run.case for run in self.runs}

    @property
    def kinds(self) -> dict[str, EntrantKind]:
        """The kind of each label with records."""
        return {run.label: run.kind for run in self.runs}

    def scores(self, metric: str, where: Mapping[str, Condition] = EVERYWHERE) -> list[ScoreRow]:
        """Every final score on a metric at the points that fulfil the conditions. The chance score of a diverged run
        has no point if its case has no finished run; it fulfils all conditions."""
        scores = self._scores[(self._scores["metric"] == metric).to_numpy()]
        return list(_rows(scores[_fulfils(scores, where)], ScoreRow))

    def cases_with(self, metric: str) -> set[str]:
        """The cases in which a metric was measured."""
        return {score.case for score in self.scores(metric) if score.status == "ok"}

    def axes(self, metric: str, cases: Collection[str]) -> set[str]:
        """The axes that the final scores on a metric lie on."""
        return {axis for score in self.scores(metric) if score.case in cases for axis in score.at}

    def select(
        self,
        metric: str,
        cases: Collection[str],
        column: str = "case",
        by: str | None = None,
        where: Mapping[str, Condition] = EVERYWHERE,
    ) -> RunsAndScores:
        """What a table of these cases and this metric over the axis `column`, or over `by`, shows.

        With `by`, runs and scores without a place on that axis are left out. Scores that also lie on further axes are
        shown only where their case has no scores without these. A failed run has no points: it stays if others of its
        case do.
        """
        runs = [run for run in self.runs if run.case in cases]
        scores = [score for score in self.scores(metric, where) if score.case in cases]
        if by is not None and by != "case":
            measured = {score.case for score in scores if by in dict(score.point)}
            runs = [run for run in runs if by in run.at or run.case in measured]
            paths = {run.path for run in runs}
            scores = [score for score in scores if score.path in paths and by in score.at]
        return RunsAndScores(runs, _on_fewest_axes(scores, by or column))


def _on_fewest_axes(scores: Sequence[ScoreRow], column: str) -> list[ScoreRow]:
    """The scores that lie on as few axes beside `column` as any finished run's score of their case."""
    counts = [sum(axis != column for axis, _ in score.point) for score in scores]
    fewest: dict[str, int] = {}
    for score, count in zip(scores, counts, strict=True):
        if score.status == "ok":
            fewest[score.case] = min(count, fewest.get(score.case, count))
    return [score for score, count in zip(scores, counts, strict=True) if count == fewest.get(score.case, count)]


def _kept(frame: "pd.DataFrame", seeds: int | None, cases: Collection[str]) -> "pd.DataFrame":
    keep = np.ones(len(frame), dtype=bool)
    if seeds is not None:
        keep &= (frame["seed"] < seeds).to_numpy()
    if cases:
        keep &= frame["case"].isin(list(cases)).to_numpy()
    return frame[keep]


def _fulfils(scores: "pd.DataFrame", where: Mapping[str, Condition]) -> NDArray[np.bool_]:
    keep = np.ones(len(scores), dtype=bool)
    for axis, condition in where.items():
        if AXIS + axis not in scores:
            return np.zeros(len(scores), dtype=bool)
        values = scores[AXIS + axis]
        without_point = values.isna().to_numpy() & (scores["status"] == "diverged").to_numpy()
        keep &= matches(values, condition) | without_point
    return keep


_Row = TypeVar("_Row", RunRow, ScoreRow)


def _rows(frame: "pd.DataFrame", kind: type[_Row]) -> Iterator[_Row]:
    """The rows of a frame in order of path; `at` is in order of the axes' names."""
    ordered = frame.iloc[np.argsort(np.asarray(frame["path"], dtype=str), kind="stable")]
    values = {name: ordered[name].tolist() for name in kind._fields if name != "at"}
    places: list[dict[str, Any]] = [{} for _ in range(len(ordered))]
    for name in sorted(name for name in ordered.columns if name.startswith(AXIS)):
        on_axis = ordered[name].tolist()
        for i in np.flatnonzero(ordered[name].notna()).tolist():
            places[i][name.removeprefix(AXIS)] = on_axis[i]
    return (kind(*row) for row in zip(*({**values, "at": places}[name] for name in kind._fields), strict=True))
