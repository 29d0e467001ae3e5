"""Why a stored record no longer is the outcome of a spec: in words, which file or which value is another one now."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from harness.core.spec import Budget, Spec
from harness.records.record import Stored


def stale_because(
    record: Stored,
    spec: Spec,
    code: Mapping[str, str],
    parameters: Mapping[str, Any],
    tuned: Collection[str] = (),
) -> str:
    """The reasons, separated by semicolons. `code` is the entrant's source closure as it is now, `parameters` are all
    that it has now, `tuned` the names of those that tuning chose."""
    recorded = record.content
    reasons = _changed_files(recorded["origin"]["code"], code) if record.spec.code != spec.code else []
    for name in ("version", "budget", "data"):
        before, after = getattr(record.spec, name), getattr(spec, name)
        if before != after:
            reasons.append(f"{name} was {_plain(before)}, is {_plain(after)}")
    reasons += [
        f"setting {name} was {before}, is {after}"
        for name, before, after in _differences(record.spec.settings, spec.settings)
    ]
    reasons += [
        f"parameter {name} was {recorded['parameters'].get(name, 'default')}, is {parameters.get(name, 'default')}"
        f"{' (tuned.toml)' * (name in tuned)}"
        for name, _, _ in _differences(record.spec.parameters, spec.parameters)
    ]
    return "; ".join(reasons) or "its key has another origin"


def _differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    """What differs from the default before or after, and not in the same way: name, value before, value after."""
    for name in sorted(before.keys() | after.keys()):
        if before.get(name) != after.get(name):
            yield name, before.get(name, "default"), after.get(name, "default")


def _changed_files(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    return [
        f"{name} {'changed' if name in before and name in after else 'was added' if name in after else 'is gone'}"
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name)
    ]


def _plain(value: object) -> str:
    return f"{value.total:,} {value.unit}" if isinstance(value, Budget) else str(value)
