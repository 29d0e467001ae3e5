"""The harness checks what the process of a run has filed, and files a failure where there is no sound record."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from harness.records.record import Failure, Record, RecordedScore
from harness.records.store import Store
from harness.registry.find import find
from harness.runs.job import Job
from harness.runs.outcome import Answer, conclude
from harness.runs.plan import Planner
from harness.runs.selection import Selection

NOW = datetime.now(UTC)
OK = Answer(status="ok")
KILLED = Answer(status="killed", failure=Failure(type="ProcessEnded", message="was killed"))
SCORE = RecordedScore(metric="mean_spearman", value=0.5, n_used=3, n_expected=3)


@pytest.fixture
def job(tmp_path: Path) -> Job:
    selection = Selection(tier="smoke", tasks=["word_similarity"], cases=["atlas"], entrants=["ppmi", "glove"], seeds=1)
    job = Planner(find(), Store(tmp_path)).plan(selection).runs[0]
    return replace(job, seen="before")


def filed(job: Job) -> Record:
    """What lies in the place of a job."""
    record = Store(job.results).read(job.spec.place)
    assert record is not None
    return record


def test_the_status_of_a_sound_record_counts_whatever_the_process_said(job: Job) -> None:
    Store(job.results).write(job.record("ok", NOW, scores=(SCORE,)))
    assert conclude(job, KILLED, NOW) == "ok"
    assert filed(job).scores == (SCORE,)


@pytest.mark.parametrize("answer", [OK, KILLED])
def test_a_process_that_filed_nothing_has_failed(job: Job, answer: Answer) -> None:
    assert conclude(job, answer, NOW) == ("killed" if answer is KILLED else "error")
    assert "was killed" in str(filed(job).failure) or "cannot be used: there is none" in str(filed(job).failure)


FORGED: dict[str, tuple[Callable[[Record], dict[str, Any]], str]] = {
    "another run": (lambda record: {"spec": replace(record.spec, parameters={"dim": 7})}, "its spec was changed"),
    "other settings": (lambda record: {"settings": {}}, "its settings was changed"),
    "more trials": (lambda record: {"trials": 7}, "its trials was changed"),
    "a metric that the card lacks": (
        lambda record: {
            "scores": (SCORE.model_copy(update={"metric": "beauty"}),),
            "metrics": {**record.metrics, "beauty": record.metrics[SCORE.metric]},
        },
        "its metric 'beauty' is not on the card",
    ),
    "a score beyond the ceiling": (
        lambda record: {"scores": (SCORE.model_copy(update={"value": 1.5}),)},
        "mean_spearman is 1.5, beyond its ceiling of 1",
    ),
}


@pytest.mark.parametrize("forged", FORGED)
def test_a_record_that_says_what_the_run_does_not_decide_is_replaced(job: Job, forged: str) -> None:
    changes, fault = FORGED[forged]
    sound = job.record("ok", NOW, scores=(SCORE,))
    Store(job.results).write(sound.model_copy(update=changes(sound)))
    assert conclude(job, OK, NOW) == "error"
    assert fault in str(filed(job).failure)
    assert filed(job).scores == ()


def test_an_older_record_is_replaced_even_if_its_clock_was_ahead(job: Job) -> None:
    ahead = (NOW + timedelta(days=3650)).isoformat()
    old = job.record("ok", NOW, scores=(SCORE,)).model_copy(update={"key": "0" * 32, "finished": ahead})
    Store(job.results).write(old)
    assert conclude(replace(job, seen=ahead), KILLED, NOW) == "killed"
    assert filed(job).status == "killed"


def test_a_run_that_another_process_does_is_left_to_it(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.runs.outcome.LOCK_S", 0.1)
    with Store(job.results).lock(job.spec):
        assert conclude(job, KILLED, NOW) == "killed"
    assert Store(job.results).read(job.spec.place) is None
    assert conclude(job, Answer(status="busy"), NOW) == "busy"
