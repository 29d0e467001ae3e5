"""Preconditions: what the compared runs must fulfil before a claim on them is judged."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from harness.claims.claim import Gate, Part
from harness.claims.comparison import Comparison
from harness.claims.conditions import holds
from harness.records.scored import RunRow, ScoreRow
from harness.registry.find import Registry
from harness.registry.headers import inapplicable
from harness.stats.estimands import NotAssessable

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Requirements:
    """What a task's card asks of the claims on it.

    `margins` says for a metric how far above chance a baseline must be, on average, with every seed above chance;
    metrics that it does not name are not checked, nor are scores without a chance value. `planned` has, by tier and
    case, who takes part; cases of times are not in it, since claims name these themselves.
    """

    margins: Mapping[str, float] = field(default_factory=dict)
    planned: Mapping[str, Mapping[str, frozenset[str]]] = field(default_factory=dict)


def requirements(registry: Registry) -> Mapping[str, Requirements]:
    """What each task's card asks of the claims on it."""
    required = {}
    for task, card in registry.tasks.items():
        headers = registry.of_task(task).values()
        planned: dict[str, dict[str, frozenset[str]]] = {tier: {} for tier in card.tiers}
        for tier, level in card.tiers.items():
            for resolved in (card.resolve(tier, case) for case in level.cases):
                if not resolved.case.exclusive:
                    takers = (header.name for header in headers if not inapplicable(header, resolved))
                    planned[tier][resolved.case.id] = frozenset(takers)
        margins = {name: metric.margin for name, metric in card.metrics.items() if metric.margin is not None}
        required[task] = Requirements(margins, planned)
    return required


def check_preconditions(
    part: Part, scores: Sequence[ScoreRow], comparison: Comparison, margins: Mapping[str, float]
) -> None:
    """Raises `NotAssessable` if the opponent is not above chance by the metric's margin, or if a run has not learned
    its training task, given all final scores of the task at the tier."""
    opponent = comparison.opponent
    if opponent is not None and part.metric in margins:
        rows = opponent.rows
        if part.is_along_the_budget:
            rows = rows.sort_values("x").groupby(["seed", "cell"]).tail(1).assign(x=0.0)
        _check_above_chance(opponent.label, rows, margins[part.metric])
    for gate in part.gate:
        _check_learned(gate, scores, comparison.runs)


def _check_above_chance(label: str, rows: "pd.DataFrame", margin: float) -> None:
    sign = 1 if rows["better"].iloc[0] == "higher" else -1
    mean = rows.groupby(["cell", "x"])[["value", "chance"]].mean().reset_index()
    for scores, least in ((rows, 0.0), (mean, margin)):
        low = scores[(sign * (scores["value"] - scores["chance"]) <= least).to_numpy()]  # without chance: NaN, passes
        if low.empty:
            continue
        first = low.iloc[0]
        place = f"{first['cell']}, x = {first['x']:g}" if first["x"] else first["cell"]
        place += f", seed {first['seed']}" if "seed" in first else ""
        raise NotAssessable(
            f"{label} is not above chance in {place}: {rows['metric'].iloc[0]} {first['value']:.4g}, "
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
