"""Marks: what qualifies an outcome: that it hangs on one seed, rests on other seeds or on stale records, that seeds are
at chance, that cases disagree, or that seeds are too few for the margin."""

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from harness.claims.comparison import Comparison, final_rows
from harness.claims.requirements import Requirements, seeds_of_all
from harness.core.words import listed, seeds_in_words
from harness.stats.estimands import ALONG_AN_AXIS, WITHOUT_OPPONENT, Estimand, Side
from harness.stats.intervals import Floats, Interval, t_interval, varies
from harness.stats.power import power, seeds_for_power
from harness.stats.regions import FEWEST_SEEDS, IntervalEvidence, Region

if TYPE_CHECKING:
    import pandas as pd

_FEWEST_LEFT = 2
"""Seeds that an interval needs."""
_LOW_POWER = 0.5
"""Below it, what a claim asks for would more often be missed than shown."""


class Mark(NamedTuple):
    """A word or two for a row, and what is meant in detail."""

    name: str
    details: str = ""


class CaseEstimate(NamedTuple):
    """The estimand in one case: its mean over seeds, and the interval (of counted metrics, the range)."""

    case: str
    estimate: float
    interval: Interval


def estimates_by_case(estimand: Estimand, comparison: Comparison) -> tuple[CaseEstimate, ...]:
    """The estimand in each case by itself; none where there is one case, or where cases lie along the axis."""
    rows = comparison.method.rows
    cases = sorted(set(rows["case"]))
    if len(cases) < 2 or estimand.name in ALONG_AN_AXIS:
        return ()
    estimates = []
    for case in cases:
        sides = [Side(side.label, side.rows[(side.rows["case"] == case).to_numpy()]) for side in comparison.sides]
        values = estimand.per_seed(*sides).to_numpy(dtype=np.float64)
        interval = Interval(values.min(), values.max()) if rows["exact"].all() else t_interval(values)
        estimates.append(CaseEstimate(case, float(values.mean()), interval))
    return tuple(estimates)


def marks_of(
    estimand: Estimand,
    region: Region,
    comparison: Comparison,
    by_seed: "pd.Series[float]",
    by_case: Sequence[CaseEstimate],
    required: Requirements,
) -> Iterator[Mark]:
    """The marks of an outcome, given the estimand by seed (the index) and by case."""
    seeds = [int(seed) for seed in by_seed.index]
    planned = seeds_of_all({run.case for run in comparison.runs}, required.planned_seeds)
    if planned and tuple(seeds) != planned:
        yield Mark(f"{seeds_in_words(seeds)} instead of the planned {listed(planned)}")
    keys = required.keys
    stale = [run for run in comparison.runs if run.key != (keys.get((run.case, run.label, run.seed)) or run.key)]
    if stale:
        labels = ", ".join(sorted({run.label for run in stale}))
        yield Mark(f"{len(stale)} of {len(comparison.runs)} records stale", f"of {labels}; `harness run` repeats them")
    is_exact = comparison.method.rows["exact"].all()
    decisive = [] if is_exact else decisive_seeds(region, np.asarray(by_seed, dtype=np.float64), seeds)
    if decisive:
        alone = "any one of " * (len(decisive) > 1)
        yield Mark("fragile", f"without {alone}{seeds_in_words(decisive)} the interval decides otherwise")
    for side in comparison.sides:
        if at_chance := _seeds_at_chance(final_rows(side, estimand)):
            total = len(set(side.rows["seed"]))
            told = f"{len(at_chance)} of {total} seeds of {side.label} no better than chance"
            yield Mark(told, seeds_in_words(at_chance))
    if _disagree(estimand, by_case):
        groups = (
            ("above", [c.case for c in by_case if c.interval.lo > 0]),
            ("below", [c.case for c in by_case if c.interval.hi < 0]),
        )
        yield Mark("differs by case", "; ".join(f"{side} 0 in {', '.join(cases)}" for side, cases in groups))


def decisive_seeds(region: Region, values: Floats, seeds: Sequence[int]) -> list[int]:
    """The seeds without which the interval over seeds would decide otherwise."""

    def decided(sample: Floats) -> str:
        return region.decide(IntervalEvidence(float(sample.mean()), t_interval(sample))).outcome

    if len(values) <= _FEWEST_LEFT:
        return []
    outcome = decided(values)
    return [seed for i, seed in enumerate(seeds) if decided(np.delete(values, i)) != outcome]


def low_power(region: Region, values: Floats) -> Iterator[Mark]:
    """A mark where as many seeds as `values` [n] has would rarely show an effect as large as the margin."""
    seeds = len(values)
    if seeds < FEWEST_SEEDS or not varies(values):
        return
    deviation = float(values.std(ddof=1))
    if (share := power(region, deviation, seeds)) < _LOW_POWER:
        needed = seeds_for_power(region, deviation, _LOW_POWER)
        enough = (
            f"with {needed:.0f} seeds in half of them" if math.isfinite(needed) else "99 seeds are too few for half"
        )
        yield Mark(
            "low power",
            f"an effect as large as the margin would be shown in {100 * share:.0f} of 100 experiments with {seeds} "
            f"seeds; {enough}",
        )


def _seeds_at_chance(rows: "pd.DataFrame") -> list[int]:
    """The seeds with a score that is no better than chance."""
    sign = 1 if rows["better"].iloc[0] == "higher" else -1
    low = rows[(sign * (rows["value"] - rows["chance"]) <= 0).to_numpy()]  # without chance: NaN, which is not at chance
    return sorted(int(seed) for seed in set(low["seed"]))


def _disagree(estimand: Estimand, by_case: Sequence[CaseEstimate]) -> bool:
    """Whether the effect is shown to be above 0 in one case and below 0 in another."""
    compared = estimand.name not in WITHOUT_OPPONENT
    return compared and any(case.interval.lo > 0 for case in by_case) and any(case.interval.hi < 0 for case in by_case)
