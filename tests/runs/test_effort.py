"""The tiers keep to the time that they are planned for."""

from pathlib import Path

import pytest

from harness.core.spec import TierName
from harness.records.store import Store
from harness.registry.find import find
from harness.runs.plan import Plan, Planner
from harness.runs.selection import Selection

REGISTRY = find()
QUICK_CORE_SECONDS = 1200
SMALL_CORE_SECONDS = 4 * 3600


def plan(tier: TierName, task: str, folder: Path) -> Plan:
    return Planner(REGISTRY, Store(folder)).plan(Selection(tier=tier, tasks=[task]))


def test_the_quick_tier_takes_ten_minutes_on_two_cores(tmp_path: Path) -> None:
    assert sum(plan("quick", task, tmp_path).core_seconds() for task in REGISTRY.tasks) <= QUICK_CORE_SECONDS


@pytest.mark.parametrize("task", REGISTRY.tasks)
def test_the_small_tier_takes_four_core_hours_a_task(tmp_path: Path, task: str) -> None:
    assert plan("small", task, tmp_path).core_seconds() <= SMALL_CORE_SECONDS
