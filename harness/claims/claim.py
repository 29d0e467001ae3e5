"""Claims: a paper's sentences as testable hypotheses, in the words of `paper.toml`."""

import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

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
    """The score that runs must reach on some metric before anything is compared, to show that they have learned their
    training task. `where` keeps some points of measurement.

    `of` names another entrant than those that are compared, whose runs with the same cases and seeds must reach it: one
    that shows that the task can be learned. Without it every compared run must.
    """

    metric: str
    threshold: float
    where: Mapping[str, Condition] = {}
    of: str = ""


def _listed(gates: Any) -> Any:
    """A single gate as a list."""
    return [gates] if isinstance(gates, Mapping | Gate) else gates


class Part(Strict):
    """One hypothesis: the method `of` against each of the opponents `over` on a metric. It holds if it holds against
    all of them.

    `margin` is the smallest effect of interest; `lower` and `upper` bound `within`. All three are written as ratios
    where the estimand is the logarithm of a ratio. `no_effect` is the value that a level or a slope has without any
    effect (a difference has none at 0, a ratio at 1): bounds of `within` on one side of it claim an effect of that
    size. `good`, for `good_share`, is the share of the best value that a setting must reach to be good. `where`
    restricts axes (and `case`), `x` is the axis of a slope, `also` asks that a trend keep its direction on a second
    scale. `gate` is one gate or a list of them.
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
    no_effect: float | None = None
    where: Mapping[str, Condition] = {}
    x: str = ""
    loglog: bool = False
    good: float | None = None
    also: Literal["logit"] | None = None
    gate: Annotated[tuple[Gate, ...], BeforeValidator(_listed)] = ()

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
        compared = None if self.estimand in WITHOUT_OPPONENT else 1.0 if is_ratio else 0.0
        no_effect = compared if self.no_effect is None else self.no_effect
        stated = {"margin": self.margin, "lower": self.lower, "upper": self.upper, "no_effect": no_effect}
        bounds = {name: value for name, value in stated.items() if value is not None}
        return Region(self.kind, **{name: math.log(value) if is_ratio else value for name, value in bounds.items()})

    def flaws(self) -> list[str]:
        """Why the hypothesis cannot be tested as it is written, in words; empty if it can."""
        estimand, margin, good = self.estimand, *(math.nan if v is None else v for v in (self.margin, self.good))
        has_opponent, is_ratio, is_within = estimand not in WITHOUT_OPPONENT, estimand in RATIOS, self.kind == "within"
        has_axis, has_good = estimand in ALONG_AN_AXIS, estimand == "good_share"
        bounds = [bound for bound in (self.lower, self.upper) if bound is not None]
        is_ordered, is_positive = bounds == sorted(set(bounds)), min(bounds, default=1) > 0
        has_margin = not is_within and not bounds
        is_wrong = {
            "of is missing": not self.of,
            f"{estimand} is about one entrant and takes no over": not has_opponent and self.over,
            f"over is missing: {estimand} needs an opponent": has_opponent and not self.over,
            f"{self.of} is compared with itself": self.of in self.over,
            "within needs lower, upper or both": is_within and not bounds,
            f"lower = {self.lower} must be smaller than upper = {self.upper}": is_within and not is_ordered,
            f"bounds of {estimand} are written as ratios and must be positive": is_ratio and not is_positive,
            f"no_effect belongs to within, of a level or a slope, not to {self.kind} of {estimand}": (
                self.no_effect is not None and (has_opponent or not is_within)
            ),
            "within has no margin": is_within and self.margin is not None,
            f"lower and upper belong to within, not to {self.kind}": not is_within and bounds,
            "margin is missing: the smallest effect of interest": has_margin and self.margin is None,
            f"margin = {margin:g}: margins of {estimand} are written as ratios, above 1": (
                has_margin and is_ratio and margin <= 1
            ),
            f"margin = {margin:g} must be positive": has_margin and not is_ratio and margin <= 0,
            f"{estimand} needs the axis x": has_axis and not self.x,
            f"{estimand} has no axis x": not has_axis and self.x,
            f"loglog belongs to slope, not to {estimand}": self.loglog and estimand != "slope",
            f"{estimand} needs good, a share of the best value": has_good and self.good is None,
            f"{estimand} has no good, a share of the best value": not has_good and self.good is not None,
            f"good = {good:g} must be a share, above 0 and at most 1": has_good and (good <= 0 or good > 1),
            "also = 'logit' tests the direction of a share's trend: kind must be greater, without logarithms": (
                self.also and (self.kind != "greater" or is_ratio or self.loglog)
            ),
            "tiers is empty": not self.tiers,
        }
        for place, where in [("where", self.where), *(("gate.where", gate.where) for gate in self.gate)]:
            is_wrong |= {f"{place}.{axis}: {flaw(condition)}": flaw(condition) for axis, condition in where.items()}
        return [words for words, wrong in is_wrong.items() if wrong]


class Claim(Strict):
    """A paper's claim. It is reproduced if all parts are, contradicted if any is, and smaller if all are shown and some
    are smaller than claimed.

    In the file, a claim has the fields of a part; each `[[claim.part]]` inherits them and replaces those that it states
    itself.
    """

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    source: str
    says: str = ""
    parts: tuple[Part, ...] = Field(min_length=1)

    @property
    def tasks(self) -> set[str]:
        """The tasks that the claim is about."""
        return {part.task for part in self.parts}

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
