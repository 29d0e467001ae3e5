"""Findings: one hypothesis of a claim, against one opponent, on one scale, judged on comparable scores."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import numpy as np

from harness.claims.claim import Part
from harness.claims.conditions import Condition
from harness.claims.marks import CaseEstimate, Mark
from harness.stats.estimands import RATIOS
from harness.stats.intervals import NO_INTERVAL, Interval
from harness.stats.regions import Conclusion

Judgement: TypeAlias = Literal[Conclusion, "not assessable", "rehearsal"]
Leaning: TypeAlias = Literal["for", "against", ""]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What the evidence says about one hypothesis.

    `values` has one number for each of `seeds`, on the estimand's scale: a logarithm where `ratio`. `interval` (90 %,
    over seeds, within the metric's range) and `p` are n/a for one seed and for counted metrics; `level` is how often,
    at most, such evidence passes a bound by chance. `items` is the interval over items. `by_case` has the estimate in
    each of several cases. `marks` qualify the outcome. `settles_at` is the number of new seeds that would decide an
    inconclusive finding: infinite beyond 99, NaN where it is unknown. `better` and `unit` are the metric's. `where` has
    the part's conditions, without alternatives that nothing fulfils here. `paths` leads to every record used.
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
    level: float = math.nan
    items: Interval = NO_INTERVAL
    by_case: tuple[CaseEstimate, ...] = ()
    marks: tuple[Mark, ...] = ()
    better: Literal["higher", "lower", ""] = ""
    unit: str = ""
    design: str = ""
    where: Mapping[str, Condition] = field(default_factory=dict)
    cases: tuple[str, ...] = ()
    budgets: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()

    @property
    def conditions(self) -> Mapping[str, Condition]:
        """The part's conditions, without alternatives that are known to be fulfilled by nothing here."""
        return self.where or self.part.where

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
        marks = [mark.name for mark in self.marks]
        if self.outcome in ("inconclusive", "rehearsal"):
            return undecided(self.outcome, self.leaning, self.settles_at, marks)
        return qualified(self.outcome, [self.reason, self.detail, *marks])


def qualified(outcome: str, qualifiers: Iterable[str]) -> str:
    """An outcome with what qualifies it in brackets; empty qualifiers are left out."""
    text = "; ".join(filter(None, qualifiers))
    return f"{outcome} ({text})" if text else outcome


def undecided(outcome: Judgement, leaning: Leaning, seeds: float, marks: Iterable[str] = ()) -> str:
    """A rehearsal or an inconclusive outcome in words, given how many new seeds would settle it, and its marks."""
    if outcome == "rehearsal":
        return qualified(f"rehearsal: leaning {leaning}", marks)
    settling = f"{seeds:.0f} new seeds may settle it" if math.isfinite(seeds) else "99 new seeds would not settle it"
    return qualified(outcome, [f"leaning {leaning}", "seeds needed: n/a" if math.isnan(seeds) else settling, *marks])
