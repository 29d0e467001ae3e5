"""What may stand in one table: runs that differ in nothing but the entrant, or an error that names the difference."""

import re
import shlex
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any

from harness.canonical import digest
from harness.card import Card
from harness.errors import UserError
from harness.report.material import Run

_ALIKE: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
    ("task version", (), ("version",)),
    ("data", ("case",), ("data",)),
    ("settings", ("case",), ("settings",)),
    ("budget", ("case",), ("budget", "unit")),
    ("produced data", ("case", "seed"), ("produced",)),
)
"""What must not differ: its name, within what it must not, and the fields it is read from."""
_ALIKE_IF_TIMED = (("device and threads", (), ("device", "threads")),)
_MOST_NAMES = 8


def check_comparable(runs: Sequence[Run], card: Card, tier: str, *, timed: bool = False) -> None:
    """Raises `UserError` if the runs of one table differ in more than the entrant: what differs, between which rows,
    and the command that repairs it. Times must be of one kind of device, too."""
    for what, within, fields in (*_ALIKE, *(_ALIKE_IF_TIMED if timed else ())):
        groups: dict[tuple[Any, ...], dict[tuple[Any, ...], list[Run]]] = {}
        for run in runs:
            value = tuple(getattr(run, field) for field in fields)
            if value != ("",):  # a run that failed early has produced nothing
                place = tuple(getattr(run, field) for field in within)
                groups.setdefault(place, {}).setdefault(value, []).append(run)
        for place, values in groups.items():
            if len(values) > 1:
                at = dict(zip(within, place, strict=True))
                asked = _asked(card, tier, at.get("case", "")).get(what)
                raise _difference(what, at, values, asked, card.task, tier)
    for case in dict.fromkeys(run.case for run in runs):
        _check_seeds([run for run in runs if run.case == case], case, card.task, tier)


def rerun(
    task: str, tier: str, runs: Iterable[Run], *, cases: Collection[str] = (), seeds: int | None = None
) -> str:
    """The command that runs what is missing or stale of the runs' entrants."""
    rows = {run.label: run.kind for run in runs}
    words = ["harness", "run", "--task", task, "--tier", tier]
    words += [word for case in cases for word in ("--case", case)]
    words += [word for label in sorted(rows) for word in ("--entrant", label)]
    words += [] if seeds is None else ["--seeds", str(seeds)]
    return shlex.join(words) + (" --plugin FILE" if "plugin" in rows.values() else "")


def _difference(
    what: str,
    at: Mapping[str, Any],
    values: Mapping[tuple[Any, ...], list[Run]],
    asked: tuple[Any, ...] | None,
    task: str,
    tier: str,
) -> UserError:
    """The error for runs that have several values where they must have one; `asked` is the one that the card asks for.

    Where the card does not say, all rows are named: `run` repeats those that are stale.
    """
    ordered = sorted(values, key=lambda value: (value != asked, -len(values[value]), str(value)))
    differing = " and ".join(f"{_shown(value)} ({_names(values[value])})" for value in ordered)
    where = "".join(f", {word} {place}" for word, place in at.items())
    wrong = [run for value in ordered[asked in values :] for run in values[value]]
    command = rerun(task, tier, wrong, cases=[at["case"]] if "case" in at else ())
    if what == "produced data":
        # One key, two outcomes: `run` takes both for done.
        odd = sorted(run.path for value in ordered[1:] for run in values[value])
        command = f"delete {', '.join(odd[:_MOST_NAMES])} below records/, then {command}"
    return UserError(f"{task} at {tier}: rows of one table differ in {what}{where}: {differing}; to repair: {command}")


def _check_seeds(runs: Sequence[Run], case: str, task: str, tier: str) -> None:
    """All rows of a case must have the same seeds: means over other seeds are means over other data."""
    seeds: dict[str, set[int]] = {}
    for run in runs:
        seeds.setdefault(run.label, set()).add(run.seed)
    union = set().union(*seeds.values())
    short = [run for run in runs if seeds[run.label] != union]
    if short:
        sets: dict[str, list[Run]] = {}
        for run in runs:
            sets.setdefault(numbers(seeds[run.label]), []).append(run)
        differing = " and ".join(f"{text} ({_names(sets[text])})" for text in sorted(sets))
        command = rerun(task, tier, short, cases=[case], seeds=max(union) + 1)
        raise UserError(
            f"{task} at {tier}: rows of one table differ in seeds, case {case}: {differing}; to repair: {command}"
        )


def numbers(seeds: Iterable[int]) -> str:
    """Seeds as people write them: `0-4`, or `0, 2, 3`."""
    ordered = sorted(seeds)
    if len(ordered) > 2 and ordered == list(range(ordered[0], ordered[-1] + 1)):
        return f"{ordered[0]}-{ordered[-1]}"
    return ", ".join(map(str, ordered))


...
