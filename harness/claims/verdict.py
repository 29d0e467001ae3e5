"""Verdicts: whether a claim holds on what the records say, and how many claims would come out by chance."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from harness.claims.claim import Claim, Part
from harness.claims.contrast import Query, Scope
from harness.claims.finding import Finding, ItemScores, Judgement, Leaning, find, settling
from harness.claims.preconditions import Rules, check_preconditions
from harness.records.scored import Scored
from harness.stats.estimands import NotAssessable
from harness.stats.intervals import ALPHA

_NO_RULES: Mapping[str, Rules] = MappingProxyType({})


@dataclass(frozen=True)
class Verdict:
    """The verdict on a claim at a tier, with the findings that it rests on: one for each part, opponent and scale."""

    claim: Claim
    tier: str
    findings: tuple[Finding, ...]

    @property
    def outcome(self) -> Judgement:
        """`reproduced` if all findings are, `contradicted` if any is; else what keeps it from being decided."""
        outcomes = [finding.outcome for finding in self.findings]
        order: tuple[Judgement, ...] = ("contradicted", "not assessable", "inconclusive", "rehearsal")
        return next((outcome for outcome in order if outcome in outcomes), "reproduced")

    @property
    def deciding(self) -> Finding:
        """The finding that decides: of those with the verdict's outcome the one with the largest p, else the first."""
        candidates = [finding for finding in self.findings if finding.outcome == self.outcome]
        return max(candidates, key=lambda finding: -1.0 if math.isnan(finding.p) else finding.p)

    @property
    def leaning(self) -> Leaning:
        """Where an inconclusive claim, or a rehearsal, leans: `for` if every undecided finding does."""
        if self.outcome not in ("inconclusive", "rehearsal"):
            return ""
        return "against" if any(finding.leaning == "against" for finding in self.findings) else "for"

    @property
    def settles_at(self) -> float:
        """The number of seeds that would settle every undecided finding; NaN where one of them cannot say."""
        needed = [finding.settles_at for finding in self.findings if finding.outcome == "inconclusive"]
        return math.nan if not needed or any(map(math.isnan, needed)) else max(needed)

    @property
    def text(self) -> str:
        """The verdict in words."""
        if self.outcome == "inconclusive":
            return f"inconclusive (leaning {self.leaning}; {settling(self.settles_at)})"
        if self.outcome == "rehearsal":
            return f"rehearsal: leaning {self.leaning}"
        if self.outcome == "reproduced" and any(finding.on_these_items for finding in self.findings):
            return "reproduced (on these items)"
        return self.deciding.text

    @property
    def paths(self) -> tuple[str, ...]:
        """Every record that the verdict rests on."""
        return tuple(sorted({path for finding in self.findings for path in finding.paths}))


@dataclass(frozen=True)
class Board:
    """How many claims have which outcome; `by_chance` of the `assessed` would come out by chance."""

    counts: Mapping[Judgement, int]
    assessed: int
    by_chance: float


def judge(
    claim: Claim,
    scored: Scored,
    tier: str,
    rules: Mapping[str, Rules] = _NO_RULES,
    items: ItemScores | None = None,
) -> Verdict:
    """The verdict on a claim at a tier, from records alone. `rules` has what each task's card asks.

    At the tiers `smoke` and `quick` every claim is rehearsed, whatever tiers it names. Whatever keeps a claim from
    being judged is in the finding's `reason`; nothing is raised.
    """
    findings = [
        finding
        for part in claim.parts
        for finding in _findings(part, scored, tier, rules.get(part.task, Rules()), items)
    ]
    return Verdict(claim, tier, tuple(findings))


def board(verdicts: Iterable[Verdict]) -> Board:
    """The facts about several verdicts taken together. Rehearsals and what cannot be assessed are no tests."""
    outcomes: Sequence[Judgement] = [verdict.outcome for verdict in verdicts]
    order: tuple[Judgement, ...] = ("reproduced", "contradicted", "inconclusive", "not assessable", "rehearsal")
    assessed = sum(outcome not in ("not assessable", "rehearsal") for outcome in outcomes)
    return Board({outcome: outcomes.count(outcome) for outcome in order}, assessed, assessed * ALPHA)


def _findings(part: Part, scored: Scored, tier: str, rules: Rules, items: ItemScores | None) -> Iterator[Finding]:
    if words := part.flaws():
        yield Finding(part=part, reason="; ".join(words))
        return
    if not part.is_about(tier):
        yield Finding(part=part, reason=f"the claim is for tier {' or '.join(part.tiers)}, not {tier}")
        return
    curve = part.estimand == "steps_ratio"
    query = Query(part.task, tier, part.metric, part.where, part.x, curve)
    scope = Scope(scored, query, rules.planned.get(tier, {}))
    for over in part.opponents:
        try:
            contrast = scope.contrast(part.of, over)
            check_preconditions(part, scope, contrast, rules)
            yield from [find(part, scale, contrast, tier, items) for scale in part.scales]
        except NotAssessable as why:
            yield Finding(part=part, over=over or "", reason=str(why))
