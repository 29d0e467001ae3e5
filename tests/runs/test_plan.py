"""The plan has a run for every case, entrant and seed, and says why there is none where there is none."""

import hashlib
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from harness.core.card import Override
from harness.records import store as module
from harness.records.form import Shared, stored_from_bytes
from harness.records.record import Failure, Stored
from harness.records.store import Store
from harness.registry.find import Registry, find
from harness.runs.plan import Plan, Planner
from harness.runs.selection import Selection


@pytest.fixture
def registry() -> Registry:
    """All entrants, of which ppmi takes part in one case."""
    registry = find()
    name = "word_similarity", "ppmi"
    return replace(registry, entrants={**registry.entrants, name: replace(registry.entrants[name], cases=("cost",))})


def planned(registry: Registry, folder: Path, *entrants: str) -> Plan:
    selection = Selection(tier="quick", tasks=["word_similarity"], entrants=entrants, seeds=1)
    return Planner(registry, Store(folder)).plan(selection)


def test_an_entrant_takes_part_in_the_cases_that_it_names_alone(registry: Registry, tmp_path: Path) -> None:
    plan = planned(registry, tmp_path, "ppmi", "sgns")
    cells = {(run.spec.case, run.spec.entrant) for run in plan.runs}
    assert cells == {("cost", "ppmi"), ("atlas", "sgns"), ("cost", "sgns")}
    (skipped,) = plan.not_applicable
    assert (skipped.case, skipped.entrant, skipped.why) == ("atlas", "ppmi", "takes part only in cost")


def test_a_case_may_have_more_seeds_than_the_others_of_its_tier(registry: Registry, tmp_path: Path) -> None:
    card = registry.card("word_similarity")
    quick = card.tiers["quick"]
    changed = quick.model_copy(update={"case": {**quick.case, "cost": Override(seeds=quick.seeds + 2)}})
    card = card.model_copy(update={"tiers": {**card.tiers, "quick": changed}})
    registry = replace(registry, tasks={**registry.tasks, "word_similarity": card})
    plain = Selection(tier="quick", tasks=["word_similarity"], entrants=["sgns"])
    for selection, of_atlas, of_cost in ((plain, quick.seeds, quick.seeds + 2), (replace(plain, seeds=1), 1, 1)):
        runs = Planner(registry, Store(tmp_path)).plan(selection).runs
        assert Counter(run.spec.case for run in runs) == {"atlas": of_atlas, "cost": of_cost}


SELECTION = Selection(tier="quick", tasks=["word_similarity"], cases=["atlas"], entrants=["sgns"], seeds=3)


def _stored_plan(registry: Registry, folder: Path, selection: Selection = SELECTION) -> Plan:
    """A plan whose runs are done."""
    for run in Planner(registry, Store(folder)).plan(selection).runs:
        Store(folder).write(run.record("ok", datetime.now(UTC)))
    return Planner(registry, Store(folder)).plan(selection)


def test_what_is_stored_is_done(registry: Registry, tmp_path: Path) -> None:
    plan = _stored_plan(registry, tmp_path)
    assert [run.state for run in plan.runs] == ["done"] * 3
    assert plan.due() == []


def test_a_failure_is_told_in_one_line_and_repeated_when_asked(registry: Registry, tmp_path: Path) -> None:
    (first, second, _) = _stored_plan(registry, tmp_path).runs
    failure = Failure(type="RuntimeError", message="it broke\ntwice")
    Store(tmp_path).write(first.record("error", datetime.now(UTC), failure=failure))
    Store(tmp_path).write(second.record("timeout", datetime.now(UTC), failure=failure))
    plan = Planner(registry, Store(tmp_path)).plan(SELECTION)
    assert [(run.state, run.why) for run in plan.runs] == [
        ("failed", "error: RuntimeError: it broke twice"),
        ("repeat", "timeout: RuntimeError: it broke twice"),
        ("done", "ok"),
    ]
    assert [run.spec.seed for run in plan.due()] == [1]
    assert [run.spec.seed for run in plan.due(retry_errors=True)] == [0, 1]


def test_a_record_of_an_earlier_version_is_stale_and_due(registry: Registry, tmp_path: Path) -> None:
    plan = _stored_plan(registry, tmp_path)
    path = Store(tmp_path).path(plan.runs[1].spec.place)
    before = path.read_bytes()
    path.write_bytes(_of_version_1(before))
    store = Store(tmp_path)
    again = Planner(registry, store).plan(SELECTION)
    assert [(run.state, run.why) for run in again.due()] == [("stale", "written by an earlier version of the harness")]
    assert len(store.problems) == 1
    assert path.exists()


def _of_version_1(raw: bytes) -> bytes:
    body = raw[len('{"digest": "') + 64 + len('",\n"record": ') : -2].replace(
        b'"schema_version": 2', b'"schema_version": 1'
    )
    return b'{"digest": "%s",\n"record": %s}\n' % (hashlib.sha256(body).hexdigest().encode(), body)


def test_a_record_without_what_it_shares_is_stale_and_due(registry: Registry, tmp_path: Path) -> None:
    _stored_plan(registry, tmp_path)
    for path in (tmp_path / "records" / "shared").iterdir():
        path.unlink()
    store = Store(tmp_path)
    again = Planner(registry, store).plan(SELECTION)
    assert [run.state for run in again.due()] == ["stale"] * 3
    assert all("is missing or edited" in run.why for run in again.due())
    assert len(store.problems) == 1


def test_no_record_is_read_twice(registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither one that is planned nor one that is stored though the plan has it not."""
    _stored_plan(registry, tmp_path, replace(SELECTION, seeds=6))
    read: Counter[str] = Counter()

    def counted(raw: bytes, shared: Shared) -> Stored:
        stored = stored_from_bytes(raw, shared)
        read[stored.spec.place] += 1
        return stored

    monkeypatch.setattr(module, "stored_from_bytes", counted)
    store = Store(tmp_path)
    plan = Planner(registry, store).plan(SELECTION)
    further = Planner(registry, store).stored_runs(plan, SELECTION)
    assert [run.spec.seed for run in further] == [3, 4, 5]
    assert {run.state for run in [*plan.runs, *further]} == {"done"}
    assert set(read.values()) == {1}
    assert len(read) == 6


def test_a_plan_without_its_records_is_the_same_but_for_what_is_done(registry: Registry, tmp_path: Path) -> None:
    done = _stored_plan(registry, tmp_path)
    plan = Planner(registry, Store(tmp_path), read=False).plan(SELECTION)
    assert [run.spec for run in plan.runs] == [run.spec for run in done.runs]
    assert {run.state for run in plan.runs} == {"missing"}
