"""Verdicts from records made by hand: preconditions, regions, what is printed, and what is never done silently."""

import math
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from harness.claims.chance import expected_errors
from harness.claims.claim import Claim
from harness.claims.requirements import PlannedCase, Requirements
from harness.claims.verdict import Verdict, judge
from harness.core.canonical import digest
from harness.core.spec import Budget, Spec, set_in
from harness.records.record import Stored
from harness.records.scored import Scored, scored
from harness.site.verdicts import board, glossary, row, summary
from toys import CLAIM

S, TWO = (digest({"setting": value}) for value in ("s", "2"))
DIFFERENCES = np.array([0.08, 0.10, 0.12, 0.09, 0.11])


def record(entrant: str, seed: int, value: float | Mapping[str, Any], **fields: Any) -> dict[str, Any]:
    """What a record says: `value` of the metric, or a value by metric (and by point); `at` is its place on the axes,
    and `label` tells which of these were set from outside."""
    run = {
        "task": "toy",
        "tier": "small",
        "case": "main",
        "entrant": entrant,
        "label": entrant,
        "component": "",
        "seed": seed,
        "status": "ok",
        "error": "",
        "key": "",
        "version": 1,
        "data": "d",
        "settings": "s",
        "produced": None,
        "device": "cpu",
        "contended": False,
        "trials": 0,
        "at": {},
    }
    metric = {"better": "higher", "unit": "share", "chance": "default", "exact": False, "timing": False}
    items = {"n_used": 1000, "n_expected": 1000}
    for name, given in fields.items():
        next(part for part in (run, metric, items) if name in part)[name] = given
    values = value if isinstance(value, Mapping) else {"accuracy": value}
    if metric["chance"] == "default":
        metric["chance"] = 0.1 if "accuracy" in values and metric["better"] == "higher" else None
    return {"run": run, "metric": metric, "items": items, "values": values}


def stored(entry: Mapping[str, Any]) -> Stored:
    """The stored form of what a record says."""
    run, names = entry["run"], set_in(entry["run"]["label"])
    spec = Spec(
        task=run["task"],
        version=run["version"],
        tier=run["tier"],
        case=run["case"],
        entrant=run["entrant"],
        seed=run["seed"],
        budget=Budget("examples", 1000),
        code="c",
        data=run["data"],
        settings={"setting": run["settings"]},
        chosen={name: run["at"][name] for name in names},
    )
    values = {name: value if isinstance(value, Mapping) else {(): value} for name, value in entry["values"].items()}
    final = [
        {"metric": name, "value": value, "at": dict(point), "items": name, **entry["items"]}
        for name, by_point in values.items()
        for point, value in by_point.items()
        if "spent" not in dict(point)
    ]
    curve = [
        {"spent": dict(point)["spent"], f"valid_{name}": value}
        for name, by_point in values.items()
        for point, value in by_point.items()
        if "spent" in dict(point)
    ]
    content = {
        "key": run["key"] or f"{run['label']}-{run['case']}-{run['seed']}-{run['tier']}",
        "status": run["status"],
        "failure": {"type": "Cancelled", "message": run["error"]} if run["error"] else None,
        "at": {axis: place for axis, place in run["at"].items() if axis not in names},
        "produced": f"p{run['seed']}{run['case']}" if run["produced"] is None else run["produced"],
        "metrics": {name: {**entry["metric"], "ceiling": None} for name in values},
        "scores": final,
        "curve": curve,
        "origin": {"kind": "baseline", "component": run["component"]},
        "environment": {"device": run["device"], "commit": "", "dirty": False, "threads": 1},
        "costs": {**dict.fromkeys(("setup_s", "shared_s", "train_s", "eval_s", "peak_mb"), 0.0), "weights": 0}
        | {"contended": run["contended"]},
        **{
            "trials": run["trials"],
            "resumed": 0,
            "generated": False,
            "parameters": {},
            "settings": {},
            "artefacts": {},
            "sidecar": "",
            "kept": {},
        },
    }
    return Stored(spec, content)


def table(*records: dict[str, Any]) -> Scored:
    return scored(map(stored, records))


def pair(differences: np.ndarray = DIFFERENCES, **fields: Any) -> list[dict[str, Any]]:
    """Records of `new` and `old` whose accuracies differ by these, seed by seed, listed in different orders."""
    levels = 0.5 + 0.07 * np.random.default_rng(0).normal(size=len(differences))
    old = [record("old", seed, level, **fields) for seed, level in enumerate(levels)]
    new = [record("new", seed, levels[seed] + d, **fields) for seed, d in enumerate(differences)]
    return [*reversed(new), *old]


def claim(**changes: Any) -> Claim:
    return Claim.model_validate({name: value for name, value in {**CLAIM, **changes}.items() if value is not None})


def verdict(records: list[dict[str, Any]], tier: str = "small", **changes: Any) -> Verdict:
    return judge(claim(**changes), table(*records), tier)


def without(records: list[dict[str, Any]], entrant: str, seed: int) -> list[dict[str, Any]]:
    return [entry for entry in records if (entry["run"]["entrant"], entry["run"]["seed"]) != (entrant, seed)]


def failed(entrant: str, seed: int, status: str, **fields: Any) -> dict[str, Any]:
    return record(entrant, seed, {}, status=status, **fields)


class TestOutcomes:
    def test_reproduced_with_all_that_is_always_printed(self) -> None:
        judged = verdict(pair())
        finding = judged.deciding
        assert (judged.outcome, judged.tier, judged.text) == ("reproduced", "small", "reproduced")
        assert finding.values == pytest.approx(DIFFERENCES)
        assert finding.seeds == (0, 1, 2, 3, 4)
        assert (finding.n, finding.estimate, finding.p) == (5, pytest.approx(0.1), 1 / 32)
        half = 2.13185 * DIFFERENCES.std(ddof=1) / math.sqrt(5)
        assert finding.interval == pytest.approx((0.1 - half, 0.1 + half), abs=1e-6)
        assert (finding.cases, finding.budgets, finding.devices) == (("main",), ("1,000 examples",), ("cpu",))
        assert judged.paths == tuple(
            sorted(f"toy/small/main/{e}/default-s{s}.json" for e in ("new", "old") for s in range(5))
        )

    @pytest.mark.parametrize(
        ("shift", "text"),
        [(-0.07, "smaller"), (-0.1, "contradicted (no such effect)"), (-0.15, "contradicted (opposite)")],
    )
    def test_smaller_is_shown_and_contradicted_says_whether_the_opposite_is(self, shift: float, text: str) -> None:
        assert verdict(pair(DIFFERENCES + shift), margin=0.06).text == text

    def test_inconclusive_carries_its_leaning_and_the_seeds_that_would_settle_it(self) -> None:
        judged = verdict(pair(np.array([0.10, -0.04, 0.12, 0.01, 0.11])))
        assert judged.outcome == "inconclusive"
        assert judged.leaning == "for"
        assert 6 <= judged.settles_at <= 20
        settling = f"leaning for; {judged.settles_at:.0f} new seeds may settle it"
        assert judged.text == f"inconclusive ({settling}; fragile; low power)"

    def test_fewer_than_five_seeds_can_only_be_inconclusive(self) -> None:
        judged = verdict(pair(DIFFERENCES[:4]))
        assert (judged.outcome, judged.settles_at) == ("inconclusive", 5)

    def test_one_seed_has_no_interval_and_no_p(self) -> None:
        finding = verdict(pair(DIFFERENCES[:1])).deciding
        assert (finding.outcome, finding.n, str(finding.interval)) == ("inconclusive", 1, "n/a")
        assert math.isnan(finding.p)
        assert finding.text == "inconclusive (leaning for; seeds needed: n/a)"

    def test_the_metrics_direction_orients_the_difference(self) -> None:
        assert verdict(pair(-DIFFERENCES, better="lower")).outcome == "reproduced"
        assert verdict(pair(DIFFERENCES, better="lower")).outcome == "contradicted"

    def test_a_ratio_is_judged_by_margins_written_as_ratios(self) -> None:
        records = [record("new", s, 2.0 + 0.01 * s, unit="ms") for s in range(5)]
        records += [record("old", s, 1.0, unit="ms") for s in range(5)]
        ratio = {"estimand": "log_ratio", "kind": "within", "margin": None}
        assert verdict(records, lower=1.9, **ratio).outcome == "reproduced"
        assert verdict(records, upper=1.9, **ratio).outcome == "contradicted"
        assert verdict(records, lower=1.9, **ratio).deciding.ratio

    def test_an_effect_in_the_claimed_direction_below_the_claimed_size_is_smaller(self) -> None:
        records = [record("new", s, 1.19 + 0.002 * s, unit="ms") for s in range(5)]
        records += [record("old", s, 1.0, unit="ms") for s in range(5)]
        ratio = {"estimand": "log_ratio", "kind": "within", "margin": None}
        assert verdict(records, lower=1.2, **ratio).text == "smaller"
        assert verdict(records, upper=0.8, **ratio).outcome == "contradicted"

    def test_a_level_is_smaller_than_claimed_only_beside_its_value_without_effect(self) -> None:
        level = {"estimand": "level", "over": None, "kind": "within", "margin": None, "lower": 0.9}
        records = [record("new", s, 0.6 + 0.01 * s) for s in range(5)]
        assert verdict(records, **level).outcome == "contradicted"
        assert verdict(records, **level, no_effect=0.5).outcome == "smaller"
        assert verdict(records, **level, no_effect=0.7).outcome == "contradicted"

    def test_the_same_records_give_the_same_verdict_whatever_the_order_and_global_state(self) -> None:
        records = pair()
        np.random.seed(0)
        first = verdict(records)
        np.random.seed(1)
        assert verdict(records[::-1]) == first


class TestOpponentsAndParts:
    def records(self, third: float) -> list[dict[str, Any]]:
        others = [record("third", s, third + 0.01 * s) for s in range(5)]
        return [*pair(), *others]

    def test_all_opponents_must_be_beaten(self) -> None:
        assert verdict(self.records(0.2), over=["old", "third"]).outcome == "reproduced"
        assert verdict(self.records(0.9), over=["old", "third"]).outcome == "contradicted"

    def test_the_finding_that_decides_is_named(self) -> None:
        judged = verdict(self.records(0.9), over=["old", "third"])
        assert (judged.deciding.opponent, [f.outcome for f in judged.findings]) == (
            "third",
            ["reproduced", "contradicted"],
        )

    def test_one_contradicted_part_contradicts_though_another_cannot_be_assessed(self) -> None:
        judged = verdict(self.records(0.9), over=["absent", "third"])
        assert judged.outcome == "contradicted"
        assert verdict(self.records(0.2), over=["absent", "third"]).outcome == "not assessable"

    def test_all_parts_must_hold(self) -> None:
        parts = [{}, {"kind": "noninferior", "margin": 0.01, "of": "old", "over": ["new"]}]
        assert verdict(pair(), part=parts).outcome == "contradicted"

    @pytest.mark.parametrize(
        ("third", "over", "outcome"),
        [
            (0.58, ["old", "third"], "smaller"),  # shown against both, against the third below the margin
            (0.9, ["old", "third"], "contradicted"),
            (0.58, ["third", "absent"], "not assessable"),
        ],
    )
    def test_a_claim_is_smaller_if_all_is_shown_and_some_of_it_is_smaller(
        self, third: float, over: list[str], outcome: str
    ) -> None:
        new = [record("new", s, 0.6 + 0.001 * s) for s in range(5)]
        others = [record(e, s, v) for e, v in (("old", 0.4), ("third", third)) for s in range(5)]
        assert verdict([*new, *others], margin=0.1, over=over).outcome == outcome

    def test_a_smaller_part_beside_an_undecided_one_leaves_the_claim_undecided_and_against(self) -> None:
        new = [record("new", s, 0.6 + 0.001 * s) for s in range(5)]
        third = [record("third", s, 0.58) for s in range(5)]
        old = [record("old", s, v) for s, v in enumerate((0.3, 0.7, 0.3, 0.7, 0.3))]
        judged = verdict([*new, *old, *third], margin=0.1, over=["old", "third"])
        assert (judged.outcome, judged.leaning) == ("inconclusive", "against")

    def test_a_smaller_part_makes_a_claim_smaller_if_the_undecided_parts_show_its_direction(self) -> None:
        new = [record("new", s, 0.6 + 0.001 * s) for s in range(5)]
        third = [record("third", s, 0.58) for s in range(5)]
        old = [record("old", s, v) for s, v in enumerate((0.5, 0.54, 0.5, 0.54, 0.5))]
        sized = {"kind": "within", "margin": None, "lower": 0.08}
        judged = verdict([*new, *old, *third], over=["old", "third"], **sized)
        assert [finding.outcome for finding in judged.findings] == ["inconclusive", "smaller"]
        assert (judged.outcome, judged.deciding.opponent) == ("smaller", "third")

    def test_one_component_makes_it_controlled(self) -> None:
        assert verdict(pair()).deciding.design == "system comparison"
        assert verdict(pair(component="NegativeSampler")).deciding.design == "controlled"
        mixed = [*pair(component="NegativeSampler")[:5], *pair(component="")[5:]]
        assert verdict(mixed).deciding.design == "system comparison"

    def test_other_numbers_of_trials_make_it_uncontrolled(self) -> None:
        tuned, not_tuned = (pair(component="NegativeSampler", trials=trials) for trials in (12, 1))
        assert verdict(tuned).deciding.design == "controlled"
        other = [*tuned[:5], *not_tuned[5:]]
        assert verdict(other).deciding.design == "one component, but tuning trials: 12 for new and 1 for old"
        elsewhere = pair(component="NegativeSampler", trials=8, case="other")
        both = "8 or 12 for new and 1 or 8 for old"
        assert verdict([*other, *elsewhere]).deciding.design == f"one component, but tuning trials: {both}"


class TestPreconditions:
    @pytest.mark.parametrize(
        ("change", "reason"),
        [
            (lambda r: without(r, "old", 3), "old, case main, seed 3: no record"),
            (lambda r: without(without(r, "new", 3), "new", 4), "new, case main, seeds 3, 4: no record"),
            (lambda r: [*without(r, "old", 2), failed("old", 2, "oom")], "old, case main, seed 2: oom"),
            (
                lambda r: [*without(r, "new", 0), failed("new", 0, "error", error="ValueError: no")],
                "new, case main, seed 0: error (ValueError: no)",
            ),
            (
                lambda r: without([*without(r, "old", 2), failed("old", 2, "timeout")], "new", 1),
                "new, case main, seed 1: no record (and 1 more gap)",
            ),
            (lambda r: r[:5], "no record of old at tier small"),
        ],
    )
    def test_a_missing_or_failed_record_is_named(
        self, change: Callable[[list[dict[str, Any]]], list[dict[str, Any]]], reason: str
    ) -> None:
        assert verdict(change(pair())).text == f"not assessable ({reason})"

    def test_an_empty_store_is_named_not_crashed_on(self) -> None:
        judged = judge(claim(), table(), "small")
        assert judged.text == "not assessable (no record of new at tier small)"

    def test_what_cannot_be_assessed_still_says_which_values_are_better(self) -> None:
        required = {"toy": Requirements(better={"accuracy": "lower"})}
        for judged in (judge(claim(), table(), "small", required), judge(claim(), table(), "large", required)):
            assert [finding.better for finding in judged.findings] == ["lower"]
        assert [finding.better for finding in judge(claim(), table(), "small").findings] == [""]

    def test_another_tier_is_not_the_claims(self) -> None:
        judged = verdict(pair(tier="large"), tier="large")
        assert judged.text == "not assessable (the claim is for tier small, not large)"

    def test_records_of_another_tier_are_not_used(self) -> None:
        assert verdict(pair(tier="large")).text == "not assessable (no record of new at tier small)"

    def test_the_baseline_must_be_above_chance_by_the_margin(self) -> None:
        required = {"toy": Requirements(margins={"accuracy": 0.3})}
        assert judge(claim(), table(*pair(chance=0.1)), "small", required).outcome == "reproduced"
        judged = judge(claim(), table(*pair(chance=0.3)), "small", required)
        assert judged.text.startswith("not assessable (old is not above chance in case main: accuracy 0.")
        assert judged.text.endswith("chance 0.3, margin 0.3)")
        unknown = table(*pair(chance=math.nan))
        assert judge(claim(), unknown, "small", required).outcome == "reproduced"

    def test_no_seed_of_the_baseline_may_be_at_chance_where_the_card_states_a_margin(self) -> None:
        records = [*without(pair(), "old", 4), record("old", 4, 0.1)]
        required = {"toy": Requirements(margins={"accuracy": 0.05})}
        judged = judge(claim(), table(*records), "small", required)
        assert judged.text.startswith("not assessable (old is not above chance in case main, seed 4: accuracy 0.1,")
        without_margin = judge(claim(), table(*records), "small", {"toy": Requirements()})
        assert without_margin.outcome == "reproduced"
        assert "1 of 5 seeds of old no better than chance" in without_margin.text

    def test_without_a_margin_both_sides_must_be_above_chance_on_average(self) -> None:
        required = {"toy": Requirements()}
        for side in ("new", "old"):
            others = [entry for entry in pair() if entry["run"]["entrant"] != side]
            records = [*others, *(record(side, seed, 0.1) for seed in range(5))]
            judged = judge(claim(), table(*records), "small", required)
            assert judged.text.startswith(f"not assessable ({side} is not above chance in case main: accuracy 0.1,")

    @pytest.mark.parametrize("at_chance", ["new", "old", ""])
    def test_what_changes_must_be_above_chance_where_a_change_is_compared(self, at_chance: str) -> None:
        required = {"toy": Requirements(changed={"gain": "accuracy"})}
        records = [
            record(side, seed, {"gain": gain + 0.01 * seed, "accuracy": 0.1 if side == at_chance else 0.2})
            for side, gain in (("new", 0.5), ("old", 0.3))
            for seed in range(5)
        ]
        judged = judge(claim(metric="gain"), table(*records), "small", required)
        at = f"not assessable ({at_chance} is not above chance in case main: accuracy 0.1, chance 0.1, margin 0)"
        assert judged.text == (at if at_chance else "reproduced")

    def test_a_planned_case_that_both_lack_is_missed(self) -> None:
        everyone = PlannedCase(frozenset({"new", "old"}))
        planned = {"main": everyone, "other": everyone, "of old": PlannedCase(frozenset({"old"}))}
        required = {"toy": Requirements(planned=planned)}
        assert judge(claim(), table(*pair()), "small", required).text.startswith(
            "not assessable (new, case other, seeds 0-4: no record"
        )
        named = claim(where={"case": "main"})
        assert judge(named, table(*pair()), "small", required).outcome == "reproduced"
        elsewhere = [record("third", seed, {"step_ms": 1.0 + seed}, case="other") for seed in range(5)]
        judged = judge(claim(), table(*pair(), *elsewhere), "small", required)
        assert judged.outcome == "reproduced", "the other case measures something else"

    def test_a_claim_on_cases_with_other_numbers_of_seeds_is_judged_on_those_that_all_have(self) -> None:
        everyone, seeds = PlannedCase(frozenset({"new", "old"})), {"main": range(5), "other": range(7)}
        planned = {"main": everyone, "other": everyone}
        required = {"toy": Requirements(planned=planned, planned_seeds=seeds, seeds=seeds)}
        of_other = [
            record(side, seed, value + 0.01 * seed, case="other")
            for side, value in (("new", 0.5), ("old", 0.3))
            for seed in range(7)
        ]
        for where, numbers in (({}, 5), ({"case": "main"}, 5), ({"case": "other"}, 7)):
            judged = judge(claim(where=where), table(*pair(), *of_other), "small", required)
            assert (judged.text, judged.deciding.n) == ("reproduced", numbers)
        gap = judge(claim(where={"case": "other"}), table(*pair(), *of_other[:-1]), "small", required)
        assert gap.text == "not assessable (old, case other, seed 6: no record)"

    def test_of_the_cases_that_a_claim_names_those_of_the_tier_are_needed(self) -> None:
        named = claim(where={"case": ["main", "larger"]})
        required = {"toy": Requirements(planned_seeds={"main": range(5), "other": range(5)})}
        assert judge(named, table(*pair()), "small", required).outcome == "reproduced"
        required = {"toy": Requirements(planned_seeds={"main": range(5), "larger": range(5)})}
        judged = judge(named, table(*pair()), "small", required)
        assert judged.text == "not assessable (new, case larger, seeds 0-4: no record (and 1 more gap))"
        elsewhere = judge(claim(where={"case": "larger"}), table(*pair()), "small", required)
        assert elsewhere.outcome == "not assessable"

    def test_chance_is_below_where_lower_is_better(self) -> None:
        required = {"toy": Requirements(margins={"accuracy": 0.1})}
        assert judge(claim(), table(*pair(-DIFFERENCES, better="lower", chance=1.0)), "small", required).outcome == (
            "reproduced"
        )
        judged = judge(claim(), table(*pair(-DIFFERENCES, better="lower", chance=0.5)), "small", required)
        assert judged.outcome == "not assessable"

    def test_a_run_that_has_not_learned_its_training_task_is_named(self) -> None:
        records = [
            record(e, s, {"accuracy": v + 0.01 * s * s, "learned": 0.99 - 0.5 * (e == "new" and s == 3)})
            for e, v in (("new", 0.8), ("old", 0.6))
            for s in range(5)
        ]
        judged = verdict(records, gate={"metric": "learned", "threshold": 0.9})
        assert judged.text == (
            "not assessable (new has not learned its training task in case main, seed 3: learned 0.49, needed 0.9)"
        )

    def test_a_gate_looks_only_where_it_is_told_to(self) -> None:
        stages = {(("stage", "original"),): 0.95, (("stage", "swapped"),): 0.2}
        records = [
            record(e, s, {"accuracy": v + 0.001 * s * (e == "new"), "learned": stages})
            for e, v in (("new", 0.8), ("old", 0.6))
            for s in range(5)
        ]
        gate = {"metric": "learned", "threshold": 0.9}
        assert "learned 0.2, needed 0.9" in verdict(records, gate=gate).text
        assert verdict(records, gate={**gate, "where": {"stage": "original"}}).outcome == "reproduced"
        assert (
            "no learned, by which the claim checks that the training task is learned"
            in verdict(records, gate={**gate, "where": {"stage": "tuned"}}).text
        )

    def test_a_gate_may_be_about_another_entrant(self) -> None:
        """One that shows that the task can be learned: where it fails, nothing is judged, and it must be there."""
        gate = {"metric": "accuracy", "threshold": 0.9, "of": "teacher"}
        teacher = [record("teacher", s, 0.95) for s in range(5)]
        assert verdict([*pair(), *teacher], gate=gate).outcome == "reproduced"
        failed = [*teacher[:3], record("teacher", 3, 0.5), teacher[4]]
        assert (
            "teacher has not learned its training task in case main, seed 3"
            in verdict([*pair(), *failed], gate=gate).text
        )
        assert "no record of teacher, case main, seed 4" in verdict([*pair(), *teacher[:4]], gate=gate).text

    def test_every_gate_of_several_must_be_passed(self) -> None:
        passed, failed = ({"metric": "accuracy", "threshold": threshold} for threshold in (0.1, 0.9))
        assert verdict(pair(), gate=[passed, passed]).outcome == "reproduced"
        assert verdict(pair(), gate=[passed, failed]).outcome == "not assessable"

    def test_a_gate_that_was_not_measured_is_named(self) -> None:
        judged = verdict(pair(), gate={"metric": "learned", "threshold": 0.9})
        assert "no learned, by which the claim checks that the training task is learned" in judged.text

    def test_seeds_that_do_not_vary_show_nothing(self) -> None:
        records = [record(e, s, v, unit="ms") for e, v in (("new", 0.9), ("old", 0.5)) for s in range(5)]
        assert verdict(records).text == "not assessable (the seeds do not vary: new has 0.9 at every seed)"

    def test_a_constant_baseline_is_no_reason(self) -> None:
        records = [record("new", s, 0.8 + 0.01 * s) for s in range(5)] + [record("old", s, 0.5) for s in range(5)]
        assert verdict(records).outcome == "reproduced"

    def test_a_diverged_run_is_no_escape(self) -> None:
        records = [*without(pair(), "new", 2), record("new", 2, 0.1, status="diverged")]
        judged = verdict(records)
        assert (judged.outcome, judged.deciding.n) == ("inconclusive", 5)
        learned = [
            record(e, s, {"accuracy": 0.1 if lost else v + 0.01 * s, "learned": 0.0 if lost else 1.0}, status=status)
            for e, v in (("new", 0.8), ("old", 0.6))
            for s in range(5)
            for lost in [e == "new" and s < 4]
            for status in ["diverged" if lost else "ok"]
        ]
        assert verdict(learned, gate={"metric": "learned", "threshold": 0.9}).outcome != "not assessable"

    @pytest.mark.parametrize(
        ("lost", "hypothesis"), [("old", {}), ("new", {"kind": "noninferior", "margin": 0.5})], ids=["old", "new"]
    )
    def test_nothing_is_reproduced_by_the_score_of_a_guess(self, lost: str, hypothesis: dict[str, Any]) -> None:
        levels = {"new": 0.8, "old": 0.5}
        runs = [record(e, s, v + 0.01 * s * (e == "new"), chance=0.45) for e, v in levels.items() for s in range(5)]
        assert verdict(runs, **hypothesis).outcome == "reproduced"
        next(r for r in runs if (r["run"]["entrant"], r["run"]["seed"]) == (lost, 2))["run"]["status"] = "diverged"
        judged = verdict(runs, **hypothesis)
        assert judged.text.startswith(f"not assessable (1 of 5 runs of {lost} diverged")
        assert judged.deciding.n == 5

    def test_a_diverged_run_is_at_chance_at_every_point(self) -> None:
        def at(value: float) -> dict[str, Any]:
            return {"accuracy": {(("k", 4),): value, (("k", 8),): value + 0.1}}

        runs = [record(e, s, at(v + 0.01 * s), case="main") for e, v in (("new", 0.5), ("old", 0.7)) for s in range(5)]
        runs[2] = record("new", 2, 0.1, status="diverged", n_used=0)
        values = list(-np.full(5, 0.2))
        values[2] = 0.1 - 0.77
        assert verdict(runs).deciding.values == pytest.approx(values)
        assert verdict(runs, where={"k": 8}).deciding.values == pytest.approx([-0.2, -0.2, -0.72, -0.2, -0.2])
        shares = verdict(runs, where={"k": 4}, also="logit").findings[1].values
        assert shares[2] == pytest.approx(math.log(100.5 / 900.5) - math.log(720.5 / 280.5))

    def test_a_diverged_run_stands_beside_a_sweep_of_its_rival(self) -> None:
        swept = [record("old", s, 0.5, label="old[m=4]", at={"m": 4}) for s in range(5)]
        diverged = record("new", 2, 0.1, status="diverged", n_used=0)
        assert verdict([*without(pair(), "new", 2), diverged, *swept]).deciding.n == 5

    def test_a_chance_score_does_not_show_that_a_case_measures_the_metric(self) -> None:
        costs = [record(e, s, {"step_ms": 1.0 + s}, case="scaling") for e in ("new", "old") for s in range(5)]
        costs[3] = record("new", 3, {"accuracy": 0.1}, case="scaling", status="diverged")
        assert verdict([*pair(), *costs]).deciding.cases == ("main",)

    def test_nan_never_becomes_zero(self) -> None:
        records = [*without(pair(), "new", 2), record("new", 2, math.nan, status="diverged")]
        reason = "new has no value of accuracy (NaN) in case main, seed 2 (diverged)"
        assert verdict(records).text == f"not assessable ({reason})"

    def test_a_flawed_claim_says_so(self) -> None:
        judged = verdict(pair(), margin=None)
        assert judged.text == "not assessable (margin is missing: the smallest effect of interest)"

    @pytest.mark.parametrize(
        ("what", "reason"),
        [
            ("version", "the records differ in task version: 1 and 2"),
            ("data", "the records differ in data, case main: d and 2"),
            ("settings", f"the records differ in settings, case main: {S} and {TWO}"),
            ("produced", "the records differ in produced data, case main, seed 0: p0main and 2"),
        ],
    )
    def test_records_that_cannot_be_compared_are_refused(self, what: str, reason: str) -> None:
        records = pair()
        next(r for r in records if (r["run"]["entrant"], r["run"]["seed"]) == ("old", 0))["run"][what] = (
            2 if what == "version" else "2"
        )
        assert verdict(records).text == f"not assessable ({reason})"


class TestCountsSharesAndTimes:
    def test_counts_need_neither_variation_nor_five_seeds(self) -> None:
        records = [
            record(e, 0, {"bytes": v}, unit="bytes", better="lower", exact=True) for e, v in (("new", 10), ("old", 200))
        ]
        size = {"metric": "bytes", "kind": "within", "estimand": "log_ratio", "margin": None}
        finding = verdict(records, lower=10, **size).deciding
        assert (finding.outcome, str(finding.interval)) == ("reproduced", "n/a")
        assert math.isnan(finding.p)
        assert verdict(records, lower=30, **size).outcome == "smaller"

    def test_a_contended_time_is_never_used(self) -> None:
        timed = {"unit": "ms", "better": "lower", "timing": True}
        records = pair(-DIFFERENCES, **timed)
        assert verdict(records).outcome == "reproduced"
        records[0]["run"]["contended"] = True
        assert verdict(records).text == "not assessable (new was timed beside another run in case main, seed 4 (ok))"

    def test_times_of_two_machines_are_not_compared(self) -> None:
        records = pair(-DIFFERENCES, better="lower", timing=True)
        for entry in records[:5]:
            entry["run"]["device"] = "cuda"
        assert verdict(records).text == "not assessable (the records differ in device and threads: cuda 1 and cpu 1)"
        assert verdict([*pair(device="cuda")[:5], *pair()[5:]]).deciding.devices == ("cpu", "cuda")

    def test_a_contended_score_is_used(self) -> None:
        assert verdict(pair(contended=True)).outcome == "reproduced"

    @pytest.mark.parametrize(("lower", "outcome"), [(0.99, "reproduced"), (0.9999, "inconclusive")])
    def test_shares_that_are_identical_at_every_seed_are_judged_by_their_items(
        self, lower: float, outcome: str
    ) -> None:
        records = [record("new", s, 1.0, n_used=1000) for s in range(5)]
        judged = verdict(records, estimand="level", over=None, kind="within", margin=None, lower=lower)
        assert judged.outcome == outcome
        assert judged.deciding.items == pytest.approx((0.05 ** (1 / 1000), 1.0))
        assert (str(judged.deciding.interval), math.isnan(judged.deciding.p)) == ("n/a", True)


class TestAxes:
    def curve(self, slope: float = 0.05) -> list[dict[str, Any]]:
        rng = np.random.default_rng(1)
        return [
            record(e, s, v + (slope * i * (e == "new")) + 0.005 * rng.normal(), case=f"n{n}", at={"n": n})
            for e, v in (("new", 0.3), ("old", 0.6))
            for s in range(5)
            for i, n in enumerate((1000, 2000, 4000))
        ]

    def test_a_gap_closes_along_a_case_axis(self) -> None:
        judged = verdict(self.curve(), estimand="gap_slope", x="n", margin=0.01, also="logit")
        assert [finding.scale for finding in judged.findings] == ["raw", "logit"]
        assert judged.outcome == "reproduced"
        assert judged.findings[0].estimate == pytest.approx(0.05, abs=0.005)
        assert verdict(self.curve(-0.05), estimand="gap_slope", x="n", margin=0.01).outcome == "contradicted"

    def test_every_x_is_needed_from_both(self) -> None:
        records = [r for r in self.curve() if (r["run"]["entrant"], r["run"]["case"]) != ("old", "n4000")]
        judged = verdict(records, estimand="gap_slope", x="n", margin=0.01)
        assert judged.text == "not assessable (old, case n4000, seeds 0-4: no record)"

    def test_a_mean_over_cases_needs_all_of_them(self) -> None:
        assert verdict(self.curve(0.4)).outcome == "reproduced"
        assert verdict(self.curve(0.4)).deciding.cases == ("n1000", "n2000", "n4000")
        one_short = [
            r
            for r in self.curve(0.4)
            if [r["run"][name] for name in ("case", "entrant", "seed")] != ["n2000", "new", 3]
        ]
        assert verdict(one_short).text == "not assessable (new, case n2000, seed 3: no record)"

    def test_where_restricts_cases(self) -> None:
        records = self.curve(0.4)
        assert verdict(records, where={"n": 1000}).outcome == "contradicted"
        assert verdict(records, where={"n": ">= 2000"}).deciding.cases == ("n2000", "n4000")
        assert verdict(records, where={"case": ["n1000", "n4000"]}).deciding.cases == ("n1000", "n4000")
        assert verdict(records, where={"case": "n8000"}).text == (
            "not assessable (no record of new where case = n8000 at tier small)"
        )
        assert "case n8000, seeds 0-4: no record" in verdict(records, where={"case": ["n4000", "n8000"]}).text

    def points(self) -> list[dict[str, Any]]:
        lengths = (256, 512, 2048, 4096, 8192)
        return [
            record(
                e,
                s,
                {"step_ms": {(("L", length),): (1 + 0.01 * s) * length ** (p + 0.004 * s) for length in lengths}},
                case="scaling",
                better="lower",
                unit="ms",
                timing=True,
            )
            for e, p in (("new", 1.0), ("old", 2.0))
            for s in range(5)
        ] + [record(e, s, 0.5 + 0.01 * s, case="main", at={"L": 256}) for e in ("new", "old") for s in range(5)]

    def test_a_slope_along_points_of_one_case(self) -> None:
        slope = {
            "metric": "step_ms",
            "estimand": "slope",
            "loglog": True,
            "x": "L",
            "over": None,
            "where": {"case": "scaling", "L": ">= 2048"},
            "kind": "within",
            "margin": None,
        }
        judged = verdict(self.points(), upper=1.25, **slope)
        assert (judged.outcome, judged.deciding.cases) == ("reproduced", ("scaling",))
        assert judged.deciding.values == pytest.approx([1 + 0.004 * s for s in range(5)])
        assert verdict(self.points(), of="old", lower=1.7, **slope).outcome == "reproduced"

    def test_a_case_that_does_not_measure_the_metric_is_not_needed(self) -> None:
        assert verdict(self.points(), kind="noninferior").deciding.cases == ("main",)

    def test_a_case_of_failed_records_is_needed_until_one_shows_that_it_does_not_measure_the_metric(self) -> None:
        lost = [failed(e, s, "oom", case="other") for e in ("new", "old") for s in range(5)]
        assert "new, case other, seeds 0-4: oom" in verdict([*pair(), *lost]).text
        other = [record("third", 0, {"bytes": 3}, case="other")]
        assert verdict([*pair(), *lost, *other]).outcome == "reproduced"

    def test_points_are_paired_and_a_missing_point_is_named(self) -> None:
        def at(value: float) -> dict[str, Any]:
            return {"accuracy": {(("k", 4),): value, (("k", 8),): value + 0.1}}

        records = [record(e, s, at(v + 0.01 * s * s)) for e, v in (("new", 0.7), ("old", 0.5)) for s in range(5)]
        for entry in records:
            if entry["run"]["entrant"] == "new":
                entry["values"] = {
                    "accuracy": {k: v + 0.001 * entry["run"]["seed"] for k, v in entry["values"]["accuracy"].items()}
                }
        assert verdict(records).outcome == "reproduced"
        assert verdict(records, where={"k": 4}).outcome == "reproduced"
        del records[-1]["values"]["accuracy"][(("k", 8),)]
        assert verdict(records).text == "not assessable (old has no score at case main, k = 8, seed 4)"
        assert verdict(records, where={"k": 4}).outcome == "reproduced"

    def test_a_capability_that_an_entrant_lacks_is_named(self) -> None:
        records = [*pair()[:5], *(record("old", s, {"bytes": 1.0}) for s in range(5))]
        assert verdict(records).text == "not assessable (old has no accuracy at tier small)"

    def sweep(self) -> list[dict[str, Any]]:
        rng = np.random.default_rng(2)
        swept = [
            record("new", s, 0.6 + 0.02 * math.log2(m) + 0.002 * rng.normal(), label=f"new[m={m}]", at={"m": m})
            for s in range(5)
            for m in (4, 16, 64)
        ]
        return [*pair(), *swept]

    def test_an_entrants_name_means_its_own_parameters(self) -> None:
        assert verdict(self.sweep()).paths == verdict(pair()).paths

    def test_a_parameter_in_where_selects_from_the_sweep_and_leaves_the_opponent_alone(self) -> None:
        judged = verdict(self.sweep(), where={"m": 64})
        assert judged.outcome == "reproduced"
        assert {path for path in judged.paths if "new" in path} == {
            f"toy/small/main/new/m=64-s{s}.json" for s in range(5)
        }
        assert verdict(self.sweep(), of="new[m=64]").paths == judged.paths

    def test_a_slope_along_a_parameter(self) -> None:
        judged = verdict(self.sweep(), estimand="slope", x="m", over=None, kind="within", margin=None, lower=0.015)
        assert judged.outcome == "reproduced"
        assert judged.deciding.estimate == pytest.approx(0.02, abs=0.002)

    def test_several_parameters_in_one_place_are_refused(self) -> None:
        judged = verdict(self.sweep(), where={"m": [4, 16]})
        assert "new has 2 scores where one is compared at case main, seed 0" in judged.text

    def test_a_parameter_set_to_its_default_is_the_same_run(self) -> None:
        records = pair()
        again = [
            record("new", s, r["values"], label="new[m=8]", at={"m": 8}, key=r["run"]["key"])
            for r in records[:5]
            for s in [r["run"]["seed"]]
        ]
        assert verdict([*records, *again]).outcome == "reproduced"
        assert verdict([*records, *again], where={"m": 8}).outcome == "reproduced"


class TestCurves:
    def records(self, reach: float) -> list[dict[str, Any]]:
        def curve(half: float, end: float) -> dict[str, Any]:
            along = {(("spent", 0),): 9.0, (("spent", 500),): half, (("spent", 1000),): end}
            return {"loss": {**along, (): end + 3.0 + half / 100}}

        return [
            entry
            for s in range(5)
            for entry in (
                record("new", s, curve(reach - 0.02 * s, 1.0), better="lower", unit="nats", chance=9.0),
                record("old", s, curve(4.0, 2.0), better="lower", unit="nats", chance=9.0),
            )
        ]

    def test_fewer_steps_to_the_opponents_final_value(self) -> None:
        steps = {"metric": "loss", "estimand": "steps_ratio", "margin": 1.1}
        judged = judge(
            claim(**steps), table(*self.records(2.05)), "small", {"toy": Requirements(margins={"loss": 1.0})}
        )
        assert judged.outcome == "reproduced"
        assert 1.9 < math.exp(judged.deciding.estimate) < 2.1

    def test_never_faster_is_not_reproduced(self) -> None:
        slow = self.records(5.0)
        for entry in slow:
            if entry["run"]["entrant"] == "new":
                entry["values"]["loss"][(("spent", 1000),)] = 3.0
        judged = verdict(slow, metric="loss", estimand="steps_ratio", margin=1.1)
        assert judged.text == "contradicted (opposite)"

    def test_nothing_is_gained_by_an_opponent_that_diverged(self) -> None:
        records = self.records(2.05)
        records[1] = record("old", 0, {"loss": {(): 4.0, (("spent", 100),): 8.0}}, status="diverged", better="lower")
        assert verdict(records, metric="loss", estimand="steps_ratio", margin=1.1).deciding.values[0] == 0

    def test_a_diverged_run_is_never_fast(self) -> None:
        records = self.records(2.05)
        records[0] = record("new", 0, {"loss": {(): 9.0, (("spent", 100),): 1.0}}, status="diverged", better="lower")
        assert verdict(records, metric="loss", estimand="steps_ratio", margin=1.1).deciding.values[0] == 0

    def test_a_curve_is_no_score(self) -> None:
        judged = verdict(self.records(2.05), metric="loss", margin=0.1)
        assert judged.deciding.values == pytest.approx([1.0] * 5, abs=0.1)

    def test_without_curves_it_cannot_be_assessed(self) -> None:
        assert verdict(pair(), estimand="steps_ratio", margin=1.1).text == (
            "not assessable (accuracy was not measured along the budget at tier small)"
        )


class TestRehearsal:
    @pytest.mark.parametrize("tier", ["smoke", "quick"])
    def test_quick_is_never_a_verdict(self, tier: str) -> None:
        assert verdict(pair(tier=tier), tier=tier).text == "rehearsal: leaning for"
        assert verdict(pair(DIFFERENCES - 0.3, tier=tier), tier=tier).text == "rehearsal: leaning against"

    def test_counts_are_rehearsed_too(self) -> None:
        records = [
            record(e, 0, {"bytes": v}, tier="quick", better="lower", exact=True) for e, v in (("new", 1), ("old", 9))
        ]
        judged = verdict(records, "quick", metric="bytes", margin=1.0)
        assert judged.text == "rehearsal: leaning for"

    def test_what_is_missing_is_named_at_quick_as_well(self) -> None:
        judged = verdict(without(pair(tier="quick"), "old", 1), tier="quick")
        assert judged.text == "not assessable (old, case main, seed 1: no record)"


class TestItems:
    @staticmethod
    def reader(spread: float) -> Callable[[str, str], np.ndarray | None]:
        items = np.random.default_rng(0).normal(scale=spread, size=400)

        def read(path: str, name: str) -> np.ndarray | None:
            assert name == "accuracy"
            return 0.6 + items if "new" in path else np.full(400, 0.5)

        return read

    def test_a_verdict_that_its_items_do_not_share_is_marked(self) -> None:
        sure = judge(claim(), table(*pair()), "small", items=self.reader(0.1))
        assert sure.text == "reproduced"
        assert sure.deciding.items == pytest.approx((0.1, 0.1), abs=0.02)
        assert sure.deciding.marks == ()
        unsure = judge(claim(), table(*pair()), "small", items=self.reader(5.0))
        assert unsure.text == "reproduced (on these items only)"

    def test_without_items_there_is_no_second_interval(self) -> None:
        judged = judge(claim(), table(*pair()), "small", items=lambda path, name: None)
        assert (judged.text, str(judged.deciding.items)) == ("reproduced", "n/a")


def grid(entrant: str, good: int, jitter: float) -> list[dict[str, Any]]:
    """A record without parameters, and one for each of 2x2 rates, so many of which are good at every seed."""
    judged = []
    for seed in range(5):
        judged.append(record(entrant, seed, 0.99))
        for i, (client, server) in enumerate(((1.0, 1.0), (1.0, 3.0), (3.0, 1.0), (3.0, 3.0))):
            label = f"{entrant}[client_rate={client:g},server_rate={server:g}]"
            # At one seed, one setting more is good.
            value = 0.9 if i < good + (seed == 3) else 0.3 + jitter * seed
            at = {"client_rate": client, "server_rate": server}
            judged.append(record(entrant, seed, value, label=label, at=at))
    return judged


def test_a_grid_of_settings_is_judged_by_how_many_are_good() -> None:
    asked: dict[str, Any] = {
        "estimand": "good_share",
        "good": 0.9,
        "margin": 0.1,
        "where": {"client_rate": "> 0", "server_rate": "> 0"},
    }
    records = [*grid("new", 3, 0.01), *grid("old", 1, 0.0)]
    judged = verdict(records, **asked)
    assert judged.findings[0].values == (0.5,) * 5
    records = [
        *grid("new", 3, 0.01),
        *(entry for entry in grid("old", 1, 0.0) if "3" not in entry["run"]["label"][-2:]),
    ]
    assert "settings are missing" in verdict(records, **asked).text


def test_the_board_has_a_row_for_each_paper_and_no_empty_column() -> None:
    verdicts = {
        "one": [verdict(pair()), verdict(pair()), verdict(pair(DIFFERENCES - 0.2))],
        "two": [verdict(pair()[:5]), verdict(pair(tier="quick"), "quick")],
    }
    header, _, *rows = ([cell.strip() for cell in line.split("|")[1:-1]] for line in board(verdicts).splitlines())
    assert header == ["paper", "task", "reproduced", "contradicted", "leaning for", "not assessable"]
    assert [[row[0], *row[2:]] for row in rows] == [["one", "2", "1", "", ""], ["two", "", "", "1", "1"]]


def test_the_summary_says_how_many_claims_would_be_decided_by_chance() -> None:
    verdicts = [
        verdict(pair()),
        verdict(pair(DIFFERENCES - 0.2)),
        verdict(pair()[:5]),
        verdict(pair(tier="quick"), "quick"),
    ]
    counts, by_chance, *_, last = summary({"paper": verdicts})
    assert counts == "1 reproduced, 1 contradicted, 1 not assessable, 1 rehearsal."
    assert by_chance.startswith(
        "If each of 2 judged claims lay at the boundary of not holding, chance would reproduce at most 0.1; "
    )
    assert last == "At this tier every verdict is a rehearsal."


def test_errors_are_counted_by_claim_and_comparison() -> None:
    eight = np.tile(DIFFERENCES, 2)[:8]
    third = [record("third", s, 0.2 + 0.01 * s) for s in range(8)]
    two = verdict([*pair(eight), *third], over=["old", "third"])
    counts = [
        record(e, 0, {"bytes": v}, unit="bytes", better="lower", exact=True) for e, v in (("new", 10), ("old", 200))
    ]
    counted = verdict(counts, metric="bytes", margin=1.0)
    # Counts never err; at 5 seeds 1 of 32 sign flips is as extreme, at 8 seeds 12 of 256.
    assert expected_errors([verdict(pair()), counted]) == (2, 1 / 32, 1 / 32)
    assert expected_errors([two]) == (1, 12 / 256, 2 * 12 / 256)
    assert expected_errors([verdict(pair()[:5]), verdict(pair(tier="quick"), "quick")]) == (0, 0, 0)


def test_the_metrics_and_cases_of_claims_are_explained() -> None:
    metrics = {name: SimpleNamespace(about=f"what {name} is") for name in ("accuracy", "loss")}
    cases = [SimpleNamespace(id=name, about=f"what {name} is") for name in ("main", "other")]
    card: Any = SimpleNamespace(metrics=metrics, cases=cases)
    assert glossary({"paper": [verdict(pair())]}, {"toy": card, "unused": card}) == [
        "",
        "## Words: toy",
        "",
        "- `accuracy`: what accuracy is",
        "- `main`: what main is",
    ]


class TestRow:
    """A row can be read alone: claim, verdict, what was compared, what was asked, what was found, and on what."""

    def test_of_a_difference(self) -> None:
        judged = verdict(pair(component="Part"), says="New is better.", where={"case": "main"})
        assert row("paper", judged) == [
            "paper",
            "New is better. (Table 1; `better`)",
            "reproduced",
            "accuracy ↑: new - old; controlled",
            "above 0, and possibly 0.02 or more",
            "+0.1 [+0.0849, +0.115], p = 0.031, 5 seeds",
            "toy; main; tier small; cpu; 1,000 examples",
        ]

    def test_of_a_ratio_of_what_should_be_low(self) -> None:
        records = [
            record(e, s, v + 0.01 * s, unit="ms", better="lower") for e, v in (("new", 1), ("old", 2)) for s in range(5)
        ]
        *_, compared, wanted, found, _ = row("paper", verdict(records, estimand="log_ratio", margin=1.05))
        assert compared == "accuracy ↓: old / new; system comparison"
        assert wanted == "above x1, and possibly x1.05 or more"
        assert found == "x1.98 [x1.97, x2], p = 0.031, 5 seeds"

    def test_near_numbers_are_written_differently(self) -> None:
        records = [record("new", seed, value) for seed, value in enumerate((1.0, 1.001, 1.002, 1.0, 1.0))]
        *_, found, _ = row("paper", verdict(records, estimand="level", over=[], kind="within", lower=1.0, margin=None))
        assert found == "1.0006 [0.99975, 1.0015], p = 0.25, 5 seeds"

    def test_numbers_have_no_exponents(self) -> None:
        *_, found, _ = row("paper", verdict(pair(DIFFERENCES / 1e4)))
        assert found.startswith("+0.00001 [+0.00000849, +0.0000115]")

    def test_of_alternatives_those_that_were_measured(self) -> None:
        judged = verdict(pair(at={"n": 100}), where={"case": "main", "n": [100, 200]})
        assert row("paper", judged)[-1] == "toy; main; n = 100; tier small; cpu; 1,000 examples"

    def test_of_several_cases_and_comparisons(self) -> None:
        records = [entry for case in ("main", "other") for entry in pair(case=case)]
        third = [record("third", s, 0.2 + 0.01 * s, case=case) for s in range(5) for case in ("main", "other")]
        *_, compared, _, found, place = row("paper", verdict([*records, *third], over=["old", "third"]))
        assert compared == "accuracy ↑: new - old; decides among 2 comparisons; system comparison"
        assert found.endswith("5 seeds (main +0.1 [+0.0849, +0.115]; other +0.1 [+0.0849, +0.115])")
        assert place == "toy; main, other; tier small; cpu; 1,000 examples"

    def test_of_what_could_not_be_assessed(self) -> None:
        judged = verdict(pair(tier="large"), "large", where={"case": "main", "L": ">= 9"})
        *_, text, compared, _, found, place = row("paper", judged)
        assert text == "not assessable (the claim is for tier small, not large)"
        assert (compared, found) == ("accuracy: new - old", "n/a")
        assert place == "toy; case = main; L >= 9; tier large"

    @pytest.mark.parametrize(
        ("changes", "compared", "asked"),
        [
            ({"kind": "noninferior"}, "accuracy: new - old", "above -0.02"),
            (
                {"kind": "equivalent", "estimand": "log_ratio", "margin": 1.25},
                "accuracy: new / old",
                "between x0.8 and x1.25",
            ),
            ({"kind": "within", "margin": None, "lower": 1, "upper": 2}, "accuracy: new - old", "between 1 and 2"),
            (
                {"kind": "within", "margin": None, "estimand": "level", "over": None, "upper": 0.1},
                "accuracy of new",
                "below 0.1",
            ),
            (
                {
                    "kind": "within",
                    "margin": None,
                    "estimand": "slope",
                    "over": None,
                    "lower": 2,
                    "x": "L",
                    "loglog": True,
                },
                "slope of accuracy of new along L (log-log)",
                "above 2",
            ),
            (
                {"estimand": "gap_slope", "x": "n"},
                "accuracy: new - old, its change with every doubling of n",
                "above 0, and possibly 0.02 or more",
            ),
            (
                {"estimand": "steps_ratio", "margin": 2},
                "budget until the same accuracy on the validation split: old / new",
                "above x1, and possibly x2 or more",
            ),
            (
                {"estimand": "good_share", "good": 0.9},
                "share of settings with 90% of the best accuracy: new - old",
                "above 0, and possibly 0.02 or more",
            ),
        ],
    )
    def test_of_every_kind(self, changes: dict[str, Any], compared: str, asked: str) -> None:
        assert row("paper", verdict([], **changes))[3:5] == [compared, asked]
