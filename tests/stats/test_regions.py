"""Regions: what each kind of claim takes to be shown, that outcomes exclude each other, and how often they err."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from harness.stats.intervals import ALPHA, Interval, t_bounds
from harness.stats.pvalues import signflip_p
from harness.stats.regions import CountEvidence, IntervalEvidence, Region, SeedEvidence

FIVE = np.array([0.9, 1.0, 1.1, 1.2, 0.8])  # mean 1, s .158, 90 % interval .849 to 1.151

SAMPLES = st.lists(st.floats(-5, 5), min_size=1, max_size=8).map(np.array)
REGIONS = st.one_of(
    st.builds(Region, st.sampled_from(["greater", "noninferior", "equivalent"]), margin=st.floats(0.01, 3)),
    st.tuples(st.floats(-3, 3), st.floats(0.01, 3)).map(lambda t: Region("within", lower=t[0], upper=t[0] + t[1])),
    st.floats(-3, 3).map(lambda a: Region("within", lower=a)),
    st.floats(-3, 3).map(lambda b: Region("within", upper=b)),
)
EVIDENCE = st.one_of(
    SAMPLES.map(SeedEvidence),
    SAMPLES.map(CountEvidence),
    st.tuples(st.floats(-5, 5), st.floats(0, 5)).map(
        lambda t: IntervalEvidence(t[0], Interval(t[0] - t[1], t[0] + t[1]))
    ),
)


@pytest.mark.parametrize(
    ("region", "shift", "outcome", "detail"),
    [
        (Region("greater", margin=0.5), 0.0, "reproduced", ""),
        (Region("greater", margin=1.1), 0.0, "reproduced", ""),  # above 0 and not below the margin
        (Region("greater", margin=1.5), 0.0, "smaller", ""),
        (Region("greater", margin=0.5), -1.3, "contradicted", "opposite"),
        (
            Region("greater", margin=0.5),
            -1.05,
            "contradicted",
            "no such effect",
        ),  # its mean is below 0, its interval is not
        (Region("greater", margin=0.2), -0.9, "inconclusive", ""),
        (Region("noninferior", margin=0.5), -1.25, "reproduced", ""),
        (Region("noninferior", margin=0.5), -1.3, "inconclusive", ""),  # its interval passes, its lowest seed does not
        (Region("noninferior", margin=0.5), -1.5, "inconclusive", ""),
        (Region("noninferior", margin=0.5), -1.8, "contradicted", ""),
        (Region("equivalent", margin=0.5), -1.1, "reproduced", ""),
        (Region("equivalent", margin=0.5), -0.5, "inconclusive", ""),
        (Region("equivalent", margin=0.5), 0.0, "contradicted", "above both bounds"),
        (Region("equivalent", margin=0.5), -2.0, "contradicted", "below both bounds"),
        (Region("within", lower=0.8, upper=1.25), 0.0, "inconclusive", ""),  # .8 itself is not above .8
        (Region("within", lower=0.7, upper=1.25), 0.0, "reproduced", ""),
        (Region("within", upper=1.25), 0.0, "reproduced", ""),
        (Region("within", upper=1.25), 1.0, "contradicted", ""),
        (Region("within", lower=0.7), -1.0, "contradicted", ""),
        (Region("within", lower=0.9, no_effect=0.0), 0.0, "inconclusive", "in the claimed direction"),
        (Region("within", lower=0.9, no_effect=0.9), 0.0, "inconclusive", ""),
        (Region("within", lower=1.5), 0.0, "contradicted", ""),  # no value is known to be that of no effect
        (Region("within", lower=1.5, no_effect=0.0), 0.0, "smaller", ""),
        (Region("within", lower=1.5, no_effect=0.9), 0.0, "contradicted", ""),  # not shown to be above it
        (Region("within", lower=1.5, upper=2.0, no_effect=0.0), 2.0, "contradicted", ""),  # larger than claimed
        (Region("within", lower=-2.0, upper=-1.5, no_effect=0.0), -2.0, "smaller", ""),
        (Region("within", lower=-2.0, upper=-1.5, no_effect=0.0), 0.0, "contradicted", ""),
        (Region("within", lower=-2.0, upper=2.0, no_effect=0.0), 2.0, "contradicted", ""),  # claims no effect
        (Region("noninferior", margin=0.5, no_effect=0.0), -1.8, "contradicted", ""),
    ],
)
def test_outcomes_by_hand(region: Region, shift: float, outcome: str, detail: str) -> None:
    assert region.decide(SeedEvidence(FIVE + shift)) == (outcome, detail)


def test_at_five_seeds_all_five_must_exceed_tau() -> None:
    values = np.array([1.0, 1.1, 1.2, 1.3, 0.49])
    assert SeedEvidence(values).above(0.48)
    lo = t_bounds(values)[0]
    assert lo > 0.5
    assert not SeedEvidence(values).above(0.5)


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_fewer_than_five_seeds_are_inconclusive(n: int) -> None:
    values = 100 + np.linspace(0, 0.01, n)
    for region in (Region("greater", margin=1), Region("noninferior", margin=1), Region("within", upper=5)):
        assert region.decide(SeedEvidence(values)).outcome == "inconclusive"
        assert region.decide(SeedEvidence(-values)).outcome == "inconclusive"


def test_numbers_that_do_not_vary_are_decided_by_the_exact_test_alone() -> None:
    same = np.full(8, 0.1 + 0.2)
    assert SeedEvidence(same).above(-1)
    assert SeedEvidence(same).below(1)
    assert not SeedEvidence(same).above(0.5)
    assert not SeedEvidence(same[:4]).above(-1)
    assert Region("greater", margin=0.1).p_value(same) == 1 / 256


def test_nan_is_never_evidence() -> None:
    values = np.array([1.0, 1.1, 1.2, math.nan, 1.3, 1.1])
    assert not SeedEvidence(values).above(-100)
    assert not CountEvidence(values).above(-100)


def test_counts_need_no_spread_and_no_number_of_seeds() -> None:
    assert Region("within", lower=10.0).decide(CountEvidence(np.array([10.5]))).outcome == "reproduced"
    assert Region("within", lower=10.0).decide(CountEvidence(np.array([10.5, 9.9]))).outcome == "inconclusive"
    assert Region("within", lower=10.0).decide(CountEvidence(np.array([9.8, 9.9]))).outcome == "contradicted"


@given(REGIONS, EVIDENCE)
def test_regions_are_disjoint(region: Region, evidence: SeedEvidence | CountEvidence | IntervalEvidence) -> None:
    shown = all(bound.passed(evidence) for bound in region.required)
    refuted = any(bound.passed(evidence) for bound in region.refuting)
    if region.kind == "greater":  # here "not below the margin" is part of what is required
        assert (region.decide(evidence).outcome == "reproduced") == (shown and not refuted)
    else:
        assert not (shown and refuted)


@given(EVIDENCE, st.floats(-5, 5), st.floats(0, 3))
def test_bounds_are_passed_in_order(
    evidence: SeedEvidence | CountEvidence | IntervalEvidence, tau: float, step: float
) -> None:
    assert not (evidence.above(tau) and evidence.below(tau))
    assert evidence.above(tau) or not evidence.above(tau + step)


@given(st.lists(st.integers(-20, 20), min_size=5, max_size=8), st.integers(1, 15))
def test_changing_the_sign_changes_the_side(values: list[int], margin: int) -> None:
    sample, region = np.array(values, dtype=float), Region("equivalent", margin=margin)
    decision, mirrored = (region.decide(SeedEvidence(sign * sample)) for sign in (1, -1))
    assert decision.outcome == mirrored.outcome
    assert {decision.detail, mirrored.detail} in ({""}, {"above both bounds", "below both bounds"})


@pytest.mark.parametrize(("n", "power"), [(5, 0.41), (8, 0.80)])
def test_power_for_an_effect_of_one_standard_deviation(n: int, power: float) -> None:
    sample = np.random.default_rng(n).normal(1.0, 1.0, size=(20_000, n))
    assert _above_zero(sample).mean() == pytest.approx(power, abs=0.015)


@pytest.mark.parametrize("n", [3, 5, 8, 10])
def test_the_level_holds_unless_differences_are_skewed(n: int) -> None:
    rng = np.random.default_rng(n)
    symmetric = [
        rng.normal(size=(20_000, n)),
        rng.uniform(-1, 1, size=(20_000, n)),
        rng.choice([-1.0, 1.0], size=(20_000, n)) + rng.normal(scale=0.01, size=(20_000, n)),
    ]
    assert all(_above_zero(sample).mean() <= 0.055 for sample in symmetric)


def test_the_vectorised_check_is_the_evidence() -> None:
    sample = np.random.default_rng(0).normal(0.7, 1.0, size=(50, 6))
    assert _above_zero(sample).tolist() == [SeedEvidence(row).above(0.0) for row in sample]


def test_p_is_that_of_what_is_required() -> None:
    assert Region("greater", margin=1).p_value(FIVE) == 1 / 32
    assert Region("equivalent", margin=1).p_value(FIVE - 1) == 1 / 32
    assert Region("equivalent", margin=1).p_value(FIVE) > 0.3  # not below 1
    assert Region("within", upper=1.25).p_value(FIVE) == 1 / 32
    assert math.isnan(Region("greater", margin=1).p_value(np.array([1.0])))


def test_an_undecided_mean_leans_to_the_nearer_region() -> None:
    assert Region("greater", margin=1.0).leans_for(0.51)
    assert not Region("greater", margin=1.0).leans_for(0.49)
    assert Region("noninferior", margin=1.0).leans_for(-0.99)
    assert not Region("equivalent", margin=1.0).leans_for(1.01)
    assert not Region("within", lower=2.0, upper=3.0).leans_for(3.5)


def test_seeds_to_settle_by_hand() -> None:
    # mean .5, s 1: t(.95, n - 1) / sqrt(n) falls below .5 first at n = 13 (.494; .518 at 12).
    values = 0.5 + np.array([-1.0, 0.0, 1.0])
    assert Region("greater", margin=0.2).seeds_to_settle(values) == 13
    assert Region("greater", margin=0.2).seeds_to_settle(np.array([1.0, 1.001, 0.999])) == 5
    assert math.isinf(Region("greater", margin=0.001).seeds_to_settle(values - 0.499))
    assert math.isnan(Region("greater", margin=0.2).seeds_to_settle(np.array([1.0])))
    assert math.isnan(Region("greater", margin=0.2).seeds_to_settle(np.array([1.0, 1.0])))


@given(st.lists(st.floats(-5, 5), min_size=2, max_size=12).map(np.array), REGIONS)
def test_seeds_to_settle_are_more_than_there_are(values: np.ndarray, region: Region) -> None:
    needed = region.seeds_to_settle(values)
    assume(not math.isnan(needed))
    assert needed >= max(5, len(values) + 1)


def _above_zero(samples: np.ndarray) -> np.ndarray:
    return (t_bounds(samples)[:, 0] > 0) & (signflip_p(samples) <= ALPHA)
