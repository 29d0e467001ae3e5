"""How often verdicts err by chance, by simulation: run as a script, it writes the tables of docs/claims.md."""

import re
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from harness.stats.intervals import ALPHA, Floats, t_bounds
from harness.stats.power import power
from harness.stats.pvalues import signflip_p
from harness.stats.regions import FEWEST_SEEDS, Region

PAGE = Path(__file__).resolve().parents[2] / "docs" / "claims.md"
SAMPLES = 20_000
SEEDS = (5, 7, 8)
MARGIN = 3.0
"""In standard deviations: so large that the far side of a region plays no part."""
_BEGIN, _END = "<!-- error rates: begin -->", "<!-- error rates: end -->"


def _collapsed(rng: np.random.Generator, shape: tuple[int, int]) -> Floats:
    """One difference in five is far below the others, as where the method's run has collapsed."""
    return np.where(rng.random(shape) < 0.2, -2.0, 0.5) + 0.1 * rng.normal(size=shape)


SHAPES: Mapping[str, Callable[[np.random.Generator, tuple[int, int]], Floats]] = {
    "normal": lambda rng, shape: rng.normal(size=shape),
    "t, 3 degrees of freedom": lambda rng, shape: rng.standard_t(3, size=shape) / 3**0.5,
    "exponential": lambda rng, shape: rng.exponential(size=shape) - 1,
    "lognormal": lambda rng, shape: (rng.lognormal(size=shape) - np.exp(0.5)) / np.sqrt((np.e - 1) * np.e),
    "one in five collapsed": _collapsed,
}
"""Differences of mean 0 and standard deviation 1, [samples, seeds]."""


class Case(NamedTuple):
    """A region with a mean at its boundary, and the error there: what is required is shown, or it is refuted."""

    region: Region
    mean: float
    is_shown: bool

    @property
    def words(self) -> str:
        """The hypothesis, the mean and the error."""
        error = ("reproduced" if self.is_shown else "contradicted") + (" or smaller" if self.region.smaller else "")
        at = {0.0: "0", MARGIN: "the margin", -MARGIN: "minus the margin"}[self.mean]
        return f"`{self.region.kind}`: {error} at {'the bound' if self.region.kind == 'within' else at}"


CASES = (
    Case(Region("greater", margin=MARGIN), 0.0, True),
    Case(Region("greater", margin=MARGIN), MARGIN, False),
    Case(Region("noninferior", margin=MARGIN), -MARGIN, True),
    Case(Region("noninferior", margin=MARGIN), -MARGIN, False),
    Case(Region("equivalent", margin=MARGIN), -MARGIN, True),
    Case(Region("equivalent", margin=MARGIN), MARGIN, True),
    Case(Region("equivalent", margin=MARGIN), -MARGIN, False),
    Case(Region("equivalent", margin=MARGIN), MARGIN, False),
    Case(Region("within", lower=0.0), 0.0, True),
    Case(Region("within", lower=0.0), 0.0, False),
)


class Samples(NamedTuple):
    """Evidence of many samples [samples, seeds] at once: what `SeedEvidence` is of one."""

    values: Floats

    def above(self, tau: float) -> np.ndarray:
        passed = np.asarray(t_bounds(self.values)[:, 0] > tau)
        # Where all numbers lie above tau, p is the smallest that so many can have: there is nothing to count.
        counted = passed & (self.values.min(axis=1) <= tau)
        passed[counted] = signflip_p(self.values[counted], tau) <= ALPHA
        return passed

    def below(self, tau: float) -> np.ndarray:
        return Samples(-self.values).above(-tau)


def decided(region: Region, values: Floats) -> tuple[np.ndarray, np.ndarray]:
    """Which samples show what the region requires, and which refute it; for `greater` some do both, and are smaller."""
    evidence = Samples(values)
    shown = np.all([bound.passed(evidence) for bound in region.required], axis=0)  # type: ignore[arg-type]
    refuted = np.any([bound.passed(evidence) for bound in region.refuting], axis=0)  # type: ignore[arg-type]
    return shown, refuted


def rate(case: Case, shape: str, n: int) -> float:
    """How often `n` seeds of a shape err."""
    draw = SHAPES[shape](np.random.default_rng([n, *shape.encode()]), (SAMPLES, n))
    shown, refuted = decided(case.region, draw + case.mean)
    return float((shown if case.is_shown else refuted).mean())


def rate_with_planned_seeds(margin: float, most: int) -> float:
    """How often the interval of normal differences of mean 0 and deviation 1 lies above 0, where their number was
    planned by the deviation of the first five: so many that the power is one half for an effect of the margin, but at
    most `most`. Verdicts err less often, since they ask for the exact test, too."""
    region = Region("greater", margin=margin)
    values = np.random.default_rng(0).normal(size=(SAMPLES, most))
    deviations = values[:, :FEWEST_SEEDS].std(axis=1, ddof=1)
    # The number rises with the deviation, so that it is worked out for few deviations, and looked up for all.
    grid = np.linspace(0.0, deviations.max(), 200)[1:]
    numbers = np.array([_planned(region, deviation, most) for deviation in grid])
    planned = numbers[np.searchsorted(grid, deviations)]
    errors = ((t_bounds(values[planned == n, :n])[:, 0] > 0).sum() for n in np.unique(planned))
    return float(sum(errors)) / SAMPLES


def _planned(region: Region, deviation: float, most: int) -> int:
    return next((n for n in range(FEWEST_SEEDS, most) if power(region, deviation, n) >= 0.5), most)


def tables() -> str:
    """The tables in Markdown, one for each number of seeds."""
    return "\n".join(line for n in SEEDS for line in _table(n))


def _table(n: int) -> Iterator[str]:
    yield f"| {n} seeds | {' | '.join(SHAPES)} |"
    yield "|---|" + "---:|" * len(SHAPES)
    for case in CASES:
        yield f"| {case.words} | {' | '.join(f'{rate(case, shape, n):.3f}' for shape in SHAPES)} |"
    yield ""


def written(page: str) -> str:
    """The tables that a page has."""
    return page.partition(_BEGIN)[2].partition(_END)[0].strip("\n") + "\n"


if __name__ == "__main__":
    text = re.sub(f"{_BEGIN}.*{_END}", lambda _: f"{_BEGIN}\n{tables()}{_END}", PAGE.read_text(), flags=re.DOTALL)
    PAGE.write_text(text)
    sys.stdout.write(tables())
