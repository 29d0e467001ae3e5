"""How often verdicts err at the boundary of each region, and that the page on claims says so."""

import re

import numpy as np
import pytest

from error_rates import (
    CASES,
    PAGE,
    SEEDS,
    SHAPES,
    Case,
    decided,
    rate,
    rate_with_planned_seeds,
    tables,
    written,
)
from harness.stats.regions import Region, SeedEvidence


@pytest.mark.parametrize("n", SEEDS)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.words)
def test_normal_differences_err_in_at_most_a_twentieth(case: Case, n: int) -> None:
    assert 0.02 < rate(case, "normal", n) <= 0.05


@pytest.mark.parametrize("margin", [0.3, 0.4, 0.5, 0.9])
def test_seeds_that_are_planned_by_the_deviation_err_in_at_most_seven_of_a_hundred(margin: float) -> None:
    assert 0.02 < rate_with_planned_seeds(margin, 29) <= 0.07


def test_the_page_has_the_simulated_rates() -> None:
    now, page = tables(), written(PAGE.read_text())
    number = r"0\.\d{3}"
    assert re.sub(number, "", page) == re.sub(number, "", now), "write it anew: python tests/shared/error_rates.py"
    assert [*map(float, re.findall(number, page))] == pytest.approx([*map(float, re.findall(number, now))], abs=0.005)


@pytest.mark.parametrize("shape", SHAPES)
def test_shapes_have_mean_zero_and_deviation_one(shape: str) -> None:
    drawn = SHAPES[shape](np.random.default_rng(0), (200_000, 5))
    assert abs(drawn.mean()) < 0.01
    assert drawn.std() == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize(
    "region", [*dict.fromkeys(case.region for case in CASES), Region("within", lower=-1.0, upper=1.0)], ids=str
)
def test_many_samples_are_decided_as_each_of_them(region: Region) -> None:
    values = np.random.default_rng(0).normal(0.5, 1.5, size=(60, 5))
    shown, refuted = decided(region, values)
    outcomes = [region.decide(SeedEvidence(sample)).outcome for sample in values]
    assert [outcome in ("reproduced", "smaller") for outcome in outcomes] == shown.tolist()
    assert [outcome in ("contradicted", "smaller") for outcome in outcomes] == refuted.tolist()
