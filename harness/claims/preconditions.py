"""Preconditions: what cards ask of the compared runs themselves before a claim on them is judged."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from harness.claims.claim import Gate, Part
from harness.claims.conditions import matches
from harness.claims.contrast import Contrast, Scope
from harness.core.card import Card
from harness.core.spec import TierName
from harness.records.scored import AXIS
from harness.registry.find import Registry
from harness.registry.headers import inapplicable
from harness.stats.estimands import NotAssessable

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Rules:
    """What a task's card asks of the claims on it.

    `margins` says for a metric how far above chance a baseline must be, on average, with every seed above chance;
    metrics that it does not name are not checked, nor are scores without a chance value. `gate` is what a run must have
    learned, in the cases that measure it. `planned` has, by tier and case, who takes part: not in cases of times, which
    claims name.
    """

    margins: Mapping[str, float] = field(default_factory=dict)
    gate: Gate | None = None
    planned: Mapping[str, Mapping[str, frozenset[str]]] = field(default_factory=dict)


def check_preconditions(part: Part, scope: Scope, contrast: Contrast, rules: Rules) -> None:
    """Raises `NotAssessable` if the opponent is not above chance, or if a run did not learn its training task."""
    if contrast.over is not None and part.metric in rules.margins:
        rows = contrast.over.rows
        if contrast.curve:
            rows = rows.sort_values("x").groupby(["seed", "cell"]).tail(1).assign(x=0.0)
        _above_chance(contrast.over.label, rows, rules.margins[part.metric])
    if part.gate is not None:
        _learned(scope, contrast.runs, part.gate)
    elif rules.gate is not None:
        rows = _final(scope, rules.gate)
        measured = rows["case"][(rows["status"] == "ok").to_numpy()]
        _learned(scope, contrast.runs[contrast.runs["case"].isin(measured).to_numpy()], rules.gate)


def _above_chance(label: str, rows: "pd.DataFrame", margin: float) -> None:
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


def _learned(scope: Scope, runs: "pd.DataFrame", gate: Gate) -> None:
    # A diverged run is no escape: it scores chance and is judged.
    runs = runs[(runs["status"] != "diverged").to_numpy()]
    rows = _final(scope, gate)
    rows = rows[rows["path"].isin(runs["path"]).to_numpy()]
    if len(lacking := runs[~runs["path"].isin(rows["path"]).to_numpy()]):
        first = lacking.iloc[0]
        raise NotAssessable(f"{first['label']}, case {first['case']}, seed {first['seed']}: no {gate.metric}, its gate")
    if rows.empty:
        return
    sign = 1 if rows["better"].iloc[0] == "higher" else -1
    failed = rows[~(sign * (rows["value"] - gate.threshold) >= 0).to_numpy()]
    if len(failed):
        first = failed.iloc[0]
        raise NotAssessable(
            f"{first['label']} has not learned its training task in case {first['case']}, seed {first['seed']}: "
            f"{gate.metric} {first['value']:.4g}, needed {gate.threshold:g}"
        )


def _final(scope: Scope, gate: Gate) -> "pd.DataFrame":
    """The scores of a gate's metric where it is asked for, within the scope."""
    rows = scope.scores(gate.metric)
    for axis, condition in gate.where.items():
        rows = rows[matches(rows[AXIS + axis], condition)] if AXIS + axis in rows else rows.iloc[:0]
    return rows


def rules(registry: Registry) -> Mapping[str, Rules]:
    """What each task's card asks of claims: the margins above chance, and who takes part where."""
    return {
        task: Rules(
            {name: metric.margin for name, metric in card.metrics.items() if metric.margin is not None},
            planned={tier: _planned(registry, card, tier) for tier in card.tiers},
        )
        for task, card in registry.tasks.items()
    }


def _planned(registry: Registry, card: Card, tier: TierName) -> dict[str, frozenset[str]]:
    """Who takes part in each case of a tier that does not measure times."""
    resolved = [card.resolve(tier, case) for case in card.tiers[tier].cases]
    headers = registry.of_task(card.task).values()
    return {
        one.case.id: frozenset(header.name for header in headers if not inapplicable(header, one))
        for one in resolved
        if not one.case.exclusive
    }
