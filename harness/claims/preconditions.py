"""Preconditions: what the compared runs must fulfil before a claim on them is judged."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from harness.claims.claim import Gate, Part
from harness.claims.comparison import Comparison, final_rows
from harness.claims.conditions import holds
from harness.claims.requirements import Requirements
from harness.records.scored import RunRow, ScoreRow
from harness.stats.estimands import NotAssessable

if TYPE_CHECKING:
    import pandas as pd


def check_preconditions(part: Part, scores: Sequence[ScoreRow], comparison: Comparison, required: Requirements) -> None:
    """Raises `NotAssessable` if opponent or method are at chance on average; if the opponent is not above it by the
    metric's margin, with every seed, where the card states one; or if a run has not learned its training task, given
    all final scores of the task at the tier. Of a metric that is a change, what changes must be above chance where it
    is compared.

    A single seed at chance does not hinder where there is no margin, as in control: to fail at some seeds is what an
    agent may do that has learned to see nothing. Such seeds are marked.
    """
    margins = required.margins
    if comparison.opponent is not None:
        opponent, method = (final_rows(side, part.estimand_on("raw", "higher")) for side in reversed(comparison.sides))
        if part.metric in margins:
            finished = opponent[(opponent["status"] != "diverged").to_numpy()]
            _check_above_chance(comparison.opponent.label, finished, 0.0)
        _check_above_chance(comparison.opponent.label, _means(opponent), margins.get(part.metric, 0.0))
        _check_above_chance(comparison.method.label, _means(method), 0.0)
        if part.metric in required.changed:
            levels = {
                (score.path, score.measured): score for score in scores if score.metric == required.changed[part.metric]
            }
            for side, rows in zip(comparison.sides, (method, opponent), strict=True):
                _check_above_chance(side.label, _means(_levels(rows, levels)), 0.0)
    for gate in part.gate:
        _check_learned(gate, scores, comparison.runs)


def _levels(rows: "pd.DataFrame", levels: Mapping[tuple[str, Any], ScoreRow]) -> "pd.DataFrame":
    """The rows of changes, as rows of what changes, where it was measured at the same place of the same run."""
    found = [levels.get(place) for place in zip(rows["path"], rows["measured"], strict=True)]
    return rows.assign(
        **{
            name: [getattr(level, name) if level else missing for level in found]
            for name, missing in (("value", math.nan), ("chance", math.nan), ("metric", ""), ("better", "higher"))
        }
    )


def _means(rows: "pd.DataFrame") -> "pd.DataFrame":
    """Means over seeds, a row for each cell and place on the axis."""
    return rows.groupby(["cell", "x", "metric", "better"])[["value", "chance"]].mean().reset_index()


def _check_above_chance(label: str, rows: "pd.DataFrame", least: float) -> None:
    sign = (rows["better"] == "higher") * 2 - 1
    low = rows[(sign * (rows["value"] - rows["chance"]) <= least).to_numpy()]  # without chance: NaN, passes
    if low.empty:
        return
    first = low.iloc[0]
    place = f"{first['cell']}, x = {first['x']:g}" if first["x"] else first["cell"]
    place += f", seed {first['seed']}" if "seed" in first else ""
    raise NotAssessable(
        f"{label} is not above chance in {place}: {first['metric']} {first['value']:.4g}, "
        f"chance {first['chance']:.4g}, margin {least:g}"
    )


def _check_learned(gate: Gate, scores: Sequence[ScoreRow], runs: Sequence[RunRow]) -> None:
    # A diverged run need not pass: it is judged by its chance score, so that a method gains nothing by diverging.
    if gate.of:
        runs = _runs_beside(gate.of, scores, runs)
    judged = {run.path: run for run in runs if run.status != "diverged"}
    measured = [
        score
        for score in scores
        if score.metric == gate.metric
        and score.path in judged
        and all(holds(score.at.get(axis), condition) for axis, condition in gate.where.items())
    ]
    paths = {score.path for score in measured}
    for run in judged.values():
        if run.path not in paths:
            raise NotAssessable(
                f"{run.label}, case {run.case}, seed {run.seed}: no {gate.metric}, by which the claim checks that the "
                "training task is learned"
            )
    for score in measured:
        sign = 1 if score.better == "higher" else -1
        if not sign * (score.value - gate.threshold) >= 0:
            raise NotAssessable(
                f"{score.run.label} has not learned its training task in case {score.run.case}, seed "
                f"{score.run.seed}: {gate.metric} {score.value:.4g}, needed {gate.threshold:g}"
            )


def _runs_beside(entrant: str, scores: Sequence[ScoreRow], runs: Sequence[RunRow]) -> list[RunRow]:
    """The runs of an entrant, without parameters from outside, in the cases and with the seeds of compared runs."""
    places = {(run.case, run.seed) for run in runs}
    found = {(score.run.case, score.run.seed): score.run for score in scores if score.run.label == entrant}
    if missing := sorted(places - found.keys()):
        case, seed = missing[0]
        raise NotAssessable(f"no record of {entrant}, case {case}, seed {seed}, by which the claim checks the task")
    return [found[place] for place in sorted(places)]
