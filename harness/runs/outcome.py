"""What came of a job: its process files a record and says a status; the harness checks the record, and files a failure
where there is none that is sound."""

import sys
import traceback
from collections.abc import Iterator
from datetime import datetime
from typing import Literal, TypeAlias

from filelock import Timeout
from pydantic import BaseModel, ValidationError

from harness.core.checkpoints import remove_checkpoints
from harness.core.strict import first_fault
from harness.records.record import REPEATED, Failure, Record, RunStatus
from harness.records.store import Store
from harness.registry.headers import HARNESS, Header
from harness.runs.job import Job

JobStatus: TypeAlias = RunStatus | Literal["busy", "done"]
"""What became of a job: a record of that status was written; or another process runs it (`busy`), or has run it
since it was planned (`done`)."""

LOCK_S = 5.0
"""How long the harness waits for the lock of a run whose process is just ending, in seconds."""

_GIVEN = {"key", "spec", "settings", "at", "generated", "seed_varies", "primary", "trials"}
"""Fields of a record that are known before the run."""
_BEYOND = 1e-6
"""How far a score may be beyond the ceiling of its metric, in proportion: no more than rounding."""


class Answer(BaseModel):
    """What the process of a job says at its end. `failure` says why it filed no record, or why it failed."""

    status: JobStatus
    failure: Failure | None = None


def is_outcome(record: Record | None, job: Job) -> bool:
    """Whether a stored record is of this run and was written after the job was planned. Times are not compared: clocks
    may be wrong."""
    return record is not None and record.key == job.spec.key and record.finished != job.seen


def conclude(job: Job, answer: Answer, started: datetime) -> JobStatus:
    """What became of a job whose process, begun at `started`, has ended with an answer.

    If there is a sound record of the run, its status counts, whatever the answer. Else the answer is filed as a
    failure; unless another process has locked the place, since that process will file a record.
    """
    if answer.status == "busy":
        return "busy"
    store = Store(job.results)
    try:
        with store.lock(job.spec).acquire(timeout=LOCK_S):
            record, fault = store.read(job.spec.place), "there is none"
            if record is not None and is_outcome(record, job):
                fault = next(faults(record, job), "")
                if not fault:
                    return "done" if answer.status == "done" else record.status
            failure = answer.failure or Failure(type="BadOutput", message=f"the run's record cannot be used: {fault}")
            status = _failed(answer.status)
            store.write(job.record(status, started, failure=failure))
            if status not in REPEATED:
                remove_checkpoints(store.checkpoints, job.spec.place)
            return status
    except Timeout:
        return answer.status


def _failed(status: JobStatus) -> RunStatus:
    """The status of a run without a sound record, given what its process said."""
    match status:
        case "timeout" | "oom" | "killed" | "interrupted":
            return status
        case _:
            return "error"


def faults(record: Record, job: Job) -> Iterator[str]:
    """What a record of a run says that the run does not decide, and scores beyond their ceiling, in words."""
    expected = job.record("ok", datetime.min).model_dump(mode="json", include=_GIVEN)
    found = record.model_dump(mode="json", include=_GIVEN)
    yield from (f"its {name} was changed" for name in _GIVEN if found[name] != expected[name])
    for score in record.scores:
        metric = job.card.metrics.get(score.metric)
        if metric is None:
            yield f"its metric '{score.metric}' is not on the card"
        elif metric.ceiling is not None:
            beyond = (score.value - metric.ceiling) * (1 if metric.better == "higher" else -1)
            if beyond > _BEYOND * max(1.0, abs(metric.ceiling)):
                yield f"{score.metric} is {score.value:g}, beyond its ceiling of {metric.ceiling:g}"


def described(error: BaseException, header: Header) -> Failure:
    """An exception in a run, without the paths of this machine."""
    text = "".join(traceback.format_exception(error))
    for folder in (HARNESS.parent, header.home.root.parent, header.root.parent):
        text = text.replace(str(folder), ".")
    for prefix in (sys.prefix, sys.base_prefix):
        text = text.replace(prefix, "<python>")
    try:
        if isinstance(error, SystemExit):
            message = f"the entrant exited with status {error.code}"
        else:
            message = first_fault(error, "record") if isinstance(error, ValidationError) else str(error)
    except BaseException as second:
        message = f"(its text cannot be read: {type(second).__name__})"
    return Failure(type=type(error).__name__, message=message, traceback=text)


def is_out_of_memory(failure: Failure) -> bool:
    """Whether memory was lacking. Torch's allocator for the processor raises a plain `RuntimeError`."""
    said = ("can't allocate memory", "out of memory")
    return failure.type.endswith("MemoryError") or any(words in failure.message for words in said)
