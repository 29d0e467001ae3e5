"""Hypotheses and findings in words and numbers, each so that it can be read without the others."""

import math
import shlex
from collections.abc import Iterator

import numpy as np

from harness.claims.claim import Part
from harness.claims.conditions import literals, spelled
from harness.claims.finding import Finding
from harness.core.words import counted
from harness.stats.estimands import RATIOS
from harness.tables.text import arrow

_MOST_CASES = 5
"""Estimates by case that a row has room for."""
_DIGITS, _MOST_DIGITS = 3, 6
"""Significant digits of a number, and of one that is near to another."""
_UNSIGNED = ("level", "slope")
"""Estimands that are written without a plus, since they are no differences."""


def compared(finding: Finding) -> str:
    """What was compared with what: the metric with its better direction, and both sides, so that a positive difference
    and a ratio above 1 favour the claim."""
    part = finding.part
    metric = f"{part.metric} {arrow(finding.better)}" if finding.better else part.metric
    opponent = finding.opponent or ", ".join(part.over)
    better, worse = (opponent, part.of) if finding.better == "lower" else (part.of, opponent)
    match part.estimand:
        case "difference":
            words = f"{metric}: {better} - {worse}"
        case "log_ratio":
            words = f"{metric}: {better} / {worse}"
        case "level":
            words = f"{metric} of {part.of}"
        case "slope":
            words = f"slope of {metric} of {part.of} along {part.x}{' (log-log)' if part.loglog else ' (per doubling)'}"
        case "gap_slope":
            words = f"{metric}: {better} - {worse}, its change with every doubling of {part.x}"
        case "steps_ratio":
            words = f"budget until the same {metric} on the validation split: {opponent} / {part.of}"
        case "good_share":
            words = f"share of settings with {part.good:.0%} of the best {metric}: {part.of} - {opponent}"
    return words + (" (logit scale)" if finding.scale == "logit" else "")


def asked(part: Part, scale: str = "raw") -> str:
    """What the claim asks of the number: its bounds, or the smallest effect of interest."""
    none = value(part, 0.0)
    if scale == "logit":
        return f"above {none}"
    margin = math.nan if part.margin is None else part.margin
    least = f"x{margin:g}" if part.estimand in RATIOS else f"{margin:g}"
    opposite = f"x{1 / margin:.3g}" if part.estimand in RATIOS else f"{-margin:g}"
    match part.kind:
        case "greater":
            return f"above {none}, and possibly {least} or more"
        case "noninferior":
            return f"above {opposite}"
        case "equivalent":
            return f"between {opposite} and {least}"
        case "within":
            sign = "x" if part.estimand in RATIOS else ""
            lower, upper = (None if bound is None else f"{sign}{bound:g}" for bound in (part.lower, part.upper))
            return (
                f"between {lower} and {upper}" if lower and upper else f"above {lower}" if lower else f"below {upper}"
            )


def found(finding: Finding) -> str:
    """What came out: the estimate with its interval, p and the number of seeds; by case where there are several."""
    if not finding.values:
        return "n/a"
    p = "" if math.isnan(finding.p) else f", p = {finding.p:.2g}"
    seeds = counted(finding.n, "seed")
    cases = "; ".join(by_case(finding)) if len(finding.by_case) <= _MOST_CASES else ""
    return f"{estimate(finding)}{p}, {seeds}" + (f" ({cases})" if cases else "")


def estimate(finding: Finding) -> str:
    """The estimate with its 90 % interval over seeds, if it has one: with so many digits that numbers that differ, the
    bounds among them, are written differently."""
    part, (lo, hi) = finding.part, finding.interval
    region = part.region_on(finding.scale)
    bounds = (*region.limits, *(() if math.isnan(region.margin) else (region.margin,)))
    numbers = {number for number in (finding.estimate, lo, hi, *bounds) if math.isfinite(number)}
    enough = (
        n
        for n in range(_DIGITS, _MOST_DIGITS + 1)
        if len({value(part, number, n) for number in numbers}) == len(numbers)
    )
    digits = next(enough, _DIGITS)
    return f"{value(part, finding.estimate, digits)}{interval(part, lo, hi, digits)}"


def by_case(finding: Finding) -> Iterator[str]:
    """The estimate in each case."""
    for case in finding.by_case:
        yield f"{case.case} {value(finding.part, case.estimate)}{interval(finding.part, *case.interval)}"


def place(finding: Finding, tier: str) -> str:
    """On what: cases, conditions, tier, device and budget."""
    conditions = {axis: condition for axis, condition in finding.conditions.items() if axis != "case"}
    cases = ", ".join(finding.cases) or spelled({n: c for n, c in finding.conditions.items() if n == "case"})
    facts = [cases, spelled(conditions), f"tier {tier}", ", ".join(finding.devices), ", ".join(finding.budgets)]
    return "; ".join(filter(None, [finding.part.task, *facts]))


def command(finding: Finding, tier: str) -> str:
    """The command that makes the missing runs of a comparison."""
    part = finding.part
    cases = sorted(literals(part.where["case"])) if "case" in part.where else []
    entrants = filter(None, [part.of, *([finding.opponent] if finding.opponent else part.over)])
    words = ["harness", "run", "--task", part.task, "--tier", tier, "--no-table"]
    words += [word for case in cases for word in ("--case", case)]
    return shlex.join([*words, *(word for entrant in entrants for word in ("--entrant", entrant))])


def value(part: Part, number: float, digits: int = _DIGITS) -> str:
    """A number on the scale on which it is written: ratios as ratios, differences with their sign."""
    if math.isnan(number):
        return "n/a"
    if part.estimand in RATIOS:
        return f"x{_decimal(math.exp(number), digits)}"
    sign = "+" if number > 0 and part.estimand not in _UNSIGNED else ""
    return f"{sign}{_decimal(number, digits)}"


def interval(part: Part, lo: float, hi: float, digits: int = _DIGITS) -> str:
    """An interval after its estimate; nothing where there is none."""
    return "" if math.isnan(lo) else f" [{value(part, lo, digits)}, {value(part, hi, digits)}]"


def _decimal(number: float, digits: int) -> str:
    """A number with so many significant digits, and without an exponent."""
    return np.format_float_positional(number, digits, unique=False, fractional=False, trim="-")
