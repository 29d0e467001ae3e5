"""What is known of a job before it is done: whether its outcome, or that of the same run, is stored by now."""

from collections.abc import Mapping

from harness.claims.items import reads_items
from harness.core.predictions import has_predictions
from harness.records.record import SCORED
from harness.records.store import Store
from harness.runs.job import Job
from harness.runs.outcome import JobStatus, is_outcome


def known_status(job: Job, store: Store) -> JobStatus | None:
    """The status of a job that need not be done, None if it must be. To be asked while the lock of its place is held.
    The record of the same run in another place is copied."""
    if is_outcome(store.read(job.spec.place), job):
        return "done"
    return _status_of_same_run(job, store)


def _status_of_same_run(job: Job, store: Store) -> JobStatus | None:
    """The status of the run with the same key that is stored in another place, because a parameter was set to the value
    that it has anyway. Its record is copied. None if there is no such run, or if it lacks what this one keeps."""
    for place in store.places_beside(job.spec):
        record = store.read(place)
        if record is None or record.key != job.spec.key or record.status not in SCORED:
            continue
        if job.keeps_predictions and not has_predictions(record.kept):
            continue
        if all(score.items or not keeps_items(job, score.metric, score.at) for score in record.scores):
            kept = {name: store.kept(place, name, digest) for name, digest in record.kept.items()}
            copy = record.model_copy(update={"spec": job.spec, "trials": job.trials})
            store.write(copy, store.items(record), kept)
            return record.status
    return None


def keeps_items(job: Job, metric: str, at: Mapping[str, float | str]) -> bool:
    """Whether a claim reads the scores of a metric's items at a point; nothing else reads them."""
    axes = {**job.resolved.case.at, **job.spec.chosen, **at}
    return any(reads_items(part, job.spec, metric, axes) for part in job.claims)
