"""The verdicts on the papers' claims as text and as JSON, with all that is needed to judge them."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tabulate import tabulate

from harness.claims.chance import expected_errors
from harness.claims.conditions import spelled
from harness.claims.finding import Finding
from harness.claims.verdict import Verdict
from harness.core.card import Card
from harness.core.words import counted
from harness.site import wording
from harness.tables.formats import plain

OUTCOMES = (
    "reproduced",
    "smaller",
    "contradicted",
    "inconclusive",
    "leaning for",
    "leaning against",
    "not assessable",
)
"""The columns of the board."""
HEADERS = ("paper", "claim", "verdict", "compared", "asked", "found, with a 90 % interval", "on")
NEW_SEEDS = (
    "To settle an inconclusive claim, plan a new set of as many seeds as its row says, and judge these alone: "
    "`harness run --first-seed 100 --seeds N`, then `harness claims --first-seed 100 --seeds N`. If mean and spread "
    "stay as they are, that settles it in about half of all cases. Do not add seeds until a verdict comes: that "
    "multiplies errors."
)


HOW_TO_READ = (
    "*Compared*: signs are chosen so that a positive difference and a ratio above 1 favour the claim, whichever way "
    "the metric's arrow points; *controlled*: both sides share all but the compared part, and had as many tuning "
    "trials. *Asked*: a bound is passed if the interval and the exact test (p at most .05; with 5 seeds it is never "
    "below .031) both pass it. A claim with several comparisons shows the one that decides; the others stand "
    "further below, by claim, after the words for metrics and cases. What verdicts and the marks in brackets mean: "
    "docs/claims.md."
)


def as_markdown(verdicts: Mapping[str, Sequence[Verdict]], tier: str, cards: Mapping[str, Card]) -> str:
    """The verdicts at a tier, by paper: the board, a row for each claim, what metrics and cases are according to the
    tasks' cards, then what each verdict rests on, finding by finding."""
    rows = [row(paper, verdict) for paper, of_paper in verdicts.items() for verdict in of_paper]
    # Cells are not padded to equal widths, so that a change of one row changes one line.
    table = [f"| {' | '.join(cells)} |" for cells in (HEADERS, ["---"] * len(HEADERS), *rows)]
    lines = [f"# Claims at tier {tier}", "", board(verdicts), "", HOW_TO_READ, "", *table, "", *summary(verdicts)]
    lines += glossary(verdicts, cards)
    for paper, of_paper in verdicts.items():
        for verdict in of_paper:
            claim = verdict.claim
            lines += ["", f"## {paper}: {claim.id}", "", f"{claim.says} ({claim.source})", ""]
            lines += [line for finding in verdict.findings for line in _details(finding, tier)]
    return "\n".join(lines) + "\n"


def board(verdicts: Mapping[str, Sequence[Verdict]]) -> str:
    """A table with a row for each paper: how many of its claims came out how, and where those that were rehearsed
    lean."""
    counts = {paper: Counter(map(_outcome, of_paper)) for paper, of_paper in verdicts.items()}
    outcomes = [outcome for outcome in OUTCOMES if any(count[outcome] for count in counts.values())]
    tasks = {paper: {task for verdict in verdicts[paper] for task in verdict.claim.tasks} for paper in counts}
    rows = [
        [paper, ", ".join(sorted(tasks[paper])), *(str(count[outcome] or "") for outcome in outcomes)]
        for paper, count in counts.items()
    ]
    align = ("left", "left", *("right" for _ in outcomes))
    return tabulate(rows, ("paper", "task", *outcomes), tablefmt="github", disable_numparse=True, colalign=align)


def glossary(verdicts: Mapping[str, Sequence[Verdict]], cards: Mapping[str, Card]) -> list[str]:
    """The metrics and the cases that claims were judged on, and what they are, task by task."""
    used = [finding for of_paper in verdicts.values() for verdict in of_paper for finding in verdict.findings]
    lines = []
    for task, card in cards.items():
        of_task = [finding for finding in used if finding.part.task == task]
        metrics = {finding.part.metric for finding in of_task}
        cases = {case for finding in of_task for case in finding.cases}
        told = [(name, metric.about) for name, metric in card.metrics.items() if name in metrics]
        told += [(case.id, case.about) for case in card.cases if case.id in cases]
        lines += ["", f"## Words: {task}", "", *(f"- `{name}`: {about}" for name, about in told)] if told else []
    return lines


def as_json(verdicts: Mapping[str, Sequence[Verdict]], tier: str) -> Any:
    """The verdicts as plain values; null where a value is not available."""
    claims = [
        {
            "paper": paper,
            "claim": verdict.claim.id,
            "source": verdict.claim.source,
            "says": verdict.claim.says,
            "outcome": verdict.outcome,
            "text": verdict.text,
            "findings": [_finding_as_json(finding, tier) for finding in verdict.findings],
            "records": verdict.paths,
        }
        for paper, of_paper in verdicts.items()
        for verdict in of_paper
    ]
    return plain({"tier": tier, "claims": claims})


def row(paper: str, verdict: Verdict) -> list[str]:
    """The row of a claim, which can be read alone: what was compared with what, on what, and what came out. Of several
    comparisons it shows the one that decides, and says how many others there are."""
    finding, claim = verdict.deciding, verdict.claim
    others = len(verdict.findings) - 1
    more = f"; decides among {others + 1} comparisons" if others else ""
    return [
        paper,
        f"{claim.says} ({claim.source}; `{claim.id}`)",
        verdict.text,
        f"{wording.compared(finding)}{more}" + (f"; {finding.design}" if finding.design else ""),
        wording.asked(finding.part, finding.scale),
        wording.found(finding),
        wording.place(finding, verdict.tier),
    ]


def summary(verdicts: Mapping[str, Sequence[Verdict]]) -> list[str]:
    """How many claims came out how, how many would by chance, and what intervals, p and numbers of seeds assume."""
    every = [verdict for of_paper in verdicts.values() for verdict in of_paper]
    counts: Counter[str] = Counter(verdict.outcome for verdict in every)
    order = ("reproduced", "smaller", "contradicted", "inconclusive", "not assessable", "rehearsal")
    by_outcome = ", ".join(f"{counts[outcome]} {outcome}" for outcome in order if counts[outcome]) or "no claims"
    errors = expected_errors(every)
    judged = counted(errors.judged, "judged claim")
    by_chance = (
        f"If each of {judged} lay at the boundary of not holding, chance would reproduce at most "
        f"{errors.reproduced:.1f}; if each lay at the boundary of holding, it would contradict, or find smaller, at "
        f"most {errors.refuted:.1f}. (By chance, a comparison passes its boundary in at most 1 of 32 cases with 5 "
        "seeds, in 12 of 256 with 8, and never where a metric is counted; a claim is reproduced if all its "
        "comparisons pass, and contradicted if any does.)"
    )
    sentences = (
        f"{by_outcome}.",
        by_chance if errors.judged else "",
        "Intervals and p are over seeds and assume symmetric differences; p is one-sided, for what is asked. Where "
        "differences are skewed, errors are more frequent: docs/claims.md says how much, and what each word means.",
        NEW_SEEDS if counts["inconclusive"] else "",
        "At this tier every verdict is a rehearsal." if counts["rehearsal"] else "",
    )
    return [sentence for sentence in sentences if sentence]


def _outcome(verdict: Verdict) -> str:
    return f"leaning {verdict.leaning}" if verdict.outcome == "rehearsal" else verdict.outcome


def _details(finding: Finding, tier: str) -> Iterator[str]:
    part = finding.part
    where = f", where {spelled(finding.conditions)}" if finding.conditions else ""
    asked = wording.asked(part, finding.scale)
    yield f"- {wording.compared(finding)}{where}; asked: {asked}: {finding.text}"
    if "no record" in finding.reason:
        yield f"  `{wording.command(finding, tier)}`"
    if finding.values:
        over_items = wording.interval(part, *finding.items) or " n/a"
        by_seed = ", ".join(wording.value(part, number) for number in finding.values)
        yield f"  {wording.estimate(finding)}, over items{over_items}; by seed: {by_seed}"
        if cases := ", ".join(wording.by_case(finding)):
            yield f"  by case: {cases}"
        yield from (f"  {mark.name}: {mark.details}" for mark in finding.marks if mark.details)
        budget = ", ".join(finding.budgets) or "none"
        yield (
            f"  n = {finding.n} seeds, cases {', '.join(finding.cases)}, budget {budget}, "
            f"device {', '.join(finding.devices)}; {finding.design or 'one entrant'}"
        )


def _finding_as_json(finding: Finding, tier: str) -> dict[str, Any]:
    part = finding.part
    return {
        **{name: getattr(part, name) for name in ("metric", "estimand", "kind", "of")},
        "over": finding.opponent,
        "where": spelled(finding.conditions),
        "compared": wording.compared(finding),
        "asked": wording.asked(part, finding.scale),
        "found": wording.found(finding),
        "on": wording.place(finding, tier),
        **{name: getattr(finding, name) for name in ("scale", "outcome", "text", "estimate", "interval")},
        "items_interval": finding.items,
        "marks": [mark._asdict() for mark in finding.marks],
        "by_case": [case._asdict() for case in finding.by_case],
        **{name: getattr(finding, name) for name in ("p", "seeds", "values", "cases", "budgets", "devices")},
        "comparison": finding.design,
    }
