"""The committed tables, verdicts, figures and tuned parameters are what the committed records say."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.store import Store

RESULTS = Path(__file__).resolve().parents[1] / "results"
TASKS = ("word_similarity", "long_range", "retrieval", "image_classification", "ood_dynamics", "federated")
FIGURES = ("--format", "svg", *(word for task in TASKS for word in ("--task", task)))


@pytest.mark.parametrize("tier", ["quick", "small", "large"])
@pytest.mark.parametrize("verb", ["table", "claims", "tune"])
def test_what_is_committed_is_what_the_records_say(harness: Callable[..., Any], verb: str, tier: str) -> None:
    done = harness(verb, "--tier", tier, "--results", RESULTS, "--check")
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_committed_figure_is_drawn_from_the_records(harness: Callable[..., Any]) -> None:
    done = harness("report", "--tier", "small", "--results", RESULTS, *FIGURES, "--check")
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_committed_record_is_sound_and_of_committed_code() -> None:
    store = Store(RESULTS)
    records = list(store.all())
    assert records
    assert store.problems == []
    assert [record.spec.place for record in records if record.environment.dirty or not record.environment.commit] == []
