"""The material of tables: the runs and final scores of a task at a tier, as plain rows in order of path."""

from collections.abc import Collection, Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from harness.claims.conditions import Condition, matches
from harness.core.errors import UserError
from harness.core.spec import without
from harness.records.frames import AXIS, SPENT, Frames
from harness.tables.shown import shown
from harness.tables.table import Kind

if TYPE_CHECKING:
    import pandas as pd


_EVERYWHERE: Mapping[str, Condition] = MappingProxyType({})


class Run(NamedTuple):
    """A row of `Frames.runs`; `at` are the places of its case and of its chosen parameters."""

    label: str
    kind: Kind
    component: str
    case: str
    seed: int
    status: str
    error: str
    key: str
    version: int
    data: str
    settings: str
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
    at: Mapping[str, Any]


class Score(NamedTuple):
    """A row of `Frames.scores`; `at` are the places of its run and its own point."""

    path: str
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
    at: Mapping[str, Any]


class Material(NamedTuple):
    """The runs of a table, and their scores on its metric."""

    runs: list[Run]
    scores: list[Score]

    @property
    def labels(self) -> set[str]:
        """The entrants of the runs."""
        return {run.label for run in self.runs}

    def leaving_out(self, parameters: Collection[str]) -> "Material":
        """The material without the runs that set one of these parameters from outside."""
        runs = [run for run in self.runs if without(run.label, parameters) == run.label]
        kept = {run.path for run in runs}
        return Material(runs, [score for score in self.scores if score.path in kept])


class Source:
    """The records of a task at a tier.

    Without a tier there must be records of one only. `seeds` keeps the first ones, `cases` those named (none = all).
    """

    def __init__(
        self,
        frames: Frames,
        task: str,
        tier: str | None = None,
        seeds: int | None = None,
        cases: Collection[str] = (),
    ) -> None:
        runs = frames.runs[(frames.runs["task"] == task).to_numpy()]
        tiers = sorted(set(runs["tier"]))
        if tier is None and len(tiers) > 1:
            raise UserError(
                f"{task} has records of the tiers {', '.join(tiers)}, which no table mixes; choose one: --tier"
            )
        self.tier = tier or next(iter(tiers), "")
        self._runs = _at(runs, self.tier, seeds, cases)
        self._scores = _at(frames.scores[(frames.scores["task"] == task).to_numpy()], self.tier, seeds, cases)
        if AXIS + SPENT in self._scores:
            self._scores = self._scores[self._scores[AXIS + SPENT].isna().to_numpy()]

    @property
    def kinds(self) -> dict[str, Kind]:
        """The kind of each label with records."""
        return dict(zip(self._runs["label"], self._runs["kind"], strict=True))

    @property
    def runs(self) -> list[Run]:
        """Every run, in order of path."""
        return [Run(*row) for row in _rows(self._runs, Run)]

    def scores(self, metric: str, where: Mapping[str, Condition]) -> list[Score]:
        """Every final score on a metric at some points, in order of path; those of diverged runs, which name no point,
        among them."""
        scores = self._scores[(self._scores["metric"] == metric).to_numpy()]
        return [Score(*row) for row in _rows(scores[_at_points(scores, where)], Score)]

    @property
    def cases(self) -> set[str]:
        """The cases with records."""
        return set(self._runs["case"])

    def cases_with(self, metric: str) -> set[str]:
        """The cases in which a metric was measured."""
        measured = (self._scores["metric"] == metric).to_numpy() & (self._scores["status"] == "ok").to_numpy()
        return set(self._scores["case"][measured])

    def axes(self, metric: str, cases: Collection[str]) -> set[str]:
        """The axes that the final scores on a metric lie on."""
        keep = (self._scores["metric"] == metric).to_numpy() & self._scores["case"].isin(list(cases)).to_numpy()
        columns = [name for name in self._scores.columns if name.startswith(AXIS)]
        there = self._scores.loc[keep, columns].notna().any()
        return {name.removeprefix(AXIS) for name in columns if there[name]}

    def material(
        self,
        metric: str,
        cases: Collection[str],
        column: str = "case",
        by: str | None = None,
        where: Mapping[str, Condition] = _EVERYWHERE,
    ) -> Material:
        """What a table of these cases and this metric over an axis shows, at some points, in order of path."""
        runs, scores = (frame[frame["case"].isin(list(cases)).to_numpy()] for frame in (self._runs, self._scores))
        scores = scores[(scores["metric"] == metric).to_numpy()]
        runs, scores = shown(runs, scores[_at_points(scores, where)], column, by)
        return Material([Run(*row) for row in _rows(runs, Run)], [Score(*row) for row in _rows(scores, Score)])


def _at(frame: "pd.DataFrame", tier: str, seeds: int | None, cases: Collection[str]) -> "pd.DataFrame":
    keep = (frame["tier"] == tier).to_numpy()
    if seeds is not None:
        keep = keep & (frame["seed"] < seeds).to_numpy()
    if cases:
        keep = keep & frame["case"].isin(list(cases)).to_numpy()
    return frame[keep]


def _at_points(scores: "pd.DataFrame", where: Mapping[str, Condition]) -> NDArray[np.bool_]:
    """Which scores lie where they should; a diverged run's chance score holds at every point."""
    keep = np.ones(len(scores), dtype=bool)
    for axis, condition in where.items():
        if AXIS + axis not in scores:
            return np.zeros(len(scores), dtype=bool)
        values = scores[AXIS + axis]
        everywhere = values.isna().to_numpy() & (scores["status"] == "diverged").to_numpy()
        keep &= matches(values, condition) | everywhere
    return keep


def _rows(frame: "pd.DataFrame", kind: type[Run] | type[Score]) -> Iterator[tuple[Any, ...]]:
    """The values of each row in the order of the fields, its places last."""
    ordered = frame.sort_values("path", kind="stable")
    columns = [ordered[name].tolist() for name in kind._fields if name != "at"]
    return zip(*columns, _places(ordered), strict=True)


def _places(frame: "pd.DataFrame") -> list[dict[str, Any]]:
    """The places of each row, axes in order of name."""
    places: list[dict[str, Any]] = [{} for _ in range(len(frame))]
    for name in sorted(name for name in frame.columns if name.startswith(AXIS)):
        values = frame[name].tolist()
        for i in np.flatnonzero(frame[name].notna()).tolist():
            places[i][name.removeprefix(AXIS)] = values[i]
    return places
