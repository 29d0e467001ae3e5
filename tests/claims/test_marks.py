"""What qualifies a verdict, and what makes it not assessable: each change of a record changes the verdict, which says
why."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.claims.claim import Claim
from harness.claims.requirements import PlannedCase, Requirements
from harness.claims.verdict import Verdict, judge, marked_verdict
from harness.records.record import Record
from harness.records.scored import scored
from harness.records.store import Store
from harness.records.submitted import Submitted
from toys import CLAIM

Make = Callable[..., Record]

BETTER = {**CLAIM, "where": {"case": "plain"}}
SEEDS = range(5)
EVERYONE = PlannedCase(frozenset({"new", "old"}), {"n": 100})
REQUIRED = Requirements(planned={"plain": EVERYONE}, seeds={"plain": SEEDS}, planned_seeds={"plain": SEEDS})
EVERY_RUN = [(entrant, seed) for entrant in ("new", "old") for seed in SEEDS]


@pytest.fixture
def make(record: Make) -> Make:
    """Makes a record of one side: `new` is better than `old` by .1 and a little more with each seed."""

    def made(entrant: str, seed: int, value: float | None = None, **changes: Any) -> Record:
        usual = 0.7 + 0.01 * seed if entrant == "new" else 0.6
        return record(entrant, seed, usual if value is None else value, **{"component": "Part", "trials": 8, **changes})

    return made


@pytest.fixture
def records(make: Make) -> dict[tuple[str, int], Record]:
    """The records of both sides, by entrant and seed."""
    return {run: make(*run) for run in EVERY_RUN}


def verdict(
    records: Mapping[Any, Record] | Sequence[Record], required: Requirements = REQUIRED, **claim: Any
) -> Verdict:
    """The verdict on records."""
    given = records.values() if isinstance(records, Mapping) else records
    return judge(Claim.model_validate({**BETTER, **claim}), scored(given), "small", {"toy": required})


def test_nothing_qualifies_a_verdict_on_sound_records(records: dict[tuple[str, int], Record]) -> None:
    judged = verdict(records)
    assert (judged.text, judged.deciding.design) == ("reproduced", "controlled")


@pytest.mark.parametrize("run", EVERY_RUN)
class TestAnyRecord:
    def test_deleted(self, records: dict[tuple[str, int], Record], run: tuple[str, int]) -> None:
        del records[run]
        assert verdict(records).text == f"not assessable ({run[0]}, case plain, seed {run[1]}: no record)"

    def test_of_other_code(self, records: dict[tuple[str, int], Record], make: Make, run: tuple[str, int]) -> None:
        records[run] = make(*run, code="f" * 32)
        assert verdict(records).text.startswith(f"not assessable (the records differ in code, label {run[0]}: ")

    def test_of_other_parameters(
        self, records: dict[tuple[str, int], Record], make: Make, run: tuple[str, int]
    ) -> None:
        other = make(*run)
        records[run] = other.model_copy(update={"spec": replace(other.spec, parameters={"dim": 3})})
        assert verdict(records).text.startswith("not assessable (the records differ in parameters, label ")

    def test_of_another_version(self, records: dict[tuple[str, int], Record], make: Make, run: tuple[str, int]) -> None:
        records[run] = make(*run, version=2)
        assert verdict(records).text.startswith("not assessable (the records differ in task version: ")

    def test_stale(self, records: dict[tuple[str, int], Record], run: tuple[str, int]) -> None:
        keys = {("plain", *run): "another key"}
        judged = verdict(records, replace(REQUIRED, keys=keys))
        assert judged.text == "reproduced (1 of 10 records stale)"

    def test_diverged(self, records: dict[tuple[str, int], Record], make: Make, run: tuple[str, int]) -> None:
        records[run] = make(*run, 0.1, status="diverged")
        judged = verdict(records)
        assert judged.outcome != "reproduced"
        assert f"1 of 5 seeds of {run[0]} no better than chance" in judged.text

    def test_with_an_edited_sidecar(
        self, records: dict[tuple[str, int], Record], run: tuple[str, int], tmp_path: Path
    ) -> None:
        store = Store(tmp_path)
        paths = {each: store.write(record, {"items": np.ones(3)}) for each, record in records.items()}
        assert (
            judge(Claim.model_validate(BETTER), scored(store.stored()), "small", {"toy": REQUIRED}).text == "reproduced"
        )
        (sidecar,) = paths[run].parent.glob(f"*-s{run[1]}.*.npz")
        sidecar.write_bytes(b"edited")
        judged = judge(Claim.model_validate(BETTER), scored(store.stored()), "small", {"toy": REQUIRED})
        assert judged.text == f"not assessable ({run[0]}, case plain, seed {run[1]}: no record)"
        assert "sidecar of item scores, which is missing or edited" in store.problems[0]
        assert os.listdir(tmp_path / "quarantine")


@pytest.mark.parametrize("side", ["new", "old"])
def test_other_trials_of_one_side_are_said(make: Make, side: str) -> None:
    judged = verdict([make(entrant, seed, trials=1 if entrant == side else 8) for entrant, seed in EVERY_RUN])
    shown = "1 for new and 8 for old" if side == "new" else "8 for new and 1 for old"
    assert judged.deciding.design == f"one component, but tuning trials: {shown}"


def test_a_method_at_chance_is_not_assessable(make: Make) -> None:
    records = [make(entrant, seed, 0.1 - 0.01 * seed if entrant == "new" else None) for entrant, seed in EVERY_RUN]
    assert verdict(records).text.startswith("not assessable (new is not above chance in case plain: accuracy 0.08")


def test_a_seed_at_chance_is_counted(records: dict[tuple[str, int], Record], make: Make) -> None:
    records["new", 3] = make("new", 3, 0.1)
    assert "1 of 5 seeds of new no better than chance" in verdict(records).marks


class TestSeeds:
    def test_other_seeds_than_the_planned_ones_are_not_judged(
        self, records: dict[tuple[str, int], Record], make: Make
    ) -> None:
        further = [make(entrant, seed, 0.3) for entrant in ("new", "old") for seed in range(5, 9)]
        assert verdict([*records.values(), *further]) == verdict(records)

    def test_a_new_set_of_seeds_is_judged_by_itself_and_said(
        self, records: dict[tuple[str, int], Record], make: Make
    ) -> None:
        new = [make(entrant, seed) for entrant in ("new", "old") for seed in range(5, 11)]
        judged = verdict([*records.values(), *new], replace(REQUIRED, seeds={"plain": range(5, 11)}))
        assert judged.text == "reproduced (seeds 5-10 instead of the planned 0-4)"
        assert judged.deciding.seeds == tuple(range(5, 11))

    def test_a_planned_seed_that_both_sides_lack_is_missed(self, records: dict[tuple[str, int], Record]) -> None:
        fewer = {run: record for run, record in records.items() if run[1] != 4}
        assert verdict(fewer).text == "not assessable (new, case plain, seed 4: no record (and 1 more gap))"


class TestFragile:
    def test_what_one_seed_decides_is_fragile(self, make: Make) -> None:
        values = [0.62, 0.66, 0.78, 0.70, 0.605]
        judged = verdict([make("old", s) for s in SEEDS] + [make("new", s, v) for s, v in enumerate(values)])
        assert judged.text == "reproduced (fragile)"
        assert judged.deciding.marks[0].details == "without any one of seeds 0-3 the interval decides otherwise"

    def test_what_every_seed_shows_is_not_fragile(self, records: dict[tuple[str, int], Record]) -> None:
        assert verdict(records).marks == ()


def test_an_interval_that_the_exact_test_does_not_share_is_said(make: Make) -> None:
    values = [0.599, 0.66, 0.64, 0.67, 0.65]
    judged = verdict([make("old", s) for s in SEEDS] + [make("new", s, v) for s, v in enumerate(values)])
    assert judged.deciding.interval.lo > 0
    assert judged.outcome == "inconclusive"
    assert "not by the exact test" in judged.marks


class TestLowPower:
    """Differences of 0 on average with a deviation of .05 among 5 seeds."""

    def judged(self, make: Make, margin: float) -> Verdict:
        values = [0.6 + 0.05 * step / 2.5**0.5 for step in (-2, 0, 2, -1, 1)]
        records = [make("old", s) for s in SEEDS] + [make("new", s, v) for s, v in enumerate(values)]
        return verdict(records, kind="noninferior", margin=margin)

    def test_seeds_that_are_too_few_for_the_margin_are_said(self, make: Make) -> None:
        judged = self.judged(make, 0.02)
        (mark,) = [mark for mark in judged.deciding.marks if mark.name == "low power"]
        assert mark.details == (
            "an effect as large as the margin would be shown in 19 of 100 experiments with 5 seeds; "
            "with 19 seeds in half of them"
        )

    def test_seeds_that_are_enough_for_the_margin_are_not_marked(self, make: Make) -> None:
        assert "low power" not in self.judged(make, 0.05).text


def test_intervals_do_not_leave_the_range_of_a_metric(make: Make) -> None:
    level = {"estimand": "level", "over": [], "kind": "within", "margin": None, "lower": 0.2}
    claim = {name: value for name, value in {**BETTER, **level}.items() if value is not None}
    records = [make("new", s, v) for s, v in enumerate((0.99, 0.99, 0.99, 0.99, 0.03))]
    finding = judge(Claim.model_validate(claim), scored(records), "small", {"toy": REQUIRED}).deciding
    assert finding.interval.hi == 1.0
    assert finding.interval.lo == pytest.approx(
        0.798 - 2.13185 * np.std([0.99] * 4 + [0.03], ddof=1) / 5**0.5, abs=1e-4
    )


class TestCases:
    def records(self, make: Make, gap: float) -> list[Record]:
        """`new` is better in the case plain, and by the gap in the case hard."""
        hard = [make(e, s, 0.5 + (gap + 0.01 * s) * (e == "new"), case="hard") for e, s in EVERY_RUN]
        return [*(make(*run) for run in EVERY_RUN), *hard]

    def test_the_estimate_of_each_case_is_there(self, make: Make) -> None:
        finding = verdict(self.records(make, 0.3), where={}).deciding
        assert [(case.case, round(case.estimate, 3)) for case in finding.by_case] == [("hard", 0.32), ("plain", 0.12)]
        assert finding.marks == ()

    def test_cases_that_disagree_are_named(self, make: Make) -> None:
        judged = verdict(self.records(make, -0.3), where={})
        assert judged.text == "contradicted (opposite; differs by case)"
        (mark,) = (mark for mark in judged.deciding.marks if mark.name == "differs by case")
        assert mark.details == "above 0 in plain; below 0 in hard"

    @pytest.mark.parametrize("restricted", [False, True])
    def test_a_planned_case_on_the_axis_that_is_missing_makes_a_slope_not_assessable(
        self, make: Make, restricted: bool
    ) -> None:
        """Deleting all records of one place on the axis is noticed, unless the claim restricts the axis."""
        planned = {
            case: PlannedCase(EVERYONE.takers, {"n": n}) for case, n in (("plain", 100), ("hard", 400), ("gone", 900))
        }
        required = replace(REQUIRED, planned={**planned, "other": PlannedCase(EVERYONE.takers)})
        where = {"n": "<= 400"} if restricted else {}
        judged = verdict(self.records(make, 0.3), required, estimand="gap_slope", x="n", where=where)
        gap = "not assessable (new, case gone, seeds 0-4: no record (and 1 more gap))"
        assert judged.text == ("reproduced" if restricted else gap)


def test_records_that_others_made_are_marked(records: dict[tuple[str, int], Record]) -> None:
    judged = verdict(records)
    mark = Submitted("verified 1 of 5", verified=False)
    of_new = dict.fromkeys((made.spec.place for (entrant, _), made in records.items() if entrant == "new"), mark)
    marked = marked_verdict(judged, of_new)
    assert marked.text == "reproduced (in part verified 1 of 5)"
    assert [mark.details for mark in marked.deciding.marks] == ["others made 5 of its 10 records"]
    assert marked_verdict(judged, {}) == judged
