"""Regions: what a claim's hypothesis asks of the evidence, and what the evidence decides."""

import math
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

import numpy as np

from harness.stats.intervals import ALPHA, Floats, Interval, t_interval, varies
from harness.stats.pvalues import signflip_p

HypothesisKind: TypeAlias = Literal["greater", "noninferior", "equivalent", "within"]
Conclusion: TypeAlias = Literal["reproduced", "smaller", "contradicted", "inconclusive"]

FEWEST_SEEDS = 5
"""With fewer no p-value reaches .05 (1/16 at 4, 1/32 at 5), so that no verdict is possible."""
MOST_SEEDS = 99


@dataclass(frozen=True)
class SeedEvidence:
    """One number a seed [n]: a bound is passed if the t interval and the exact test both pass it. Numbers that do not
    vary have no interval: the exact test alone decides."""

    values: Floats
    alpha: float = ALPHA

    @property
    def mean(self) -> float:
        return float(self.values.mean())

    def above(self, tau: float) -> bool:
        lo = t_interval(self.values, self.alpha).lo if varies(self.values) else self.mean
        return lo > tau and float(signflip_p(self.values, tau)) <= self.alpha

    def below(self, tau: float) -> bool:
        return SeedEvidence(-self.values, self.alpha).above(-tau)


@dataclass(frozen=True)
class CountEvidence:
    """One counted number a seed [n] (bytes, weights): a bound is passed if every seed passes it."""

    values: Floats

    @property
    def mean(self) -> float:
        return float(self.values.mean())

    def above(self, tau: float) -> bool:
        return bool(self.values.min() > tau)

    def below(self, tau: float) -> bool:
        return bool(self.values.max() < tau)


@dataclass(frozen=True)
class IntervalEvidence:
    """An interval alone, for instance over items: a bound is passed if the interval does not reach it."""

    mean: float
    interval: Interval

    def above(self, tau: float) -> bool:
        return self.interval.lo > tau

    def below(self, tau: float) -> bool:
        return self.interval.hi < tau


Evidence: TypeAlias = SeedEvidence | CountEvidence | IntervalEvidence
"""What is known about the mean of an estimand: its estimate, `mean`, and whether it is shown to lie `above` or `below`
a number."""


class Bound(NamedTuple):
    """One side of a hypothesis: the mean lies above, or below, `tau`."""

    side: Literal["above", "below"]
    tau: float

    def passed(self, evidence: Evidence) -> bool:
        """Whether the evidence shows it."""
        return evidence.above(self.tau) if self.side == "above" else evidence.below(self.tau)


class Decision(NamedTuple):
    """An outcome; `detail`: what contradicts `greater` is the `opposite` effect, or `no such effect`; what contradicts
    `equivalent` lies `above both bounds` or `below both bounds`; or what is shown although nothing is decided: `in the
    claimed direction`."""

    outcome: Conclusion
    detail: str = ""


@dataclass(frozen=True)
class Region:
    """A hypothesis about the mean of an estimand, on the estimand's scale.

    `margin` is the smallest effect of interest of `greater`, `noninferior` and `equivalent`; `lower` and `upper` bound
    `within`, infinite where not given. `no_effect` is the mean without any effect, NaN if there is none: bounds of
    `within` that lie to one side of it claim an effect of that size.
    """

    kind: HypothesisKind
    margin: float = math.nan
    lower: float = -math.inf
    upper: float = math.inf
    no_effect: float = math.nan

    @property
    def limits(self) -> tuple[float, float]:
        """Between which limits the mean is to lie; a side that is open has an infinite one."""
        match self.kind:
            case "greater":
                return 0.0, math.inf
            case "noninferior":
                return -self.margin, math.inf
            case "equivalent":
                return -self.margin, self.margin
            case "within":
                return self.lower, self.upper

    @property
    def required(self) -> tuple[Bound, ...]:
        """What must be shown for `reproduced`."""
        lower, upper = self.limits
        return _closed(Bound("above", lower), Bound("below", upper))

    @property
    def refuting(self) -> tuple[Bound, ...]:
        """What, if any of it is shown, makes it `contradicted`."""
        lower, upper = self.limits
        return _closed(Bound("below", self.margin if self.kind == "greater" else lower), Bound("above", upper))

    @property
    def smaller(self) -> tuple[Bound, ...]:
        """What must be shown for `smaller`: the claimed direction, and that the effect is smaller than claimed; nothing
        where no size is claimed."""
        if self.kind == "greater":
            none, lower, upper = 0.0, self.margin, math.inf
        else:
            none, lower, upper = self.no_effect, *self.limits
        if lower > none:
            return Bound("above", none), Bound("below", lower)
        return (Bound("below", none), Bound("above", upper)) if upper < none else ()

    def decide(self, evidence: Evidence) -> Decision:
        """The outcome: `smaller` where the claimed direction is shown and the claimed size is refuted.

        What `reproduced` requires and what refutes exclude each other, except for `greater`: an effect may be above 0
        and refuted as smaller than the margin.
        """
        if any(bound.passed(evidence) for bound in self.refuting):
            if self.smaller and all(bound.passed(evidence) for bound in self.smaller):
                return Decision("smaller")
            if self.kind == "equivalent":
                return Decision("contradicted", f"{'above' if evidence.above(self.margin) else 'below'} both bounds")
            if self.kind != "greater":
                return Decision("contradicted")
            return Decision("contradicted", "opposite" if evidence.below(0.0) else "no such effect")
        if all(bound.passed(evidence) for bound in self.required):
            return Decision("reproduced")
        is_towards = self.smaller and self.smaller[0].passed(evidence)
        return Decision("inconclusive", "in the claimed direction" if is_towards else "")

    def p_value(self, values: Floats) -> float:
        """The p with which `values` [n] show what is required: the largest where both sides are.

        NaN where n < 2.
        """
        if len(values) < 2:
            return math.nan
        one_sided = [
            signflip_p(values, bound.tau) if bound.side == "above" else signflip_p(-values, -bound.tau)
            for bound in self.required
        ]
        return float(max(one_sided))

    def leans_for(self, mean: float) -> bool:
        """Which outcome is nearer to an undecided mean: with `greater`, reproduced from half the margin upwards."""
        if self.kind == "greater":
            return mean > self.margin / 2
        return all(bound.passed(IntervalEvidence(mean, Interval(mean, mean))) for bound in self.required)

    def seeds_to_settle(self, values: Floats) -> float:
        """How many seeds with the mean and deviation of `values` [n] would decide: at least 5 and more than n.

        Infinity beyond 99; NaN where n < 2 or the seeds do not vary, since nothing can be said.
        """
        from scipy.special import stdtrit

        n = len(values)
        if n < 2 or not varies(values):
            return math.nan
        mean, deviation = float(values.mean()), float(values.std(ddof=1))
        numbers = np.arange(max(FEWEST_SEEDS, n + 1), MOST_SEEDS + 1)
        halves = stdtrit(numbers - 1, 1 - ALPHA) * deviation / np.sqrt(numbers)
        for number, half in zip(numbers.tolist(), halves.tolist(), strict=True):
            if self.decide(IntervalEvidence(mean, Interval(mean - half, mean + half))).outcome != "inconclusive":
                return float(number)
        return math.inf


def _closed(*bounds: Bound) -> tuple[Bound, ...]:
    return tuple(bound for bound in bounds if not math.isinf(bound.tau))
