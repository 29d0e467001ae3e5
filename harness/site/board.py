"""The board: the verdicts on the papers' claims, with all that a verdict must be read with."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from tabulate import tabulate

from harness.claims.conditions import spelled
from harness.claims.finding import Finding
from harness.claims.verdict import Verdict, board
from harness.stats.intervals import ALPHA
from harness.tables.grid import Entry, Grid

HEADERS = ("paper", "claim", "verdict", "estimate", "90 % interval", "p", "n", "method", "opponent")


def as_markdown(verdicts: Mapping[str, Sequence[Verdict]], tier: str) -> str:
    """The board of one tier: a row a claim, then what each verdict rests on, finding by finding."""
    rows = [_row(paper, verdict) for paper, claims in verdicts.items() for verdict in claims]
    lines = [
        f"# Claims at tier {tier}",
        "",
        tabulate(rows, HEADERS, tablefmt="github", disable_numparse=True),
        "",
        *summary(verdicts),
    ]
    for paper, claims in verdicts.items():
        for verdict in claims:
            lines += ["", f"## {paper}: {verdict.claim.id}", "", *_details(verdict)]
    return "\n".join(lines) + "\n"


def as_json(verdicts: Mapping[str, Sequence[Verdict]], tier: str) -> dict[str, Any]:
    """The board as plain values; what is not available is null."""
    return {
        "tier": tier,
        "claims": [
            {
                "paper": paper,
                "claim": verdict.claim.id,
                "source": verdict.claim.source,
                "says": verdict.claim.says,
                "outcome": verdict.outcome,
                "text": verdict.text,
                "findings": [_plain(finding) for finding in verdict.findings],
                "records": list(verdict.paths),
            }
            for paper, claims in verdicts.items()
            for verdict in claims
        ],
    }


def as_grid(verdicts: Mapping[str, Sequence[Verdict]], title: str) -> Grid:
    """The board's rows as a grid. Claims are said in the paper's sense; the name of each is its hint."""
    return Grid(
        title=title,
        headers=tuple(map(Entry, HEADERS[1:])),
        rows=tuple(
            (Entry(f"{verdict.claim.says} ({verdict.claim.source})", hint=f"{paper}: {name}"), *map(Entry, texts))
            for paper, claims in verdicts.items()
            for verdict in claims
            for _, name, *texts in [_row(paper, verdict)]
        ),
        words=2,
    )


def summary(verdicts: Mapping[str, Sequence[Verdict]]) -> list[str]:
    """How many claims came out how, and how many would by chance; a sentence each."""
    facts = board(verdict for claims in verdicts.values() for verdict in claims)
    counts = ", ".join(f"{count} {outcome}" for outcome, count in facts.counts.items() if count)
    return [
        f"{counts or 'no claims'}. Of {facts.assessed} judged claims {facts.by_chance:.1f} would come out by chance "
        f"at alpha = {ALPHA:g}. Intervals and p are over seeds and assume symmetric differences; p is one-sided. "
        "Seeds that would settle a claim: how many would, with this mean and spread; an even chance, no more.",
        *(["At this tier every verdict is a rehearsal."] if facts.counts["rehearsal"] else []),
    ]


def _row(paper: str, verdict: Verdict) -> list[str]:
    finding = verdict.deciding
    return [
        paper,
        verdict.claim.id,
        verdict.text,
        _shown(finding, finding.estimate),
        _interval(finding, finding.interval.lo, finding.interval.hi),
        "n/a" if math.isnan(finding.p) else f"{finding.p:.3g}",
        str(finding.n),
        finding.part.of,
        finding.over or "-",
    ]


def _details(verdict: Verdict) -> list[str]:
    lines = [f"{verdict.claim.says} ({verdict.claim.source})", ""]
    for finding in verdict.findings:
        part = finding.part
        against = f" over {finding.over}" if finding.over else ""
        scale = f" ({finding.scale} scale)" if finding.scale != "raw" else ""
        where = f", where {spelled(part.where)}" if part.where else ""
        what = f"`{part.metric}`, {part.estimand} of {part.of}{against}, {part.kind}{_bounds(finding)}{scale}{where}"
        lines.append(f"- {what}: {finding.text}")
        if finding.values:
            seeds = ", ".join(_shown(finding, value) for value in finding.values)
            lines.append(
                f"  {_shown(finding, finding.estimate)}, 90 % interval "
                f"{_interval(finding, finding.interval.lo, finding.interval.hi)}, "
                f"over items {_interval(finding, finding.items.lo, finding.items.hi)}; by seed: {seeds}"
            )
            lines.append(
                f"  n = {finding.n} seeds, cases {', '.join(finding.cases)}, budget {', '.join(finding.budgets)}, "
                f"device {', '.join(finding.devices)}; {finding.comparison or 'one entrant'}"
            )
    return lines


def _bounds(finding: Finding) -> str:
    part = finding.part
    bounds = {"margin": part.margin, "lower": part.lower, "upper": part.upper}
    return "".join(f", {name} {value:g}" for name, value in bounds.items() if value is not None)


def _shown(finding: Finding, value: float) -> str:
    """A value on the scale that it is written on: ratios as ratios."""
    if math.isnan(value):
        return "n/a"
    return f"x{math.exp(value):.3g}" if finding.ratio else f"{value:+.4g}"


def _interval(finding: Finding, lo: float, hi: float) -> str:
    return "n/a" if math.isnan(lo) else f"[{_shown(finding, lo)}, {_shown(finding, hi)}]"


def _plain(finding: Finding) -> dict[str, Any]:
    def number(value: float) -> float | None:
        return value if math.isfinite(value) else None

    return {
        "metric": finding.part.metric,
        "estimand": finding.part.estimand,
        "kind": finding.part.kind,
        "of": finding.part.of,
        "over": finding.over,
        "where": spelled(finding.part.where),
        "scale": finding.scale,
        "text": finding.text,
        "estimate": number(finding.estimate),
        "interval": [number(finding.interval.lo), number(finding.interval.hi)],
        "items_interval": [number(finding.items.lo), number(finding.items.hi)],
        "p": number(finding.p),
        "seeds": list(finding.seeds),
        "values": list(finding.values),
        "cases": list(finding.cases),
        "budgets": list(finding.budgets),
        "devices": list(finding.devices),
        "comparison": finding.comparison,
    }
