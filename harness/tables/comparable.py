"""What may stand in one table: runs that differ in nothing but the entrant, or an error that names the difference."""

import re
import shlex
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from harness.core.canonical import digest
from harness.core.card import Card
from harness.core.errors import UserError
from harness.core.words import listed
from harness.records.comparable import Difference, find_difference
from harness.records.scored import RunRow
from harness.runs.selection import NOTHING_GIVEN, Given

_NOT_IN_THE_KEY = frozenset({"produced data", "device and threads"})
"""Differences that `harness run` cannot see: it repeats no run because of them."""
_MOST_NAMES = 8


def check_comparable(
    runs: Sequence[RunRow], card: Card, tier: str, *, timed: bool = False, given: Given = NOTHING_GIVEN
) -> None:
    """Raises `UserError` if the runs of one table differ in more than the entrant: what differs, between which rows,
    and the command that repairs it. Times must be of one kind of device, too."""
    if (difference := find_difference(runs, timed=timed)) is not None:
        raise _refusal(difference, card, tier, given)
    # Predictions come in as many seeds as somebody had.
    trained = [run for run in runs if run.kind != "predictions"]
    for case in dict.fromkeys(run.case for run in trained):
        _check_seeds([run for run in trained if run.case == case], case, card.task, tier, given)


def rerun(
    task: str,
    tier: str,
    entrants: Mapping[str, str],
    *,
    cases: Collection[str] = (),
    seeds: int | None = None,
    given: Given = NOTHING_GIVEN,
) -> str:
    """The command that runs what is missing or stale of entrants (none = all), given the kind of each label; and the
    commands that score predictions. `FILE` stands for the file of a plug-in that was not given, and of predictions."""
    place = ["--task", task, "--tier", tier, *(word for case in cases for word in ("--case", case))]
    results = [] if given.results is None else ["--results", str(given.results)]
    predicted = sorted(label for label, kind in entrants.items() if kind == "predictions")
    commands = [["harness", "score", *place, "--name", label, "--replace", "FILE", *results] for label in predicted]
    if len(predicted) < len(entrants) or not entrants:
        words = ["harness", "run", *place]
        words += [word for label in sorted(entrants.keys() - set(predicted)) for word in ("--entrant", label)]
        words += [] if seeds is None else ["--seeds", str(seeds)]
        needs_plugin = "plugin" in entrants.values()
        if needs_plugin or not entrants:
            files = list(map(str, given.plugins)) or ["FILE"] * needs_plugin
            words += [word for file in files for word in ("--plugin", file)]
        commands.insert(0, [*words, *results])
    return "; ".join(map(shlex.join, commands))


def seeds_to_ask(card: Card, tier: str, seeds: Iterable[tuple[str, int]]) -> int | None:
    """How many seeds a command must ask for, so that it does some runs, given as pairs of case and seed; None where so
    many are planned."""
    asked = list(seeds)
    planned = {
        resolved.case.id: resolved.seeds for name in card.tiers if name == tier for resolved in card.at_tier(name)
    }
    is_more = any(case in planned and seed >= planned[case] for case, seed in asked)
    return max(seed for _, seed in asked) + 1 if is_more else None


def _refusal(difference: Difference, card: Card, tier: str, given: Given) -> UserError:
    """The error for runs that differ. The command repeats the rows that are not as the card asks; where the card does
    not say what is right, all rows: `run` repeats those that are stale."""
    what, place, runs = difference
    asked = _asked(card, tier, place.get("case", "")).get(what)
    ordered = sorted(runs, key=lambda value: (value != asked, -len(runs[value]), str(value)))
    differing = " and ".join(f"{_shown(value)} ({_names(runs[value])})" for value in ordered)
    wrong_runs = [run for value in ordered[asked in runs :] for run in runs[value]]
    seeds = seeds_to_ask(card, tier, ((run.case, run.seed) for run in wrong_runs))
    cases = [place["case"]] if "case" in place else ()
    wrong = {run.label: run.kind for run in wrong_runs}
    command = rerun(card.task, tier, wrong, cases=cases, seeds=seeds, given=given)
    if what in _NOT_IN_THE_KEY:
        odd = sorted(run.path for value in ordered[1:] for run in runs[value])
        command = f"delete {', '.join(odd[:_MOST_NAMES])} below records/, then {command}"
    text = f"rows of one table differ in {difference.text}: {differing}; to repair: {command}"
    return UserError(f"{card.task} at {tier}: {text}")


def _check_seeds(runs: Sequence[RunRow], case: str, task: str, tier: str, given: Given) -> None:
    """All rows of a case must have the same seeds: means over other seeds are means over other data."""
    seeds: dict[str, set[int]] = {}
    for run in runs:
        seeds.setdefault(run.label, set()).add(run.seed)
    union, common = set.union(*seeds.values()), set.intersection(*seeds.values())
    if union == common:
        return
    by_seeds: dict[str, list[RunRow]] = {}
    for run in runs:
        by_seeds.setdefault(listed(seeds[run.label]), []).append(run)
    differing = " and ".join(f"{text} ({_names(by_seeds[text])})" for text in sorted(by_seeds))
    short = {run.label: run.kind for run in runs if seeds[run.label] != union}
    command = rerun(task, tier, short, cases=[case], seeds=max(union) + 1, given=given)
    if common and common == set(range(len(common))):
        command += f", or show the seeds that all have: --seeds {len(common)}"
    raise UserError(
        f"{task} at {tier}: rows of one table differ in seeds, case {case}: {differing}; to repair: {command}"
    )


def _asked(card: Card, tier: str, case: str) -> dict[str, tuple[Any, ...]]:
    """What the card asks for, by what may differ, as far as it says."""
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


def _shown(values: tuple[Any, ...]) -> str:
    """Values in words; of a digest the first eight digits."""
    return " ".join(
        f"{value:,}" if isinstance(value, int) else re.sub(r"\b([0-9a-f]{8})[0-9a-f]{24}\b", r"\1", value)
        for value in values
    )
