"""What may stand in one table: runs that differ in nothing but the entrant, or an error that names the difference."""

import re
import shlex
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from harness.core.canonical import digest
from harness.core.card import Card
from harness.core.errors import UserError
from harness.records.comparable import COLUMNS, Difference, find_difference
from harness.tables.results import RunRow

_NOT_IN_THE_KEY = frozenset({"produced data", "device and threads"})
"""What `run` does not see: to it the records are done, whatever they differ in."""
_MOST_NAMES = 8


def check_comparable(runs: Sequence[RunRow], card: Card, tier: str, *, timed: bool = False) -> None:
    """Raises `UserError` if the runs of one table differ in more than the entrant: what differs, between which rows,
    and the command that repairs it. Times must be of one kind of device, too."""
    columns = {name: [getattr(run, name) for run in runs] for name in COLUMNS}
    if (difference := find_difference(columns, timed=timed)) is not None:
        raise _refusal(difference, runs, card, tier)
    for case in dict.fromkeys(run.case for run in runs):
        _check_seeds([run for run in runs if run.case == case], case, card.task, tier)


def rerun(
    task: str, tier: str, entrants: Mapping[str, str], *, cases: Collection[str] = (), seeds: int | None = None
) -> str:
    """The command that runs what is missing or stale of entrants, given the kind of each label."""
    words = ["harness", "run", "--task", task, "--tier", tier]
    words += [word for case in cases for word in ("--case", case)]
    words += [word for label in sorted(entrants) for word in ("--entrant", label)]
    words += [] if seeds is None else ["--seeds", str(seeds)]
    return shlex.join(words) + (" --plugin FILE" if "plugin" in entrants.values() else "")


def _refusal(difference: Difference, runs: Sequence[RunRow], card: Card, tier: str) -> UserError:
    """The error for runs that differ.

    Rows that are not as the card asks are named; where the card does not say, all: `run` repeats those that are stale.
    """
    what, at = difference.what, difference.place
    values = {value: [runs[i] for i in positions] for value, positions in difference.runs.items()}
    asked = _asked(card, tier, at.get("case", "")).get(what)
    ordered = sorted(values, key=lambda value: (value != asked, -len(values[value]), str(value)))
    differing = " and ".join(f"{_shown(value)} ({_names(values[value])})" for value in ordered)
    where = "".join(f", {word} {name}" for word, name in at.items())
    wrong = [run for value in ordered[asked in values :] for run in values[value]]
    command = rerun(card.task, tier, kinds(wrong), cases=[at["case"]] if "case" in at else ())
    if what in _NOT_IN_THE_KEY:
        odd = sorted(run.path for value in ordered[1:] for run in values[value])
        command = f"delete {', '.join(odd[:_MOST_NAMES])} below records/, then {command}"
    return UserError(
        f"{card.task} at {tier}: rows of one table differ in {what}{where}: {differing}; to repair: {command}"
    )


def _check_seeds(runs: Sequence[RunRow], case: str, task: str, tier: str) -> None:
    """All rows of a case must have the same seeds: means over other seeds are means over other data."""
    seeds: dict[str, set[int]] = {}
    for run in runs:
        seeds.setdefault(run.label, set()).add(run.seed)
    union = set().union(*seeds.values())
    short = [run for run in runs if seeds[run.label] != union]
    if short:
        sets: dict[str, list[RunRow]] = {}
        for run in runs:
            sets.setdefault(numbers(seeds[run.label]), []).append(run)
        differing = " and ".join(f"{text} ({_names(sets[text])})" for text in sorted(sets))
        command = rerun(task, tier, kinds(short), cases=[case], seeds=max(union) + 1)
        common = set.intersection(*seeds.values())
        if common and common == set(range(len(common))):
            command += f", or show the seeds that all have: --seeds {len(common)}"
        raise UserError(
            f"{task} at {tier}: rows of one table differ in seeds, case {case}: {differing}; to repair: {command}"
        )


def kinds(runs: Iterable[RunRow]) -> dict[str, str]:
    """The kind of each label among runs."""
    return {run.label: run.kind for run in runs}


def numbers(seeds: Iterable[int]) -> str:
    """Seeds as people write them: `0-4`, or `0, 2, 3`."""
    ordered = sorted(seeds)
    if len(ordered) > 2 and ordered == list(range(ordered[0], ordered[-1] + 1)):
        return f"{ordered[0]}-{ordered[-1]}"
    return ", ".join(map(str, ordered))


def _asked(card: Card, tier: str, case: str) -> dict[str, tuple[Any, ...]]:
    """What the card asks for, as far as it says."""
    asked: dict[str, tuple[Any, ...]] = {"task version": (card.version,)}
    level = next((name for name in card.tiers if name == tier), None)
    if level is not None and case in {entry.id for entry in card.cases}:
        resolved = card.resolve(level, case)
        asked["settings"] = (digest(dict(resolved.deviating)),)
        asked["budget"] = (resolved.budget.total, resolved.budget.unit)
    return asked


def _names(runs: Iterable[RunRow]) -> str:
    labels = sorted({run.label for run in runs})
    more = [f"{len(labels) - _MOST_NAMES} more"] if len(labels) > _MOST_NAMES else []
    return ", ".join([*labels[:_MOST_NAMES], *more])


def _shown(value: tuple[Any, ...]) -> str:
    texts = (
        f"{one:,}" if isinstance(one, int) else re.sub(r"\b([0-9a-f]{8})[0-9a-f]{24}\b", r"\1", one) for one in value
    )
    return " ".join(texts)
