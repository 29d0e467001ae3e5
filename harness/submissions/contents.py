"""What belongs in the bundle of an entrant: the runs of every cell that has records, and the trials that chose their
parameters."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from harness.core.card import Card
from harness.core.errors import UserError
from harness.core.spec import TIERS, Spec, TierName
from harness.core.words import seeds_in_words
from harness.records.record import Stored
from harness.registry.headers import Header
from harness.registry.tuned import TUNED, EntryName, TunedEntry
from harness.runs.job import Job
from harness.runs.plan import Planner
from harness.tuning.trials import FIRST_SEED, Tuning, plan_trials

MOST_TRIALS = 1000
"""Runs of all trials of one entry. Their number stands in a file that a stranger may have written."""


class Tuned(NamedTuple):
    """An entry of `tuned.toml` and the trials that it says it was chosen by."""

    entry: TunedEntry
    tuning: Tuning

    @property
    def runs(self) -> list[Job]:
        """The runs of all trials."""
        return [run for trial in self.tuning.trials for run in trial]


@dataclass(frozen=True)
class Contents:
    """The runs of one entrant, each compared with its record in a store.

    `results` are those of every cell with records: as many seeds as the tier has, and those up to the highest that is
    stored. `tuned` are the entries for the tiers of these cells. `foreign` are the records of which no run can be made
    with this code: their case, parameters or tier are unknown; they are given by their place and the reason.
    """

    results: tuple[Job, ...]
    tuned: tuple[Tuned, ...]
    foreign: tuple[tuple[str, str], ...]

    @property
    def runs(self) -> list[Job]:
        """All runs, trials included."""
        return [*self.results, *(run for tuned in self.tuned for run in tuned.runs)]


def contents_of(planner: Planner, header: Header, tiers: Sequence[TierName] = TIERS) -> Contents:
    """The contents of an entrant's bundle, given the planner of the store that has the records."""
    card = planner.registry.card(header.task)
    results: list[Job] = []
    foreign: list[tuple[str, str]] = []
    for tier in tiers:
        cells: dict[tuple[str, str], dict[int, Stored]] = {}
        for place in planner.store.places(tier, {header.task}):
            stored = planner.store.stored_at(place)
            if stored is None or stored.spec.entrant != header.name:
                continue
            if why := _why_foreign(stored.spec, card, header):
                foreign.append((place, why))
            else:
                cells.setdefault((stored.spec.case, stored.spec.label), {})[stored.spec.seed] = stored
        for (case, _), by_seed in cells.items():
            resolved = card.resolve(tier, case)
            default = planner.default(card, resolved, header)
            chosen = next(iter(by_seed.values())).spec.chosen
            for seed in range(max(resolved.seeds, *(seed + 1 for seed in by_seed))):
                results.append(planner.result(default, chosen, seed, by_seed.get(seed)))
    return Contents(tuple(results), tuple(_tuned(planner, card, header, results)), tuple(foreign))


def _why_foreign(spec: Spec, card: Card, header: Header) -> str:
    """Why a record is of no run that can be made, "" if it is of one."""
    if spec.tier not in card.tiers or spec.case not in card.tiers[spec.tier].cases:
        return f"{card.task} has no case {spec.case} at tier {spec.tier}"
    if not 0 <= spec.seed < FIRST_SEED:
        return f"seed {spec.seed} is none of a result: those are 0 to {FIRST_SEED - 1}"
    for name, value in spec.chosen.items():
        if name not in header.parameters:
            return f"{header.name} has no parameter {name}"
        try:
            if header.parameters[name].check(value) != value:
                return f"{name} = {value!r} has another type in {header.name}"
        except ValueError as error:
            return f"{name} = {value!r}: {error}"
    return ""


def _tuned(planner: Planner, card: Card, header: Header, results: Sequence[Job]) -> Iterator[Tuned]:
    for tier in dict.fromkeys(run.spec.tier for run in results):
        for resolved in card.at_tier(tier):
            name = EntryName(card.task, header.name, tier, resolved.case.id)
            if entry := planner.entries(header).get(name):
                if entry.asked * len(entry.seeds) > MOST_TRIALS:
                    effort = f"{entry.asked:,} trials with {seeds_in_words(entry.seeds)}"
                    raise UserError(f"{TUNED}: {name}: {effort} are more than a bundle may have ({MOST_TRIALS:,} runs)")
                default = planner.default(card, resolved, header)
                yield Tuned(entry, plan_trials(planner, default, entry.asked, len(entry.seeds)))
