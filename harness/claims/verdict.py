"""Verdicts: whether a claim holds on what the records say."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from harness.claims.assessment import ItemScores, assess
from harness.claims.claim import Claim, Part
from harness.claims.comparison import PartScores
from harness.claims.finding import Finding, Judgement, Leaning, qualified, undecided
from harness.claims.marks import Mark
from harness.claims.preconditions import check_preconditions
from harness.claims.requirements import Requirements
from harness.core.words import counted
from harness.records.scored import Scored, TaskScores
from harness.records.submitted import Submitted, mark_of
from harness.stats.estimands import NotAssessable


@dataclass(frozen=True)
class Verdict:
    """The verdict on a claim at a tier, with the findings that it rests on: one for each part, opponent and scale."""

    claim: Claim
    tier: str
    findings: tuple[Finding, ...]

    @property
    def outcome(self) -> Judgement:
        """`reproduced` if all findings are, `contradicted` if any is; `smaller` if some effect is smaller than claimed
        and all are shown to be in the claimed direction; else the outcome that prevents a decision."""
        outcomes = [finding.outcome for finding in self.findings]
        is_smaller = "smaller" in outcomes and all(finding.is_shown for finding in self.findings)
        order: tuple[Judgement, ...] = ("contradicted", "not assessable", "inconclusive", "rehearsal")
        otherwise: Judgement = "smaller" if is_smaller else "reproduced"
        return next((outcome for outcome in order if outcome in outcomes and not is_smaller), otherwise)

    @property
    def is_judged(self) -> bool:
        """Whether the claim was judged at all: neither rehearsed nor not assessable."""
        return self.outcome in ("reproduced", "smaller", "contradicted", "inconclusive")

    @property
    def deciding(self) -> Finding:
        """The finding that decides: of those with the verdict's outcome the one with the largest p, else the first."""
        candidates = [finding for finding in self.findings if finding.outcome == self.outcome]
        return max(candidates, key=lambda finding: -1.0 if math.isnan(finding.p) else finding.p)

    @property
    def leaning(self) -> Leaning:
        """Where an inconclusive claim, or a rehearsal, leans: `for` if every finding that is not
        reproduced does."""
        if self.outcome not in ("inconclusive", "rehearsal"):
            return ""
        leans_against = (finding.leaning == "against" or finding.outcome == "smaller" for finding in self.findings)
        return "against" if any(leans_against) else "for"

    @property
    def settles_at(self) -> float:
        """The number of seeds that would settle every undecided finding; NaN where it is unknown for any of them."""
        needed = [finding.settles_at for finding in self.findings if finding.outcome == "inconclusive"]
        return math.nan if not needed or any(map(math.isnan, needed)) else max(needed)

    @property
    def text(self) -> str:
        """The verdict in words."""
        if self.outcome in ("inconclusive", "rehearsal"):
            return undecided(self.outcome, self.leaning, self.settles_at, self.marks)
        return qualified(self.outcome, [self.deciding.reason, self.deciding.detail, *self.marks])

    @property
    def marks(self) -> tuple[str, ...]:
        """What qualifies the outcome: the marks of the finding that decides, or, where all findings have to agree, of
        all that could be assessed."""
        rests_on = self.findings if self.outcome in ("reproduced", "smaller") else (self.deciding,)
        return tuple(dict.fromkeys(mark.name for finding in rests_on for mark in finding.marks))

    @property
    def paths(self) -> tuple[str, ...]:
        """Every record that the verdict rests on."""
        return tuple(sorted({path for finding in self.findings for path in finding.paths}))


def judge(
    claim: Claim,
    scored: Scored,
    tier: str,
    requirements: Mapping[str, Requirements] | None = None,
    items: ItemScores | None = None,
) -> Verdict:
    """The verdict on a claim at a tier, from records alone. `requirements` has what each task's card asks there.

    At the tiers `smoke` and `quick` every claim is rehearsed, whatever tiers it names. Whatever keeps a claim from
    being judged is in the finding's `reason`; nothing is raised.
    """
    findings: list[Finding] = []
    for part in claim.parts:
        required = (requirements or {}).get(part.task, Requirements())
        findings += _findings(part, scored, tier, required, items)
    return Verdict(claim, tier, tuple(findings))


def _findings(
    part: Part, scored: Scored, tier: str, required: Requirements, items: ItemScores | None
) -> Iterator[Finding]:
    better: Literal["higher", "lower", ""] = required.better.get(part.metric, "")
    flaws = part.flaws()
    if flaws or not part.is_about(tier):
        wrong_tier = f"the claim is for tier {' or '.join(part.tiers)}, not {tier}"
        yield Finding(part=part, reason="; ".join(flaws) or wrong_tier, better=better)
        return
    # A claim is about training under the same rules, of which files of predictions say nothing.
    of_task = scored.get((part.task, tier), TaskScores()).without_predictions()
    scores = PartScores(of_task, part, tier, required)
    for opponent in part.opponents:
        try:
            comparison = scores.compare(opponent)
            check_preconditions(part, of_task.scores, comparison, required)
            yield from [assess(part, scale, comparison, tier, required, items) for scale in part.scales]
        except NotAssessable as why:
            yield Finding(part=part, opponent=opponent or "", reason=str(why), better=better)


def marked_verdict(verdict: Verdict, marks: Mapping[str, Submitted]) -> Verdict:
    """A verdict whose findings say how far the records that others made were verified, given these by place."""
    return replace(verdict, findings=tuple(_marked_finding(finding, marks) for finding in verdict.findings))


def _marked_finding(finding: Finding, marks: Mapping[str, Submitted]) -> Finding:
    merged = sum(path in marks for path in finding.paths)
    if not merged:
        return finding
    details = f"others made {merged} of its {counted(len(finding.paths), 'record')}"
    return replace(finding, marks=(*finding.marks, Mark(mark_of(finding.paths, marks), details)))
