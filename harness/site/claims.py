"""The page of claims: every claim with what was compared, its findings and its verdict, at every tier."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple

from markupsafe import Markup

from harness.claims.finding import Finding
from harness.claims.paper import Citation
from harness.claims.verdict import Verdict
from harness.core.spec import TIERS, TierName
from harness.site import wording
from harness.site.addresses import anchor, task_page
from harness.site.drawing import finding_drawing
from harness.site.marks import Mark, mark_of
from harness.site.material import Material


class FindingView(NamedTuple):
    """A finding: what was compared, what was asked and found, in each case too, on what; and its outcome, with what is
    meant by the marks that qualify it."""

    mark: Mark
    compared: str
    asked: str
    found: str
    by_case: Sequence[str]
    place: str
    text: str
    details: Sequence[str]
    drawing: Markup


class Judged(NamedTuple):
    """A claim at a tier, with the address of its task's page ("" where there is none)."""

    tier: TierName
    mark: Mark
    text: str
    findings: Sequence[FindingView]
    link: str


class ClaimView(NamedTuple):
    """A claim; `elsewhere` are tiers that it is about and that have no records."""

    place: str
    name: str
    says: str
    source: str
    tasks: Sequence[str]
    judged: Sequence[Judged]
    elsewhere: Sequence[str]


class PaperClaims(NamedTuple):
    """A paper with its claims."""

    name: str
    citation: Citation
    authors: str
    claims: Sequence[ClaimView]


def claims(material: Material) -> list[PaperClaims]:
    """What the page of claims shows: the papers with claims on the tasks."""
    papers = [
        PaperClaims(name, paper.paper, authors_of(paper.paper), list(_claims(material, name)))
        for name, paper in material.papers.items()
    ]
    return [paper for paper in papers if paper.claims]


def authors_of(citation: Citation) -> str:
    """The authors as one text."""
    return citation.authors if isinstance(citation.authors, str) else ", ".join(citation.authors)


def _claims(material: Material, paper: str) -> Iterable[ClaimView]:
    by_claim: dict[str, list[tuple[TierName, Verdict]]] = {}
    for tier in material.tiers:
        for verdict in material.verdicts[tier].get(paper, ()):
            by_claim.setdefault(verdict.claim.id, []).append((tier, verdict))
    for name, verdicts in by_claim.items():
        claim = verdicts[0][1].claim
        judged = [_judged(material, tier, verdict) for tier, verdict in verdicts if material.is_told(verdict, tier)]
        about = {tier for part in claim.parts for tier in part.tiers}
        yield ClaimView(
            place=anchor(paper, name),
            name=name.replace("_", " "),
            says=claim.says,
            source=claim.source,
            tasks=sorted(claim.tasks),
            judged=judged,
            elsewhere=[tier for tier in TIERS if tier in about - {at.tier for at in judged}],
        )


def _judged(material: Material, tier: TierName, verdict: Verdict) -> Judged:
    task = next((task for task in sorted(verdict.claim.tasks) if material.chapter(task, tier)), "")
    findings = [_finding(finding, tier) for finding in verdict.findings if finding.values or finding.reason]
    return Judged(tier, mark_of(verdict), verdict.text, findings, task_page(task, tier) if task else "")


def _finding(finding: Finding, tier: str) -> FindingView:
    design = f"; {finding.design}" if finding.design else ""
    return FindingView(
        mark=mark_of(finding),
        compared=f"{wording.compared(finding)}{design}",
        asked=wording.asked(finding.part, finding.scale),
        found=wording.found(replace(finding, by_case=())),
        by_case=list(wording.by_case(finding)),
        place=wording.place(finding, tier),
        text=finding.text,
        details=[f"{mark.name}: {mark.details}" for mark in finding.marks if mark.details],
        drawing=finding_drawing(finding),
    )
