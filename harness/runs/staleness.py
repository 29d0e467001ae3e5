"""Why a stored record no longer is the outcome of a job: in words, which files or values have changed."""

from collections.abc import Mapping
from typing import Any

from harness.core.spec import Budget
from harness.records.record import Stored
from harness.runs.job import Job


def stale_because(record: Stored, job: Job) -> str:
    """The reasons, separated by semicolons; a value that tuning chose is said to be from `tuned.toml`."""
    was, now = record.spec, job.spec
    reasons = _changed_files(record.content["origin"]["code"], job.code) if was.code != now.code else []
    for name in ("version", "budget", "data"):
        if getattr(was, name) != getattr(now, name):
            reasons.append(f"{name} was {_in_words(getattr(was, name))}, is {_in_words(getattr(now, name))}")
    for name in _differing(was.settings, now.settings):
        reasons.append(f"setting {name} was {_value(was.settings, name)}, is {_value(now.settings, name)}")
    for name in _differing(was.parameters, now.parameters):
        before, after = _value(record.content["parameters"], name), _value(job.parameters, name)
        source = " (tuned.toml)" if name in job.tuned.keys() - now.chosen.keys() else ""
        reasons.append(f"parameter {name} was {before}, is {after}{source}")
    return "; ".join(reasons) or "its key has another origin"


def _differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    return [name for name in sorted(before.keys() | after.keys()) if before.get(name) != after.get(name)]


def _changed_files(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    return [
        f"{name} {'is gone' if name not in after else 'changed' if name in before else 'was added'}"
        for name in _differing(before, after)
    ]


def _value(values: Mapping[str, Any], name: str) -> Any:
    return values.get(name, "default")


def _in_words(value: object) -> str:
    return f"{value.total:,} {value.unit}" if isinstance(value, Budget) else str(value)
