"""What compared runs must have in common: the same problem, the same data and budget; and for times the same device."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from harness.records.scored import RunRow


class _Rule(NamedTuple):
    """What must be the same among runs that agree in the fields `within`, and the fields that hold it; predictions, of
    whose training nothing is known, need not have what is `of_training`."""

    what: str
    within: tuple[str, ...]
    fields: tuple[str, ...]
    of_training: bool = False


_RULES = (
    _Rule("task version", (), ("version",)),
    _Rule("data", ("case",), ("data",)),
    _Rule("settings", ("case",), ("deviating",)),
    _Rule("budget", ("case",), ("budget", "unit"), of_training=True),
    _Rule("produced data", ("case", "seed"), ("produced",)),
)
_RULES_OF_ENTRANTS = (
    _Rule("code", ("label",), ("code",)),
    _Rule("parameters", ("label", "case"), ("deviating_parameters",)),
)
_RULES_OF_TIMES = (_Rule("device and threads", (), ("device", "threads")),)


class Difference(NamedTuple):
    """What differs between runs that should agree. `place` is where they should (case and seed, as far as these
    matter), `runs` has the runs by the values that they have there."""

    what: str
    place: Mapping[str, Any]
    runs: Mapping[tuple[Any, ...], Sequence[RunRow]]

    @property
    def text(self) -> str:
        """What differs and where, in words."""
        return self.what + "".join(f", {name} {value}" for name, value in self.place.items())


def find_difference(runs: Sequence[RunRow], *, timed: bool = False, made_alike: bool = False) -> Difference | None:
    """The first rule that some runs break, None if they can be compared; `timed` adds the rules for times, `made_alike`
    that all runs of an entrant have the same code, and in each case the same parameters.

    A run that failed before its data was drawn has produced nothing, and agrees with any.
    """
    rules = (*_RULES, *(_RULES_OF_ENTRANTS if made_alike else ()), *(_RULES_OF_TIMES if timed else ()))
    for what, within, fields, of_training in rules:
        groups: dict[tuple[Any, ...], dict[tuple[Any, ...], list[RunRow]]] = {}
        for run in runs:
            place, values = (tuple(getattr(run, name) for name in names) for names in (within, fields))
            if values != ("",) and not (of_training and run.kind == "predictions"):
                groups.setdefault(place, {}).setdefault(values, []).append(run)
        for place, by_values in groups.items():
            if len(by_values) > 1:
                return Difference(what, dict(zip(within, place, strict=True)), by_values)
    return None
