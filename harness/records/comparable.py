"""What compared runs must have in common: the same problem, the same data and budget; and for times the same device."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple


class _Rule(NamedTuple):
    """What must be the same, among runs that agree in the columns `within`, and the columns that say it."""

    what: str
    within: tuple[str, ...]
    columns: tuple[str, ...]


_RULES = (
    _Rule("task version", (), ("version",)),
    _Rule("data", ("case",), ("data",)),
    _Rule("settings", ("case",), ("deviating",)),
    _Rule("budget", ("case",), ("budget", "unit")),
    _Rule("produced data", ("case", "seed"), ("produced",)),
)
_RULES_OF_TIMES = (_Rule("device and threads", (), ("device", "threads")),)

COLUMNS = tuple(dict.fromkeys(name for rule in (*_RULES, *_RULES_OF_TIMES) for name in (*rule.within, *rule.columns)))
"""The columns of `Scored.runs` that the rules read."""


class Difference(NamedTuple):
    """What differs between runs that should agree; `place` is where they should (case and seed, as far as that
    matters), `runs` has the positions of the runs by the values that they have."""

    what: str
    place: Mapping[str, Any]
    runs: Mapping[tuple[Any, ...], Sequence[int]]


def find_difference(runs: Mapping[str, Sequence[Any]], *, timed: bool = False) -> Difference | None:
    """The first rule that some runs break, given `COLUMNS` of all of them; None if they can be compared.

    A run that failed before its data was drawn has produced nothing, and agrees with any.
    """
    for what, within, columns in (*_RULES, *(_RULES_OF_TIMES if timed else ())):
        groups: dict[tuple[Any, ...], dict[tuple[Any, ...], list[int]]] = {}
        places = zip(*(runs[name] for name in within), strict=True) if within else [()] * len(runs["version"])
        values = zip(*(runs[name] for name in columns), strict=True)
        for i, (place, value) in enumerate(zip(places, values, strict=True)):
            if value != ("",):
                groups.setdefault(place, {}).setdefault(value, []).append(i)
        for place, by_value in groups.items():
            if len(by_value) > 1:
                return Difference(what, dict(zip(within, place, strict=True)), by_value)
    return None
