"""Numbers and findings in the words of the pages."""

import math
from collections.abc import Iterable

from harness.claims.conditions import spelled
from harness.claims.finding import Finding

MINUS, TIMES = "\N{MINUS SIGN}", "\N{MULTIPLICATION SIGN}"
_KINDS = {
    "greater": "is greater",
    "noninferior": "is not worse",
    "equivalent": "is the same",
    "within": "is within bounds",
}


def value_words(finding: Finding, value: float) -> str:
    """A value on the scale on which a finding is written: ratios as ratios."""
    if math.isnan(value):
        return "n/a"
    return f"{TIMES}{math.exp(value):.3g}" if finding.ratio else signed(value)


def interval_words(finding: Finding) -> str:
    """A finding's interval over seeds."""
    lo, hi = finding.interval
    return "n/a" if math.isnan(lo) else f"[{value_words(finding, lo)}, {value_words(finding, hi)}]"


def signed(value: float) -> str:
    """A number with its sign, four digits."""
    return f"{value:+.4g}".replace("-", MINUS)


def number(value: float, digits: int = 6) -> str:
    """A number with so many digits; `n/a` for NaN."""
    return "n/a" if math.isnan(value) else f"{value:.{digits}g}".replace("-", MINUS)


def hypothesis(finding: Finding) -> str:
    """What a finding tests: the estimand, of whom, over whom, and the smallest effect of interest or the bounds."""
    part = finding.part
    over = f" over {finding.opponent}" if finding.opponent else ""
    bounds = {"margin": part.margin, "at least": part.lower, "at most": part.upper}
    stated = ", ".join(f"{name} {value:g}" for name, value in bounds.items() if value is not None)
    where = f", where {spelled(part.where)}" if part.where else ""
    scale = f", {finding.scale} scale" if finding.scale != "raw" else ""
    kind = _KINDS.get(part.kind, part.kind)
    estimand = part.estimand.replace("_", " ")
    return f"{estimand} of {part.of}{over} {kind}" + (f" ({stated})" if stated else "") + where + scale


def circumstances(finding: Finding) -> str:
    """Under which conditions a finding was made."""
    facts = (
        named("case", finding.cases),
        named("budget", finding.budgets),
        named("device", finding.devices),
        finding.design,
    )
    return "; ".join(filter(None, facts))


def named(noun: str, values: Iterable[str]) -> str:
    """Values behind their noun; "" without any."""
    several = list(values)
    return f"{noun}{'s' * (len(several) > 1)} {', '.join(several)}" if several else ""
