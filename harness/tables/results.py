"""The results of a task at a tier as plain rows: what tables and figures are made of."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from harness.claims.conditions import Condition, matches
from harness.core.errors import UserError
from harness.records.scored import AXIS, Scored
from harness.tables.table import Kind

if TYPE_CHECKING:
    import pandas as pd

EVERYWHERE: Mapping[str, Condition] = MappingProxyType({})
"""No condition on any axis."""


class RunRow(NamedTuple):
    """A row of `Scored.runs`; `at` is its place on the axes: its case's, and its parameters set from outside."""

    label: str
    entrant: str
    kind: Kind
    component: str
    case: str
    seed: int
    status: str
    error: str
    key: str
    version: int
    data: str
    deviating: str
    produced: str
    generated: bool
    device: str
    commit: str
    dirty: bool
    threads: int
    weights: int
    trials: int
    budget: int
    unit: str
    train_s: float
    contended: bool
    path: str
    chosen: frozenset[str]
    parameters: Mapping[str, Any]
    settings: Mapping[str, Any]
    artefacts: Mapping[str, str]
    curve: tuple[Mapping[str, float], ...]
    kept: Mapping[str, str]
    at: Mapping[str, Any]


class ScoreRow(NamedTuple):
    """A row of `Scored.scores`; `point` is where it was measured beyond its run's place, `at` is both together."""

    path: str
    case: str
    status: str
    metric: str
    value: float
    n_used: int
    n_expected: int
    better: Literal["higher", "lower"]
    unit: str
    chance: float
    ceiling: float
    exact: bool
    timing: bool
    point: tuple[tuple[str, Any], ...]
    at: Mapping[str, Any]


class TableData(NamedTuple):
    """The runs of a table, and their scores on its metric."""

    runs: list[RunRow]
    scores: list[ScoreRow]

    @property
    def labels(self) -> set[str]:
        """The entrants of the runs."""
        return {run.label for run in self.runs}

    def leaving_out(self, parameters: Collection[str]) -> "TableData":
        """The selection without the runs that set one of these parameters from outside."""
        runs = [run for run in self.runs if not run.chosen.intersection(parameters)]
        kept = {run.path for run in runs}
        return TableData(runs, [score for score in self.scores if score.path in kept])


class TaskResults:
    """The runs and the final scores of a task at a tier, in order of path.

    Without a tier there must be records of one only (else `UserError`). `seeds` keeps the first ones, `cases` those
    named (none = all).
    """

    def __init__(
        self,
        scored: Scored,
        task: str,
        tier: str | None = None,
        seeds: int | None = None,
        cases: Collection[str] = (),
    ) -> None:
        tiers = sorted(set(scored.runs["tier"][(scored.runs["task"] == task).to_numpy()]))
        if tier is None and len(tiers) > 1:
            raise UserError(
                f"{task} has records of the tiers {', '.join(tiers)}, which no table mixes; choose one: --tier"
            )
        self.tier = tier or next(iter(tiers), "")
        of_task = scored.of(task, self.tier)
        self._scores = _kept(of_task.scores, seeds, cases)
        self.runs = list(_rows(_kept(of_task.runs, seeds, cases), RunRow))
        self.cases = {run.case for run in self.runs}

    @property
    def kinds(self) -> dict[str, Kind]:
        """The kind of each label with records."""
        return {run.label: run.kind for run in self.runs}

    def scores(self, metric: str, where: Mapping[str, Condition] = EVERYWHERE) -> list[ScoreRow]:
        """Every final score on a metric at the points that fulfil the conditions. A chance score of a diverged run that
        has no point, because its case has no finished run, fulfils all."""
        scores = self._scores[(self._scores["metric"] == metric).to_numpy()]
        return list(_rows(scores[_fulfils(scores, where)], ScoreRow))

    def cases_with(self, metric: str) -> set[str]:
        """The cases in which a metric was measured."""
        measured = (self._scores["metric"] == metric).to_numpy() & (self._scores["status"] == "ok").to_numpy()
        return set(self._scores["case"][measured])

    def axes(self, metric: str, cases: Collection[str]) -> set[str]:
        """The axes that the final scores on a metric lie on."""
        keep = (self._scores["metric"] == metric).to_numpy() & self._scores["case"].isin(list(cases)).to_numpy()
        columns = [name for name in self._scores.columns if name.startswith(AXIS)]
        lies = self._scores.loc[keep, columns].notna().any()
        return {name.removeprefix(AXIS) for name in columns if lies[name]}

    def select(
        self,
        metric: str,
        cases: Collection[str],
        column: str = "case",
        by: str | None = None,
        where: Mapping[str, Condition] = EVERYWHERE,
    ) -> TableData:
        """What a table of these cases and this metric over the axis `column`, or over `by`, shows.

        With `by`, what does not lie on that axis is left out. Scores that also lie on further axes are shown only where
        their case has none without. A failed run has no points: it belongs to the cases that others have.
        """
        runs = [run for run in self.runs if run.case in cases]
        scores = [score for score in self.scores(metric, where) if score.case in cases]
        if by is not None and by != "case":
            measured = {score.case for score in scores if by in dict(score.point)}
            runs = [run for run in runs if by in run.at or run.case in measured]
            paths = {run.path for run in runs}
            scores = [score for score in scores if score.path in paths and by in score.at]
        return TableData(runs, _on_fewest_axes(scores, by or column))


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


Row = TypeVar("Row", RunRow, ScoreRow)


def _rows(frame: "pd.DataFrame", kind: type[Row]) -> Iterator[Row]:
    """The rows of a frame in order of path."""
    ordered = frame.iloc[np.argsort(np.asarray(frame["path"], dtype=str), kind="stable")]
    columns = [ordered[name].tolist() for name in kind._fields if name != "at"]
    return (kind(*values) for values in zip(*columns, _places(ordered), strict=True))


def _places(frame: "pd.DataFrame") -> list[dict[str, Any]]:
    """The place of each row on the axes, in order of their names."""
    places: list[dict[str, Any]] = [{} for _ in range(len(frame))]
    for name in sorted(name for name in frame.columns if name.startswith(AXIS)):
        values = frame[name].tolist()
        for i in np.flatnonzero(frame[name].notna()).tolist():
            places[i][name.removeprefix(AXIS)] = values[i]
    return places
