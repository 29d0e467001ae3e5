"""The first page: how the claims of each paper came out, and what the records cover."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from harness.claims.claim import REHEARSALS
from harness.claims.verdict import Verdict
from harness.core.spec import TierName
from harness.site.addresses import CLAIMS, anchor, task_page
from harness.site.marks import Mark, legend, mark_of
from harness.site.material import Material
from harness.site.rendering import Link


class Marked(NamedTuple):
    """A claim on the board: its mark, the verdict in words, and where more is said of it."""

    mark: Mark
    words: str
    link: str


class TierOfPaper(NamedTuple):
    """What became of a paper's claims at a tier, and how many came out how."""

    tier: TierName
    marks: Sequence[Marked]
    counts: str
    is_rehearsal: bool


class PaperRow(NamedTuple):
    """A paper on the board, with the pages of its tasks."""

    name: str
    title: str
    tasks: Sequence[Link]
    question: str
    tiers: Sequence[TierOfPaper]


def claim_place(paper: str, verdict: Verdict) -> str:
    """Where a claim stands on the page of claims."""
    return f"{CLAIMS}#{anchor(paper, verdict.claim.id)}"


def board(material: Material) -> dict[str, Any]:
    """What the first page shows, but for the number of runs and the day of the newest one."""
    judged = [tier for tier in material.tiers if tier not in REHEARSALS]
    judged.sort(key=lambda tier: -_decided(material, tier))
    shown = [
        verdict
        for tier in material.tiers
        for verdicts in material.verdicts[tier].values()
        for verdict in verdicts
        if material.is_told(verdict, tier)
    ]
    return {
        "papers": [_paper(material, name) for name in material.papers if _is_about(material, name)],
        "answers": [(tier, _counts(material, tier)) for tier in judged],
        "legend": legend(shown),
        "tiers": material.tiers,
        "coverage": [
            (material.cards[task].title, [_coverage(material, task, tier) for tier in material.tiers])
            for task in material.tasks
        ],
    }


def _is_about(material: Material, paper: str) -> bool:
    return any(paper in by_paper for by_paper in material.verdicts.values())


def _coverage(material: Material, task: str, tier: str) -> tuple[str, Mapping[str, int]]:
    """The page of a task at a tier ("" without records), and how many of its planned runs are in which state."""
    chapter = material.chapter(task, tier)
    return (task_page(task, tier), chapter.coverage) if chapter else ("", {})


def _paper(material: Material, name: str) -> PaperRow:
    by_tier = {tier: material.verdicts[tier].get(name, ()) for tier in material.tiers}
    tasks = sorted({task for verdicts in by_tier.values() for verdict in verdicts for task in verdict.claim.tasks})
    cards = [material.cards[task] for task in tasks if task in material.cards]
    tiers = []
    for tier, verdicts in by_tier.items():
        shown = [verdict for verdict in verdicts if material.is_told(verdict, tier)]
        if shown:
            marks = [
                Marked(mark_of(verdict), f"{_spoken(verdict)}: {verdict.text}", claim_place(name, verdict))
                for verdict in shown
            ]
            counts = Counter(marked.mark for marked in marks)
            said = ", ".join(f"{counts[mark]} {mark.name}" for mark in legend(shown))
            tiers.append(TierOfPaper(tier, marks, said, tier in REHEARSALS))
    links = [
        Link(f"{material.cards[task].title}, {tier}", task_page(task, tier))
        for task in tasks
        for tier in material.tiers
        if material.chapter(task, tier)
    ]
    return PaperRow(name, material.papers[name].paper.title, links, " ".join(card.question for card in cards), tiers)


def _spoken(verdict: Verdict) -> str:
    return verdict.claim.id.replace("_", " ")


def _counts(material: Material, tier: TierName) -> list[tuple[Mark, int]]:
    """How many of a tier's claims came out how, of those that have records there."""
    verdicts = [
        verdict
        for of_paper in material.verdicts[tier].values()
        for verdict in of_paper
        if material.is_told(verdict, tier)
    ]
    counts = Counter(map(mark_of, verdicts))
    return [(mark, counts[mark]) for mark in legend(verdicts)]


def _decided(material: Material, tier: TierName) -> int:
    """How many claims the records of a tier decide, one way or the other."""
    outcomes = [verdict.outcome for of_paper in material.verdicts[tier].values() for verdict in of_paper]
    return sum(outcome not in ("not assessable", "inconclusive") for outcome in outcomes)
