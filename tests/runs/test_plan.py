"""The plan has a run for every case, entrant and seed, and says why there is none where there is none."""

from dataclasses import replace
from pathlib import Path

import pytest

from harness.records.record import Environment
from harness.records.store import Store
from harness.registry.find import Registry, find
from harness.runs.plan import Plan, Selection, make_plan


@pytest.fixture
def registry() -> Registry:
    """All entrants, of which ppmi takes part in one case."""
    found = find()
    place = "word_similarity", "ppmi"
    return replace(found, entrants={**found.entrants, place: replace(found.entrants[place], cases=("cost",))})


def planned(registry: Registry, folder: Path, *entrants: str) -> Plan:
    selection = Selection(tier="quick", tasks=["word_similarity"], entrants=entrants, seeds=1)
    return make_plan(registry, selection, Store(folder), Environment())


def test_an_entrant_takes_part_in_the_cases_that_it_names_alone(registry: Registry, tmp_path: Path) -> None:
    plan = planned(registry, tmp_path, "ppmi", "sgns")
    cells = {(run.job.spec.case, run.job.spec.entrant) for run in plan.runs}
    assert cells == {("cost", "ppmi"), ("atlas", "sgns"), ("cost", "sgns")}
    (skipped,) = plan.skipped
    assert (skipped.case, skipped.entrant, skipped.why) == ("atlas", "ppmi", "takes part only in cost")
