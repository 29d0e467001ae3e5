"""The committed records are those of the committed code, and nothing lies beside them that none of them needs."""

import json
from pathlib import Path

import pytest

from harness.core.spec import TIERS, TierName
from harness.records.form import SHARED
from harness.records.store import Store
from harness.registry.find import Registry, find
from harness.runs.job import Job
from harness.runs.plan import Planner
from harness.runs.selection import Selection

RESULTS = Path(__file__).resolve().parents[2] / "results"
COMMITTED = [tier for tier in TIERS if any((RESULTS / "records").glob(f"*/{tier}"))]


@pytest.fixture(scope="module")
def registry() -> Registry:
    return find()


def _stored(registry: Registry, tier: TierName) -> list[Job]:
    """The runs of a tier that have a record, as the plan sees them."""
    store, selection = Store(RESULTS), Selection(tier=tier)
    planner = Planner(registry, store)
    plan = planner.plan(selection)
    runs = [*plan.runs, *planner.stored_runs(plan, selection)]
    assert store.problems == []
    return [run for run in runs if run.state != "missing"]


@pytest.mark.parametrize("tier", COMMITTED)
def test_no_committed_record_is_stale(registry: Registry, tier: TierName) -> None:
    assert [f"{run.spec.place}: {run.why}" for run in _stored(registry, tier) if run.state == "stale"] == []


@pytest.mark.parametrize("tier", COMMITTED)
def test_no_committed_record_is_of_an_unknown_task_case_or_entrant(registry: Registry, tier: TierName) -> None:
    known = {run.spec.place for run in _stored(registry, tier)}
    assert [place for place in Store(RESULTS).places(tier) if place not in known] == []


def test_every_shared_file_is_one_that_a_committed_record_needs() -> None:
    """Delete the others (`git rm`): runs that were done again share other files."""
    records = RESULTS / "records"
    needed = {
        json.loads(path.read_bytes())["record"]["shared"][name]
        for path in records.glob("**/*-s*.json")
        for name in SHARED
    }
    assert {path.stem for path in (records / "shared").iterdir()} == needed
