"""Performance profiles: the share of all runs of an entrant, over cases and seeds, whose score is above a threshold."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from harness.core.entrant import EntrantKind
from harness.core.words import counted
from harness.figures.plot import Line, Panel, Point
from harness.figures.readings import Readings, Spread
from harness.stats.aggregates import (
    interquartile_mean,
    performance_profile,
    probability_of_improvement,
    stratified_interval,
)
from harness.stats.intervals import Interval
from harness.tables.rows import in_order
from harness.tables.table import Cell, by_seed


class Pooled(NamedTuple):
    """The scores [seeds, cases] of each entrant that has all of them, with the seeds that all cases share; and the
    entrants that have not."""

    scores: Mapping[str, NDArray[np.float64]]
    incomplete: tuple[str, ...]


def pooled(readings: Readings) -> Pooled:
    """The scores of a figure's entrants, methods first."""
    places: list[Spread] = sorted(readings.homes, key=str)
    found, incomplete = {}, []
    for label in in_order({series: readings.kinds[series] for series in readings.runs}):
        own = [readings.cells.get((label, place)) for place in places]
        scored = [cell for cell in own if cell is not None and cell.state == "scored"]
        if len(scored) == len(places) and (shared := by_seed(scored)):
            found[label] = np.array(list(shared.values()), dtype=np.float64)
        else:
            incomplete.append(label)
    return Pooled(found, tuple(incomplete))


def profile_panel(entrants: Pooled, kinds: Mapping[str, EntrantKind]) -> Panel:
    """One panel with the profile of each entrant."""
    every = np.concatenate([scores.ravel() for scores in entrants.scores.values()])
    ends = float(every.min()), float(every.max())
    lines = [Line(label, kinds[label], tuple(_steps(scores, *ends))) for label, scores in entrants.scores.items()]
    return Panel(title="", y_label="share of runs above", lines=tuple(lines))


def _steps(scores: NDArray[np.float64], lo: float, hi: float) -> Iterator[Point]:
    """The corners of a profile between two thresholds: it falls at every score."""
    yield _corner(lo, 1.0)
    share = 1.0
    for threshold in np.unique(scores).tolist():
        yield _corner(threshold, share)
        (share,) = performance_profile(scores, [threshold]).tolist()
        yield _corner(threshold, share)
    yield _corner(hi, 0.0)


def _corner(threshold: float, share: float) -> Point:
    return Point(threshold, Cell(state="scored", values=(share,)))


def profile_remarks(entrants: Pooled, kinds: Mapping[str, EntrantKind]) -> Iterator[str]:
    """The interquartile mean of each entrant, how often methods do better than the others, and who is not drawn."""
    means = (
        f"{label} {interquartile_mean(scores):.3f} {_said(stratified_interval(interquartile_mean, scores))}"
        for label, scores in entrants.scores.items()
    )
    if entrants.scores:
        seeds, cases = next(iter(entrants.scores.values())).shape
        size = f"{counted(seeds, 'seed')} of {counted(cases, 'case')}"
        yield f"interquartile mean over {size}, with the 90 % interval of a bootstrap within cases: {'; '.join(means)}"
    for method in (label for label in entrants.scores if kinds[label] == "method"):
        others = (
            f"{label} {probability_of_improvement(entrants.scores[method], scores):.2f} "
            f"{_said(stratified_interval(probability_of_improvement, entrants.scores[method], scores))}"
            for label, scores in entrants.scores.items()
            if label != method
        )
        yield f"probability that a run of {method} scores higher than one of: {'; '.join(others)}"
    if entrants.incomplete:
        yield f"not drawn, without scores in all cases: {', '.join(entrants.incomplete)}"


def _said(interval: Interval) -> str:
    return f"[{interval.lo:.3f}, {interval.hi:.3f}]"
