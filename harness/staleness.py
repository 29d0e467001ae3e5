"""Why a stored record no longer is the outcome of a spec: in words, which file or which value is another one now."""

from collections.abc import Mapping

from harness.record import Record
from harness.spec import Budget, Spec


def stale_because(record: Record, spec: Spec, code: Mapping[str, str]) -> str:
    """The reasons, separated by semicolons. `code` is the entrant's source closure as it is now."""
    reasons = _changed_files(record.origin.code, code) if record.spec.code != spec.code else []
    for name in ("version", "budget", "data"):
        before, after = getattr(record.spec, name), getattr(spec, name)
        if before != after:
            reasons.append(f"{name} was {_plain(before)}, is {_plain(after)}")
    for what in ("settings", "parameters"):
        before, after = getattr(record.spec, what), getattr(spec, what)
        reasons += [
            f"{what[:-1]} {name} was {before.get(name, 'default')}, is {after.get(name, 'default')}"
            for name in sorted(before.keys() | after.keys())
            if before.get(name) != after.get(name)
        ]
    return "; ".join(reasons) or "its key has another origin"


def _changed_files(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    return [
        f"{name} {'changed' if name in before and name in after else 'was added' if name in after else 'is gone'}"
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name)
    ]


def _plain(value: object) -> str:
    return f"{value.total:,} {value.unit}" if isinstance(value, Budget) else str(value)
