"""Findings: one hypothesis of a claim, against one opponent, on one scale, judged on comparable scores."""

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from harness.claims.claim import REHEARSALS, Part
from harness.claims.comparison import Comparison
from harness.stats.estimands import OVER_ITEMS, RATIOS, Estimand, NotAssessable
from harness.stats.intervals import NO_INTERVAL, Floats, Interval, share_interval, t_interval, varies
from harness.stats.regions import (
    FEWEST_SEEDS,
    Conclusion,
    CountEvidence,
    Decision,
    IntervalEvidence,
    Region,
    SeedEvidence,
)
from harness.stats.resampling import item_bootstrap, percentile_interval

if TYPE_CHECKING:
    import pandas as pd

Judgement: TypeAlias = Literal[Conclusion, "not assessable", "rehearsal"]
Leaning: TypeAlias = Literal["for", "against", ""]


ItemScores: TypeAlias = Callable[[str, str], Floats | None]
"""Finds the scores of single items: the array [items] beside the record at a path, by its name; None where it was not
kept."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What the evidence says about one hypothesis.

    `values` has one number for each of `seeds`, on the estimand's scale: a logarithm where `ratio`. `interval` (90 %,
    over seeds) and `p` are n/a for one seed and for counted metrics. `items` is the interval over items;
    `on_these_items` marks an outcome that this interval does not give, too. `settles_at` is the number of seeds that
    would decide an inconclusive finding: infinite beyond 99, NaN where it is unknown. `paths` leads to every record
    used.
    """

    part: Part
    opponent: str = ""
    scale: str = "raw"
    outcome: Judgement = "not assessable"
    detail: str = ""
    reason: str = ""
    leaning: Leaning = ""
    settles_at: float = math.nan
    seeds: tuple[int, ...] = ()
    values: tuple[float, ...] = ()
    interval: Interval = NO_INTERVAL
    p: float = math.nan
    items: Interval = NO_INTERVAL
    on_these_items: bool = False
    design: str = ""
    cases: tuple[str, ...] = ()
    budgets: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()

    @property
    def n(self) -> int:
        """Number of seeds."""
        return len(self.values)

    @property
    def estimate(self) -> float:
        """Mean over seeds; NaN without any."""
        return float(np.mean(self.values)) if self.values else math.nan

    @property
    def is_shown(self) -> bool:
        """Whether an effect in the claimed direction is shown, of whatever size."""
        return self.outcome in ("reproduced", "smaller") or bool(self.detail and self.outcome == "inconclusive")

    @property
    def ratio(self) -> bool:
        """Whether values, estimate and intervals are logarithms of ratios."""
        return self.part.estimand in RATIOS

    @property
    def text(self) -> str:
        """The outcome in words, with what qualifies it."""
        if self.outcome in ("inconclusive", "rehearsal"):
            return undecided(self.outcome, self.leaning, self.settles_at)
        qualifiers = [self.reason, self.detail, "on these items only" if self.on_these_items else ""]
        qualified = ", ".join(filter(None, qualifiers))
        return f"{self.outcome} ({qualified})" if qualified else self.outcome


def undecided(outcome: Judgement, leaning: Leaning, seeds: float) -> str:
    """A rehearsal or an inconclusive outcome in words, given the number of seeds that would settle it."""
    if outcome == "rehearsal":
        return f"rehearsal: leaning {leaning}"
    settling = f"{seeds:.0f} seeds would settle it" if math.isfinite(seeds) else "more than 99 seeds would settle it"
    return f"inconclusive (leaning {leaning}; {'seeds needed: n/a' if math.isnan(seeds) else settling})"


def assess(part: Part, scale: str, comparison: Comparison, tier: str, items: ItemScores | None = None) -> Finding:
    """The finding on a comparison whose preconditions hold. Raises `NotAssessable` if its seeds do not vary.

    A diverged run is scored at chance or worse; nothing is shown with the help of such a score.
    """
    rows = comparison.method.rows
    estimand, region = part.estimand_on(scale, rows["better"].iloc[0]), part.region_on(scale)
    by_seed = estimand.per_seed(comparison.method, comparison.opponent)
    values: Floats = by_seed.to_numpy(dtype=np.float64)  # type: ignore[assignment]
    mean, is_exact = float(values.mean()), bool(rows["exact"].all())
    over_items = _item_interval(estimand, comparison, items)
    if is_exact:
        decision = region.decide(CountEvidence(values))
    elif len(values) > 1 and not varies(values) and not _varies(comparison):
        over_items = _of_identical_shares(estimand, comparison, over_items)
        enough = len(values) >= FEWEST_SEEDS
        decision = region.decide(IntervalEvidence(mean, over_items)) if enough else Decision("inconclusive")
    else:
        decision = region.decide(SeedEvidence(values))
    outcome, leaning = _judgement(region, decision, mean, tier)
    reason = _diverged(comparison) if outcome in ("reproduced", "smaller") else ""
    outcome = "not assessable" if reason else outcome
    is_undecided = outcome == "inconclusive"
    is_shared = (
        math.isnan(over_items.lo) or region.decide(IntervalEvidence(mean, over_items)).outcome == decision.outcome
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
        settles_at=region.seeds_to_settle(values) if is_undecided and not is_exact else math.nan,
        seeds=tuple(int(seed) for seed in by_seed.index),
        values=tuple(values.tolist()),
        interval=NO_INTERVAL if is_exact else t_interval(values),
        p=math.nan if is_exact else region.p_value(values),
        items=over_items,
        on_these_items=outcome in ("reproduced", "smaller", "contradicted") and not is_shared,
        design=comparison.design,
        cases=tuple(sorted({run.case for run in used})),
        budgets=tuple(sorted({f"{run.budget:g} {run.unit}" for run in used})),
        devices=tuple(sorted({run.device for run in used})),
        paths=tuple(sorted({run.path for run in used})),
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
