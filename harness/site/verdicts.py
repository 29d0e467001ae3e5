"""The verdicts on the papers' claims as text and as JSON, with all that is needed to judge them."""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tabulate import tabulate

from harness.claims.conditions import spelled
from harness.claims.finding import Finding
from harness.claims.verdict import Verdict
from harness.stats.intervals import ALPHA
from harness.tables.formats import plain

OUTCOMES = ("reproduced", "smaller", "contradicted", "inconclusive", "leaning for", "leaning against", "not assessable")
"""The columns of the board."""
HEADERS = ("paper", "claim", "verdict", "estimate", "90 % interval", "p", "n", "method", "opponent")


def as_markdown(verdicts: Mapping[str, Sequence[Verdict]], tier: str) -> str:
    """The verdicts at a tier, by paper: the board, a row for each claim, then what each verdict rests on, finding by
    finding."""
    rows = [_row(paper, verdict) for paper, of_paper in verdicts.items() for verdict in of_paper]
    table = tabulate(rows, HEADERS, tablefmt="github", disable_numparse=True)
    lines = [f"# Claims at tier {tier}", "", board(verdicts), "", table, "", *summary(verdicts)]
    for paper, of_paper in verdicts.items():
        for verdict in of_paper:
            claim = verdict.claim
            lines += ["", f"## {paper}: {claim.id}", "", f"{claim.says} ({claim.source})", ""]
            lines += [line for finding in verdict.findings for line in _details(finding)]
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
            "findings": [_finding_as_json(finding) for finding in verdict.findings],
            "records": verdict.paths,
        }
        for paper, of_paper in verdicts.items()
        for verdict in of_paper
    ]
    return plain({"tier": tier, "claims": claims})


def summary(verdicts: Mapping[str, Sequence[Verdict]]) -> list[str]:
    """How many claims came out how, how many would by chance, and what intervals, p and numbers of seeds assume."""
    counts: Counter[str] = Counter(verdict.outcome for of_paper in verdicts.values() for verdict in of_paper)
    judged = counts["reproduced"] + counts["smaller"] + counts["contradicted"] + counts["inconclusive"]
    order = ("reproduced", "smaller", "contradicted", "inconclusive", "not assessable", "rehearsal")
    by_outcome = ", ".join(f"{counts[outcome]} {outcome}" for outcome in order if counts[outcome]) or "no claims"
    by_chance = f"At alpha = {ALPHA:g}, chance alone would decide about {judged * ALPHA:.1f} of {judged} judged claims."
    sentences = (
        f"{by_outcome}.",
        by_chance if judged else "",
        "Intervals and p are over seeds and assume symmetric differences; p is one-sided.",
        "The number of seeds that would settle a claim assumes that mean and spread stay as they are; with that many, "
        "the chance to settle it is about even.",
        "At this tier every verdict is a rehearsal." if counts["rehearsal"] else "",
    )
    return [sentence for sentence in sentences if sentence]


def _outcome(verdict: Verdict) -> str:
    return f"leaning {verdict.leaning}" if verdict.outcome == "rehearsal" else verdict.outcome


def _row(paper: str, verdict: Verdict) -> list[str]:
    finding = verdict.deciding
    return [
        paper,
        verdict.claim.id,
        verdict.text,
        _value(finding, finding.estimate),
        _interval(finding, *finding.interval),
        "n/a" if math.isnan(finding.p) else f"{finding.p:.3g}",
        str(finding.n),
        finding.part.of,
        finding.opponent or "-",
    ]


def _details(finding: Finding) -> Iterator[str]:
    part = finding.part
    bounds = {"margin": part.margin, "lower": part.lower, "upper": part.upper}
    stated = "".join(f", {name} {value:g}" for name, value in bounds.items() if value is not None)
    over = f" over {finding.opponent}" if finding.opponent else ""
    scale = f" ({finding.scale} scale)" if finding.scale != "raw" else ""
    where = f", where {spelled(part.where)}" if part.where else ""
    yield f"- `{part.metric}`, {part.estimand} of {part.of}{over}, {part.kind}{stated}{scale}{where}: {finding.text}"
    if finding.values:
        by_seed = ", ".join(_value(finding, value) for value in finding.values)
        yield (
            f"  {_value(finding, finding.estimate)}, 90 % interval {_interval(finding, *finding.interval)}, "
            f"over items {_interval(finding, *finding.items)}; by seed: {by_seed}"
        )
        yield (
            f"  n = {finding.n} seeds, cases {', '.join(finding.cases)}, budget {', '.join(finding.budgets)}, "
            f"device {', '.join(finding.devices)}; {finding.design or 'one entrant'}"
        )


def _value(finding: Finding, value: float) -> str:
    """A value on the scale on which it is written: ratios as ratios."""
    if math.isnan(value):
        return "n/a"
    return f"x{math.exp(value):.3g}" if finding.ratio else f"{value:+.4g}"


def _interval(finding: Finding, lo: float, hi: float) -> str:
    return "n/a" if math.isnan(lo) else f"[{_value(finding, lo)}, {_value(finding, hi)}]"


def _finding_as_json(finding: Finding) -> dict[str, Any]:
    part = finding.part
    return {
        **{name: getattr(part, name) for name in ("metric", "estimand", "kind", "of")},
        "over": finding.opponent,
        "where": spelled(part.where),
        **{name: getattr(finding, name) for name in ("scale", "text", "estimate", "interval")},
        "items_interval": finding.items,
        **{name: getattr(finding, name) for name in ("p", "seeds", "values", "cases", "budgets", "devices")},
        "comparison": finding.design,
    }
