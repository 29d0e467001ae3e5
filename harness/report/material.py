"""The material of tables: the runs and final scores of a task at a tier, as plain rows in order of path."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from harness.cells import AXIS, SPENT
from harness.errors import UserError
from harness.frames import Frames

if TYPE_CHECKING:
    import pandas as pd


class Run(NamedTuple):
    """A row of `Frames.runs`; `at` are the places of its case and of its chosen parameters."""

    label: str
    kind: str
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
    better: str
    unit: str
    chance: float
    ceiling: float
    exact: bool
    timing: bool
    at: Mapping[str, Any]


class Material(NamedTuple):
    """Runs and scores of one task at one tier."""

    tier: str
    runs: list[Run]
    scores: list[Score]


def gather(frames: Frames, task: str, tier: str | None, metrics: Sequence[str], seeds: int | None) -> Material | None:
    """The runs of a task at a tier and their final scores on the metrics; None if there is no run.

    Without a tier there must be records of one only. `seeds` keeps the first ones.
    """
    of_task = (frames.runs["task"] == task).to_numpy()
    tiers = sorted(set(frames.runs["tier"][of_task]))
    if tier is None and len(tiers) > 1:
        raise UserError(f"{task} has records of the tiers {', '.join(tiers)}, which no table mixes; choose one: --tier")
    chosen = tier or next(iter(tiers), "")
    runs = _of(frames.runs, of_task, chosen, seeds)
    scores = _of(frames.scores, (frames.scores["task"] == task).to_numpy(), chosen, seeds)
    scores = scores[scores["metric"].isin(list(metrics)).to_numpy()]
    if AXIS + SPENT in scores:
        scores = scores[scores[AXIS + SPENT].isna().to_numpy()]
    if runs.empty:
        return None
    return Material(chosen, [Run(*row) for row in _rows(runs, Run)], [Score(*row) for row in _rows(scores, Score)])


def _of(frame: "pd.DataFrame", keep: "np.ndarray[Any, np.dtype[np.bool_]]", tier: str, seeds: int | None) -> "pd.DataFrame":
    rows = frame[keep]
    keep = (rows["tier"] == tier).to_numpy()
    if seeds is not None:
        keep &= (rows["seed"] < seeds).to_numpy()
    return rows[keep].sort_values("path", kind="stable")


def _rows(frame: "pd.DataFrame", kind: type[Run] | type[Score]) -> "zip[tuple[Any, ...]]":
    """The values of each row in the order of the fields, its places last."""
    columns = [frame[name].to_numpy(dtype=object) for name in kind._fields if name != "at"]
    return zip(*columns, _places(frame), strict=True)


def _places(frame: "pd.DataFrame") -> list[dict[str, Any]]:
    """The places of each row, axes in order of name."""
    places: list[dict[str, Any]] = [{} for _ in range(len(frame))]
    for name in sorted(name for name in frame.columns if name.startswith(AXIS)):
        column = frame[name]
        there = np.flatnonzero(column.notna().to_numpy())
        for i, value in zip(there.tolist(), column.to_numpy(dtype=object)[there], strict=True):
            places[i][name.removeprefix(AXIS)] = value
    return places
