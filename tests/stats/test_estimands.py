"""Estimands by hand, their orientation, and their refusal of holes."""

import math
import sys
from collections.abc import Iterable
from subprocess import run
from typing import Any

import numpy as np
import pandas as pd
import pytest

from harness.stats.estimands import Estimand, NotAssessable, Side


def side(
    label: str, values: Iterable[tuple[int, float]] | Iterable[tuple[int, float, float]], cell: str = "case a"
) -> Side:
    """Rows from (seed, value) or (seed, x, value)."""
    full = [(one[0], 0.0, one[1]) if len(one) == 2 else one for one in values]
    rows = pd.DataFrame(full, columns=["seed", "x", "value"]).assign(cell=cell, n_used=100, status="ok")
    return Side(label, rows)


def merged(*sides: Side) -> Side:
    return Side(sides[0].label, pd.concat([one.rows for one in sides], ignore_index=True))


OF, OVER = side("a", [(0, 0.8), (1, 0.9)]), side("b", [(1, 0.3), (0, 0.4)])


def test_pairs_are_made_by_seed_not_by_order() -> None:
    found = Estimand("difference").per_seed(OF, OVER)
    assert found.to_dict() == pytest.approx({0: 0.4, 1: 0.6})


@pytest.mark.parametrize("name", ["difference", "log_ratio", "gap_slope"])
def test_positive_favours_the_claim_where_lower_is_better(name: str) -> None:
    of = side("a", [(0, 1, 0.8), (0, 2, 0.9), (1, 1, 0.7), (1, 2, 0.9)])
    over = side("b", [(0, 1, 0.5), (0, 2, 0.4), (1, 1, 0.6), (1, 2, 0.3)])
    higher, lower = (Estimand(name, better).per_seed(of, over) for better in ("higher", "lower"))
    assert (higher > 0).all()
    assert lower.to_numpy() == pytest.approx(-higher.to_numpy())


def test_log_ratio_by_hand() -> None:
    found = Estimand("log_ratio", "lower").per_seed(side("a", [(0, 10.0)]), side("b", [(0, 200.0)]))
    assert found[0] == pytest.approx(math.log(20))


def test_level_and_slope_are_raw() -> None:
    assert Estimand("level", "lower").per_seed(OF).to_dict() == {0: 0.8, 1: 0.9}
    rows = [(0, x, 3 * math.log2(x) + 1) for x in (1, 2, 8)]
    assert Estimand("slope", "lower").per_seed(side("a", rows))[0] == pytest.approx(3)


def test_loglog_slope_is_the_exponent() -> None:
    rows = [(0, x, 7 * x**1.7) for x in (256, 1024, 4096)]
    assert Estimand("slope", loglog=True).per_seed(side("a", rows))[0] == pytest.approx(1.7)


def test_gap_slope_by_hand() -> None:
    of = side("a", [(0, 1, 0.5), (0, 2, 0.6), (0, 4, 0.9)])
    over = side("b", [(0, 4, 0.8), (0, 2, 0.7), (0, 1, 0.7)])
    assert Estimand("gap_slope").per_seed(of, over)[0] == pytest.approx((0.1 + 0.2) / 2)


def test_logit_scale_by_hand() -> None:
    found = Estimand("difference", logit=True).per_seed(side("a", [(0, 1.0)]), side("b", [(0, 0.5)]))
    assert found[0] == pytest.approx(math.log(100.5 / 0.5))


def test_two_saturating_curves_close_their_gap_on_one_scale_alone() -> None:
    xs = (1, 2, 4, 8, 16)
    of = side("a", [(0, x, 1 / (1 + math.exp(-math.log2(x)))) for x in xs])
    over = side("b", [(0, x, 1 / (1 + math.exp(-math.log2(x) - 1))) for x in xs])
    for one in (of, over):
        one.rows["n_used"] = 100_000
    assert Estimand("gap_slope").per_seed(of, over)[0] > 0.05
    assert abs(Estimand("gap_slope", logit=True).per_seed(of, over)[0]) < 0.002


def test_the_logit_scale_refuses_what_is_no_share() -> None:
    with pytest.raises(NotAssessable, match="a has values outside 0 and 1"):
        Estimand("level", logit=True).per_seed(side("a", [(0, 1.5)]))


def test_a_logarithm_refuses_zero() -> None:
    with pytest.raises(NotAssessable, match="b has 0"):
        Estimand("log_ratio").per_seed(OF, side("b", [(0, 0.0), (1, 1.0)]))


def test_means_are_over_cells_on_the_estimands_own_scale() -> None:
    of = merged(side("a", [(0, 2.0)], "case p"), side("a", [(0, 800.0)], "case q"))
    over = merged(side("b", [(0, 1.0)], "case p"), side("b", [(0, 100.0)], "case q"))
    assert Estimand("difference").per_seed(of, over)[0] == pytest.approx((1 + 700) / 2)
    assert Estimand("log_ratio").per_seed(of, over)[0] == pytest.approx((math.log(2) + math.log(8)) / 2)


def test_a_mean_is_never_taken_over_the_cells_that_happen_to_exist() -> None:
    of = merged(OF, side("a", [(0, 0.5), (1, 0.5)], "case b"))
    with pytest.raises(NotAssessable, match="b has no score at case b, seed 0"):
        Estimand("difference").per_seed(of, OVER)
    with pytest.raises(NotAssessable, match=r"b has no score at case a, seed 1, x = 4"):
        Estimand("gap_slope").per_seed(
            side("a", [(s, x, 0.5) for s in (0, 1) for x in (2, 4)]), side("b", [(0, 2, 1), (0, 4, 1), (1, 2, 1)])
        )


def test_two_scores_in_one_place_are_refused() -> None:
    with pytest.raises(NotAssessable, match="a has 2 scores where one is compared at case a, seed 0"):
        Estimand("level").per_seed(merged(OF, OF))


def test_nan_never_becomes_zero() -> None:
    with pytest.raises(NotAssessable, match="b has the value NaN at case a, seed 1"):
        Estimand("difference").per_seed(OF, side("b", [(0, 0.4), (1, math.nan)]))


def test_a_slope_needs_two_places() -> None:
    with pytest.raises(NotAssessable, match="two or more positive x"):
        Estimand("slope").per_seed(side("a", [(0, 4, 1.0)]))


class TestStepsRatio:
    over = side("b", [(0, 0, 9.0), (0, 25, 6.0), (0, 50, 4.0), (0, 100, 2.0)])

    def ratio(self, values: list[tuple[int, float, float]]) -> float:
        of = side("a", values)
        ratio = float(Estimand("steps_ratio", "lower").per_seed(of, self.over)[0])
        swapped = float(Estimand("steps_ratio", "lower").per_seed(self.over, of)[0])
        assert ratio == pytest.approx(-swapped)
        return ratio

    def test_half_the_budget_is_log_two(self) -> None:
        assert self.ratio([(0, 0, 9.0), (0, 25, 6.0), (0, 50, 2.0), (0, 100, 1.0)]) == pytest.approx(math.log(2))

    def test_between_points_the_value_changes_evenly_with_the_logarithm_of_the_budget(self) -> None:
        reached = 50 * 2**0.5
        assert self.ratio([(0, 50, 3.0), (0, 100, 1.0)]) == pytest.approx(math.log(100 / reached))

    def test_a_slower_side_is_compared_at_its_own_final_value(self) -> None:
        assert self.ratio([(0, 25, 8.0), (0, 50, 6.0), (0, 100, 4.0)]) == pytest.approx(-math.log(2))

    def test_equal_curves_give_one(self) -> None:
        assert self.ratio([(0, 25, 6.0), (0, 50, 4.0), (0, 100, 2.0)]) == 0

    def test_noise_reaches_no_value_early(self) -> None:
        dip = [(0, 10, 6.0), (0, 25, 1.0), (0, 50, 7.0), (0, 100, 2.0)]
        assert self.ratio(dip) == pytest.approx(0, abs=1e-12)

    @pytest.mark.parametrize(
        ("better", "slope", "spread"),
        [("higher", 1.0, math.log(1.5)), ("lower", -1.0, math.log(1.5)), ("higher", 0.0, math.log(10))],
        ids=["rising", "falling", "flat"],
    )
    def test_equal_noisy_curves_have_a_ratio_of_one(self, better: Any, slope: float, spread: float) -> None:
        """In 1,000 simulated pairs, on average; no flat pair is further apart than the first point from the last."""
        rng = np.random.default_rng(0)
        budgets = np.linspace(10, 100, 10)

        def noisy(label: str) -> Side:
            values = slope * np.log(budgets) + rng.normal(0, 0.1, (1000, 10))
            rows = [(seed, x, y) for seed, row in enumerate(values) for x, y in zip(budgets, row, strict=True)]
            return side(label, rows)

        ratios = Estimand("steps_ratio", better).per_seed(noisy("a"), noisy("b"))
        assert abs(ratios.mean()) < 3 * ratios.std() / math.sqrt(1000)
        assert ratios.std() < spread

    def test_budgets_below_the_first_point_are_not_known(self) -> None:
        assert self.ratio([(0, 0, 1.0), (0, 25, 1.0), (0, 100, 1.0)]) == pytest.approx(math.log(4))

    def test_a_curve_of_nothing_but_its_start_is_none(self) -> None:
        with pytest.raises(NotAssessable, match="no point after its start"):
            self.ratio([(0, 0, 1.0)])

    def test_a_diverged_run_needs_its_whole_budget(self) -> None:
        of = side("a", [(0, 50, 1.0), (0, 100, 1.0)])
        of.rows["status"] = "diverged"
        steps = Estimand("steps_ratio", "lower")
        assert steps.per_seed(of, self.over)[0] == 0
        assert steps.per_seed(self.over, of)[0] == 0
        assert steps.per_seed(of, of)[0] == 0

    def test_a_missing_curve_is_named(self) -> None:
        with pytest.raises(NotAssessable, match="b has no curve at case a, seed 3"):
            Estimand("steps_ratio").per_seed(side("a", [(0, 1, 0.0), (3, 1, 0.0)]), side("b", [(0, 1, 0.0)]))


def test_the_statistics_import_neither_torch_nor_pandas_nor_all_of_scipy() -> None:
    modules = "estimands, intervals, pvalues, regions, resampling"
    shown = "print({'torch', 'pandas', 'scipy.stats'} & {*sys.modules})"
    code = f"import sys\nfrom harness.stats import {modules}\n{shown}"
    assert run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "set()"


def test_per_seed_is_indexed_by_seed() -> None:
    found = Estimand("difference").per_seed(OF, OVER)
    assert list(found.index) == [0, 1]
    assert found.to_numpy().dtype == np.float64


GRIDS = (
    side("a", [(0, 0.8), (0, 0.75), (0, 0.5), (0, 0.1), (1, 0.5), (1, 0.5), (1, 0.5), (1, 0.5)]),
    side("b", [(0, 0.7), (0, 0.73), (0, 0.2), (0, 0.1), (1, 0.2), (1, 0.1), (1, 0.2), (1, 0.46)]),
)


def test_good_share_counts_settings_near_the_best_of_both() -> None:
    # Seed 0: good is 0.72 or more, as two of a's settings and one of b's; seed 1: 0.45, all of a's and one of b's.
    assert Estimand("good_share", good=0.9).per_seed(*GRIDS).to_dict() == pytest.approx({0: 0.25, 1: 0.75})


def test_good_share_where_lower_is_better() -> None:
    costs = side("a", [(0, 1.0), (0, 1.2), (0, 1.3)]), side("b", [(0, 1.24), (0, 2.0), (0, 9.0)])
    assert Estimand("good_share", "lower", good=0.8).per_seed(*costs)[0] == pytest.approx(1 / 3)


def test_good_share_refuses_a_setting_that_is_missing() -> None:
    fewer = Side("b", GRIDS[1].rows.iloc[1:])
    with pytest.raises(NotAssessable, match="settings are missing: a has 4 to 4 a seed, b 3 to 4"):
        Estimand("good_share", good=0.9).per_seed(GRIDS[0], fewer)
