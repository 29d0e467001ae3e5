"""Claims: a paper's sentences as testable hypotheses, in the words of `paper.toml`."""

import math
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field, model_validator

from harness.claims.conditions import Condition, flaw
from harness.core.spec import TierName
from harness.core.strict import Strict
from harness.records.scored import SPENT
from harness.stats.estimands import ALONG_AN_AXIS, RATIOS, WITHOUT_OPPONENT, Estimand, Name
from harness.stats.regions import HypothesisKind, Region

REHEARSALS: frozenset[TierName] = frozenset({"smoke", "quick"})
"""Tiers at which every claim is rehearsed, whatever tiers it names, and never judged."""

_OF_THE_CLAIM = ("id", "source", "says")


class Gate(Strict):
    """The score that a run must reach on some metric before it is compared, to show that it has learned its training
    task. `where` keeps some points of measurement."""

    metric: str
    threshold: float
    where: Mapping[str, Condition] = {}


class Part(Strict):
    """One hypothesis: the method `of` against each of the opponents `over` on a metric. It holds if it holds against
    all of them.

    `margin` is the smallest effect of interest; `lower` and `upper` bound `within`. All three are written as ratios
    where the estimand is the logarithm of a ratio. `good`, for `good_share`, is the share of the best value that a
    setting must reach to be good. `where` restricts axes (and `case`), `x` is the axis of a slope, `also` asks that a
    trend keep its direction on a second scale.
    """

    task: str
    tiers: tuple[TierName, ...]
    metric: str
    kind: HypothesisKind
    estimand: Name = "difference"
    of: str = ""
    over: tuple[str, ...] = ()
    margin: float | None = None
    lower: float | None = None
    upper: float | None = None
    where: Mapping[str, Condition] = {}
    x: str = ""
    loglog: bool = False
    good: float | None = None
    also: Literal["logit"] | None = None
    gate: Gate | None = None

    @property
    def opponents(self) -> tuple[str | None, ...]:
        """The opponents, each compared by itself; `(None,)` where the estimand has no opponent."""
        return (None,) if self.estimand in WITHOUT_OPPONENT else self.over

    @property
    def is_along_the_budget(self) -> bool:
        """Whether the hypothesis is about curves over the budget instead of final scores."""
        return self.estimand == "steps_ratio"

    @property
    def axis(self) -> str:
        """The axis along which scores are compared, "" where there is none."""
        return SPENT if self.is_along_the_budget else self.x

    @property
    def axes(self) -> set[str]:
        """All axes that the hypothesis names."""
        return {*self.where, self.axis} - {""}

    def is_about(self, tier: str) -> bool:
        """Whether the hypothesis is judged or rehearsed at a tier."""
        return tier in self.tiers or tier in REHEARSALS

    @property
    def scales(self) -> tuple[Literal["raw", "logit"], ...]:
        """The scales that the hypothesis is tested on; all must hold."""
        return ("raw", "logit") if self.also else ("raw",)

    def estimand_on(self, scale: str, better: Literal["higher", "lower"]) -> Estimand:
        """The estimand on one of the scales, given the metric's direction."""
        return Estimand(self.estimand, better, self.loglog, logit=scale == "logit", good=self.good or 1.0)

    def region_on(self, scale: str) -> Region:
        """The hypothesis on one of the scales. A margin has no meaning on the logit scale: only the direction holds."""
        if scale == "logit":
            return Region("greater", margin=0.0)
        is_ratio = self.estimand in RATIOS
        stated = {"margin": self.margin, "lower": self.lower, "upper": self.upper}
        bounds = {name: value for name, value in stated.items() if value is not None}
        return Region(self.kind, **{name: math.log(value) if is_ratio else value for name, value in bounds.items()})

    def flaws(self) -> list[str]:
        """Why the hypothesis cannot be tested as it is written, in words; empty if it can."""
        flaws = [*self._flaws_of_entrants(), *self._flaws_of_size()]
        if (self.estimand in ALONG_AN_AXIS) != bool(self.x):
            flaws.append(f"{self.estimand} needs the axis x" if not self.x else f"{self.estimand} has no axis x")
        if self.loglog and self.estimand != "slope":
            flaws.append(f"loglog belongs to slope, not to {self.estimand}")
        if (self.estimand == "good_share") != (self.good is not None):
            verb = "needs" if self.good is None else "has no"
            flaws.append(f"{self.estimand} {verb} good, a share of the best value")
        elif self.good is not None and not 0 < self.good <= 1:
            flaws.append(f"good = {self.good:g} must be a share, above 0 and at most 1")
        if self.also and (self.kind != "greater" or self.estimand in RATIOS or self.loglog):
            flaws.append(
                "also = 'logit' tests the direction of a share's trend: kind must be greater, without logarithms"
            )
        if not self.tiers:
            flaws.append("tiers is empty")
        for place, where in {"where": self.where, "gate.where": self.gate.where if self.gate else {}}.items():
            flaws += [f"{place}.{axis}: {words}" for axis, condition in where.items() if (words := flaw(condition))]
        return flaws

    def _flaws_of_entrants(self) -> list[str]:
        flaws = [] if self.of else ["of is missing"]
        if self.estimand in WITHOUT_OPPONENT and self.over:
            flaws.append(f"{self.estimand} is about one entrant and takes no over")
        if self.estimand not in WITHOUT_OPPONENT and not self.over:
            flaws.append(f"over is missing: {self.estimand} needs an opponent")
        if self.of in self.over:
            flaws.append(f"{self.of} is compared with itself")
        return flaws

    def _flaws_of_size(self) -> list[str]:
        is_ratio = self.estimand in RATIOS
        if self.kind == "within":
            bounds = [bound for bound in (self.lower, self.upper) if bound is not None]
            flaws = [] if bounds else ["within needs lower, upper or both"]
            if sorted(bounds) != bounds or len(set(bounds)) != len(bounds):
                flaws.append(f"lower = {self.lower} must be smaller than upper = {self.upper}")
            if is_ratio and any(bound <= 0 for bound in bounds):
                flaws.append(f"bounds of {self.estimand} are written as ratios and must be positive")
            return [*flaws, *(["within has no margin"] if self.margin is not None else [])]
        if self.lower is not None or self.upper is not None:
            return [f"lower and upper belong to within, not to {self.kind}"]
        if self.margin is None:
            return ["margin is missing: the smallest effect of interest"]
        if is_ratio and self.margin <= 1:
            return [f"margin = {self.margin:g}: margins of {self.estimand} are written as ratios, above 1"]
        return [] if self.margin > 0 else [f"margin = {self.margin:g} must be positive"]


class Claim(Strict):
    """A paper's claim. It is reproduced if all parts are, contradicted if any is.

    In the file, a claim has the fields of a part; each `[[claim.part]]` inherits them and replaces those that it states
    itself.
    """

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    source: str
    says: str = ""
    parts: tuple[Part, ...] = Field(min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _inherit(cls, written: Any) -> Any:
        if not isinstance(written, Mapping) or "parts" in written:
            return written
        parts = written.get("part", [{}])
        if not isinstance(parts, list) or not all(isinstance(part, Mapping) for part in parts):
            raise ValueError("the parts of a claim are written as [[claim.part]] tables")
        shared = {name: value for name, value in written.items() if name not in (*_OF_THE_CLAIM, "part")}
        claim = {name: written[name] for name in _OF_THE_CLAIM if name in written}
        return {**claim, "parts": [{**shared, **part} for part in parts]}
