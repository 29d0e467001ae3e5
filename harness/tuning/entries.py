"""Whether what was written of trials still holds: for each entry, between entrants, and in the records of results."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Literal, NamedTuple, TypeAlias

from harness.core.card import Card
from harness.core.spec import TierName
from harness.registry.headers import inapplicable
from harness.registry.tuned import EntryName, TunedEntry, command
from harness.runs.plan import Selection, make_plan, stored_runs
from harness.runs.planner import Planner
from harness.tuning.outcome import TuningResult
from harness.tuning.trials import Tuning, tuning_of

EntryState: TypeAlias = Literal["holds", "stale", "absent", "differs"]
"""`stale`: the trials are the entry's, but would come out as others now; `absent`: they are not stored here."""


class EntryCheck(NamedTuple):
    """What became of an entry, and why it is in that state."""

    place: EntryName
    state: EntryState
    why: str = ""


def held(planner: Planner, card: Card, tier: TierName) -> Iterator[EntryCheck]:
    """Every entry of a task at a tier, compared with its trials."""
    for case in card.tiers[tier].cases:
        for place, entry in _entries(planner, card, tier, case).items():
            yield EntryCheck(place, *_state(planner, card, place, entry))


def _state(planner: Planner, card: Card, place: EntryName, entry: TunedEntry) -> tuple[EntryState, str]:
    """What became of an entry on a case that the tier has, and why."""
    tuning = _tuning(planner, card, place, entry)
    outcome = TuningResult.of(tuning, planner.store)
    if any(record is None for records in outcome.records for record in records):
        return "absent", f"not all of its trials are in {planner.store.root}"
    if outcome.digest != entry.digest:
        return "differs", f"the trials that are stored are others: {command(place, entry)}"
    if not outcome.complete:
        why = next(run.why for trial in tuning.trials for run in trial.runs if run.state == "stale")
        return "stale", f"{why}: {command(place, entry)}"
    if outcome.entry() != entry:
        return "differs", f"its trials chose something else: {command(place, entry)}"
    return "holds", ""


def uneven(planner: Planner, card: Card, tier: TierName) -> list[str]:
    """In what the entrants of a task were not tuned alike at a tier, case by case and in words; nothing of a case that
    none was tuned on."""
    told = []
    for case in card.tiers[tier].cases:
        entries = _entries(planner, card, tier, case)
        where = f"{card.task} at {tier} on {case}"
        for what, name in {"asked": "number of trials", "seeds": "seeds", "budget": "budget"}.items():
            values = {place.entrant: getattr(entry, what) for place, entry in entries.items()}
            if any(value != next(iter(values.values())) for value in values.values()):
                each = ", ".join(f"{entrant} {value}" for entrant, value in values.items())
                told.append(f"{where}: not the same {name} for all: {each}")
        tuned = {place.entrant for place in entries}
        for header in planner.registry.of_task(card.task).values() if tuned else ():
            if header.name not in tuned and not inapplicable(header, card.resolve(tier, case)):
                told.append(f"{where}: {header.name} was never tuned, unlike {', '.join(sorted(tuned))}")
    return told


def strays(planner: Planner, card: Card, tier: TierName) -> Iterator[str]:
    """In words, for each entry of a task at a tier: the stored trials that it does not count, so that tables tell of
    too few. The search space has changed since, or more were asked for once."""
    for case in card.tiers[tier].cases:
        for place, entry in _entries(planner, card, tier, case).items():
            cells = [run.job.spec.cell for trial in _tuning(planner, card, place, entry).trials for run in trial.runs]
            stored = planner.store.path(cells[0]).parent.glob("*.json")
            others = sorted(path.name for path in stored if path.name not in {cell.name for cell in cells})
            if others:
                yield (
                    f"{card.task} {place.entrant} at {tier} on {case}: {', '.join(others)} in {cells[0].parent} "
                    f"not among the trials that its entry counts ({entry.trials}); delete what is of no use"
                )


def _tuning(planner: Planner, card: Card, place: EntryName, entry: TunedEntry) -> Tuning:
    """The trials that an entry tells of, as they would be made now."""
    header = planner.registry.header(card.task, place.entrant)
    return tuning_of(planner, card, card.resolve(place.tier, place.case), header, entry.asked, len(entry.seeds))


def _entries(planner: Planner, card: Card, tier: TierName, case: str) -> dict[EntryName, TunedEntry]:
    """The entries of all entrants that were tuned on a case."""
    found = {}
    for header in planner.registry.of_task(card.task).values():
        place, entries = EntryName(card.task, header.name, tier, case), planner.entries(header)
        if place in entries:
            found[place] = entries[place]
    return found


def restate_trials(planner: Planner, selection: Selection) -> int:
    """Let stored results whose parameters are what tuning chose say by how many trials; returns how many did not.

    Where the class defaults won, results that were there before stay valid, and would say that nothing was tuned.
    """
    everything = replace(selection, cases=(), entrants=(), seeds=None)
    store, registry = planner.store, planner.registry
    plan = make_plan(registry, everything, store, planner.environment)
    restated = 0
    for run in [*plan.runs, *stored_runs(plan, registry, everything, store)]:
        record = store.read(run.job.spec.cell) if run.state == "done" else None
        if record is not None and record.trials != run.job.trials:
            with store.lock(run.job.spec):
                store.restate(record.model_copy(update={"trials": run.job.trials}))
            restated += 1
    return restated
