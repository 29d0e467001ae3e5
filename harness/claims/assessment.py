"""Assessment: what comparable scores say about one hypothesis."""

import math
from collections import Counter
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from harness.claims.claim import REHEARSALS, Part
from harness.claims.comparison import Comparison
from harness.claims.finding import Finding, Judgement, Leaning
from harness.claims.marks import Mark, estimates_by_case, low_power, marks_of
from harness.claims.requirements import Requirements
from harness.records.scored import value_range
from harness.stats.estimands import OVER_ITEMS, Estimand, NotAssessable
from harness.stats.intervals import ALPHA, NO_INTERVAL, Floats, Interval, share_interval, t_interval, varies
from harness.stats.pvalues import attainable_level
from harness.stats.regions import (
    FEWEST_SEEDS,
    CountEvidence,
    Decision,
    Evidence,
    IntervalEvidence,
    Region,
    SeedEvidence,
)
from harness.stats.resampling import item_bootstrap, percentile_interval

if TYPE_CHECKING:
    import pandas as pd

ItemScores: TypeAlias = Callable[[str, str], Floats | None]
"""Finds the scores of single items: the array [items] beside the record at a path, by its name; None where it was not
kept."""


def assess(
    part: Part, scale: str, comparison: Comparison, tier: str, required: Requirements, items: ItemScores | None = None
) -> Finding:
    """The finding on a comparison whose preconditions hold. Raises `NotAssessable` if its seeds do not vary.

    A diverged run is scored at chance or worse; nothing is shown with the help of such a score.
    """
    rows = comparison.method.rows
    estimand, region = part.estimand_on(scale, rows["better"].iloc[0]), part.region_on(scale)
    by_seed = estimand.per_seed(comparison.method, comparison.opponent)
    values: Floats = by_seed.to_numpy(dtype=np.float64)  # type: ignore[assignment]
    over_items = _item_interval(estimand, comparison, items)
    evidence = _evidence(estimand, comparison, values, over_items)
    is_by_seed = isinstance(evidence, SeedEvidence)
    over_items = evidence.interval if isinstance(evidence, IntervalEvidence) else over_items
    decision = region.decide(evidence)
    outcome, leaning = _judgement(region, decision, evidence.mean, tier)
    reason = _diverged(comparison) if outcome in ("reproduced", "smaller") else ""
    outcome = "not assessable" if reason else outcome
    by_case = estimates_by_case(estimand, comparison)
    marks = (
        *marks_of(estimand, region, comparison, by_seed, by_case, required),
        *_otherwise(region, evidence, over_items, outcome),
    )
    used = comparison.runs
    return Finding(
        part=part,
        opponent=comparison.opponent.label if comparison.opponent else "",
        scale=scale,
        outcome=outcome,
        reason=reason,
        detail=decision.detail if outcome in ("contradicted", "inconclusive") else "",
        leaning=leaning,
        settles_at=region.seeds_to_settle(values) if outcome == "inconclusive" and is_by_seed else math.nan,
        seeds=tuple(int(seed) for seed in by_seed.index),
        values=tuple(values.tolist()),
        interval=t_interval(values).cut(*_range(estimand, rows)) if is_by_seed else NO_INTERVAL,
        p=region.p_value(values) if is_by_seed else math.nan,
        level=_level(evidence),
        items=over_items,
        by_case=by_case,
        marks=marks,
        better=rows["better"].iloc[0],
        unit=rows["unit"].iloc[0],
        design=comparison.design,
        where=comparison.where,
        cases=tuple(sorted(set(rows["case"]))),
        budgets=tuple(sorted({f"{run.budget:,} {run.unit}" for run in used if run.budget})),
        devices=tuple(sorted({run.device for run in used})),
        paths=tuple(sorted({run.path for run in used})),
    )


def _otherwise(region: Region, evidence: Evidence, over_items: Interval, outcome: Judgement) -> Iterator[Mark]:
    """Whether an interval by itself would decide otherwise; and whether more seeds were needed to decide at all."""
    is_decided = outcome in ("reproduced", "smaller", "contradicted") and not math.isnan(over_items.lo)
    if is_decided and region.decide(IntervalEvidence(evidence.mean, over_items)).outcome != outcome:
        yield Mark("on these items only", "the interval over items decides otherwise")
    if outcome == "inconclusive" and isinstance(evidence, SeedEvidence):
        if region.decide(IntervalEvidence(evidence.mean, t_interval(evidence.values))).outcome != outcome:
            yield Mark("not by the exact test", "the interval by itself would decide")
        yield from low_power(region, evidence.values)


def _evidence(estimand: Estimand, comparison: Comparison, values: Floats, over_items: Interval) -> Evidence:
    """What decides: counts, the seeds, or, where no score varies with the seed, the interval over items."""
    if comparison.method.rows["exact"].all():
        return CountEvidence(values)
    if len(values) < 2 or varies(values) or _varies(comparison):
        return SeedEvidence(values)
    over_items = _of_identical_shares(estimand, comparison, over_items)
    enough = len(values) >= FEWEST_SEEDS
    return IntervalEvidence(float(values.mean()), over_items if enough else NO_INTERVAL)


def _level(evidence: Evidence) -> float:
    """How often, at most, the evidence passes a bound that is the true mean, if differences are symmetric."""
    match evidence:
        case CountEvidence():
            return 0.0
        case SeedEvidence():
            return attainable_level(len(evidence.values), ALPHA)
        case IntervalEvidence():
            return ALPHA


def _range(estimand: Estimand, rows: "pd.DataFrame") -> tuple[float, float]:
    """Between which values a level, or a difference of two, can lie, as far as the metric says."""
    least, most = value_range(rows["better"].iloc[0], rows["unit"].iloc[0], float(rows["ceiling"].mean()))
    if estimand.name == "level" and not estimand.logit:
        return least, most
    return (
        (least - most, most - least) if estimand.name == "difference" and not estimand.logit else (-math.inf, math.inf)
    )


def _judgement(region: Region, decision: Decision, mean: float, tier: str) -> tuple[Judgement, Leaning]:
    """The outcome at a tier; where it is undecided, also where it leans."""
    outcome: Judgement = "rehearsal" if tier in REHEARSALS else decision.outcome
    if outcome not in ("rehearsal", "inconclusive"):
        return outcome, ""
    is_undecided = decision.outcome == "inconclusive"
    leans_for = region.leans_for(mean) if is_undecided else decision.outcome == "reproduced"
    return outcome, "for" if leans_for else "against"


def _diverged(comparison: Comparison) -> str:
    """How many of the compared runs diverged, in words; "" if none did."""
    total = Counter(run.label for run in comparison.runs)
    diverged = Counter(run.label for run in comparison.runs if run.status == "diverged")
    counts = [f"{count} of {total[label]} runs of {label} diverged" for label, count in diverged.items()]
    return f"{', '.join(counts)} and stand at chance or worse" if counts else ""


def _varies(comparison: Comparison) -> bool:
    """Whether any compared score differs from seed to seed."""
    return any(bool((side.rows.groupby(["cell", "x"])["value"].nunique() > 1).any()) for side in comparison.sides)


def _of_identical_shares(estimand: Estimand, comparison: Comparison, over_items: Interval) -> Interval:
    """The interval over items that is used where all seeds have the same share."""
    rows = comparison.method.rows
    if not (rows["unit"] == "share").all() or estimand.logit:
        value = f"{comparison.method.label} has {rows['value'].iloc[0]:.6g} at every seed"
        raise NotAssessable(f"the seeds do not vary: {value}")
    if estimand.name == "level":
        once = rows[(rows["seed"] == rows["seed"].iloc[0]).to_numpy()]
        return share_interval(float((once["value"] * once["n_used"]).sum().round()), float(once["n_used"].sum()))
    if not over_items.lo < over_items.hi:
        raise NotAssessable("the seeds do not vary, and there is no interval over items instead")
    return over_items


def _item_interval(estimand: Estimand, comparison: Comparison, items: ItemScores | None) -> Interval:
    """The paired bootstrap over items, averaged over cells; `NO_INTERVAL` where an item score is lacking."""
    if items is None or estimand.logit or estimand.name not in OVER_ITEMS:
        return NO_INTERVAL
    draws = []
    for cell in comparison.method.rows["cell"].unique():
        scores = [_items_of_cell(side.rows[(side.rows["cell"] == cell).to_numpy()], items) for side in comparison.sides]
        if any(side is None or side.shape != scores[0].shape for side in scores):  # type: ignore[union-attr]
            return NO_INTERVAL
        draws.append(item_bootstrap(*scores))  # type: ignore[arg-type]
    sign = 1 if estimand.name == "level" else estimand.sign
    return percentile_interval(sign * np.mean(draws, axis=0))


def _items_of_cell(rows: "pd.DataFrame", items: ItemScores) -> Floats | None:
    """Item scores [seeds, items] of one cell, in order of seed; None unless all seeds have equally many."""
    ordered = rows.sort_values("seed")
    by_seed: list[Floats] = []
    for path, name in zip(ordered["path"], ordered["items"], strict=True):
        scores = items(path, name) if name else None
        if scores is None or (by_seed and scores.shape != by_seed[0].shape):
            return None
        by_seed.append(scores)
    return np.stack(by_seed).astype(np.float64)
