"""Whether entries of `tuned.toml` still hold: each against its trials, between entrants, and in records of results."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Literal, NamedTuple, TypeAlias

from harness.core.card import Card, Resolved
from harness.core.spec import TierName, shown
from harness.core.words import counted
from harness.registry.headers import Header, inapplicable
from harness.registry.tuned import EntryName, TunedEntry, tune_command, write_tuned
from harness.runs.plan import Planner
from harness.runs.selection import Selection
from harness.tuning.trials import Tuning, TuningResult, plan_trials

EntryState: TypeAlias = Literal["holds", "stale", "absent", "differs"]
"""`stale`: the stored trials are those of the entry, but would have other keys now; `absent`: not all are stored."""


class EntryCheck(NamedTuple):
    """Whether an entry holds, and why not."""

    name: EntryName
    state: EntryState
    why: str = ""

    def __str__(self) -> str:
        task, entrant, tier, case = self.name
        return f"{self.state:8} {task} {entrant} at {tier} on {case}{f': {self.why}' if self.why else ''}"


def check_entries(planner: Planner, card: Card, tier: TierName) -> Iterator[EntryCheck]:
    """Every entry of a task at a tier, compared with its trials."""
    for entry, tuning in _tunings(planner, card, tier):
        yield EntryCheck(tuning.name, *_compared(planner, tuning, entry))


def _compared(planner: Planner, tuning: Tuning, entry: TunedEntry) -> tuple[EntryState, str]:
    """The state of an entry, and why it is in that state."""
    result, command = TuningResult.of(tuning, planner.store), tune_command(tuning.name, entry)
    if any(None in records for records in result.records):
        return "absent", f"not all of its trials are in {planner.store.root}"
    if result.digest != entry.digest:
        return "differs", f"the trials that are stored are others: {command}"
    if not result.complete:
        why = next(run.why for trial in tuning.trials for run in trial if run.state == "stale")
        return "stale", f"{why}: {command}"
    if result.entry() != entry:
        return "differs", f"its trials chose something else: {command}"
    return "holds", ""


def uneven(planner: Planner, card: Card, tier: TierName) -> Iterator[str]:
    """In words, how the entrants of a task were not tuned alike at a tier, case by case. Nothing is said of a case on
    which no entrant was tuned."""
    for resolved in card.at_tier(tier):
        entries = {header.name: entry for header, entry in _entries(planner, card, resolved)}
        where = f"{card.task} at {tier} on {resolved.case.id}"
        for field, words in {"asked": "number of trials", "seeds": "seeds", "budget": "budget"}.items():
            values = {name: getattr(entry, field) for name, entry in entries.items()}
            if any(value != next(iter(values.values())) for value in values.values()):
                each = ", ".join(f"{name} {value}" for name, value in values.items())
                yield f"{where}: not the same {words} for all: {each}"
        for header in planner.registry.of_task(card.task).values() if entries else ():
            if header.name not in entries and not header.tuned_as and not inapplicable(header, resolved):
                yield f"{where}: {header.name} was never tuned, unlike {', '.join(sorted(entries))}"


def uncounted(planner: Planner, card: Card, tier: TierName) -> Iterator[str]:
    """In words, for each entry of a task at a tier: the stored trials that it does not count, since the search space
    was another one then or more trials were asked for. Tables would state too few trials."""
    for entry, tuning in _tunings(planner, card, tier):
        files = {planner.store.path(run.spec.place) for trial in tuning.trials for run in trial}
        folder = next(iter(files)).parent
        if others := sorted(path.name for path in folder.glob("*.json") if path not in files):
            yield (
                f"{card.task} {tuning.name.entrant} at {tier} on {tuning.name.case}: its entry counts "
                f"{entry.trials} trials, but not {counted(len(others), 'file')} in "
                f"{folder.relative_to(planner.store.records)}, such as {others[0]}; delete what is of no use"
            )


def at_an_end(planner: Planner, card: Card, tier: TierName) -> Iterator[str]:
    """In words, for each entry of a task at a tier: the chosen numbers that are at an end of what was searched, so that
    better ones may lie beyond it. Nothing is said of an end beyond which the parameter allows no value. A parameter
    that is None stands for the task's setting of that name."""
    for entry, tuning in _tunings(planner, card, tier):
        header, settings = tuning.job.header, tuning.job.resolved.settings
        for name, domain in header.search_space.domains.items():
            chosen = entry.parameters.get(name, header.defaults[name])
            value = settings.get(name) if chosen is None else chosen
            beyond = domain.beyond(value)
            if beyond is not None and header.parameters[name].allows(beyond):
                yield (
                    f"{card.task} {header.name} at {tier} on {tuning.name.case}: {name} = {shown(value)} is at an end "
                    f"of what was searched ({domain})"
                )


def _tunings(planner: Planner, card: Card, tier: TierName) -> Iterator[tuple[TunedEntry, Tuning]]:
    """The entries of a task at a tier, each with its trials as they would be made now."""
    for resolved in card.at_tier(tier):
        for header, entry in _entries(planner, card, resolved):
            yield entry, plan_trials(planner, planner.default(card, resolved, header), entry.asked, len(entry.seeds))


def _entries(planner: Planner, card: Card, resolved: Resolved) -> Iterator[tuple[Header, TunedEntry]]:
    """The entrants that were tuned on a case, and their entries."""
    for header in planner.registry.of_task(card.task).values():
        name = EntryName(card.task, header.name, resolved.tier, resolved.case.id)
        if entry := planner.entries(header).get(name):
            yield header, entry


def write_winners(planner: Planner, selection: Selection, results: Iterable[TuningResult]) -> list[str]:
    """Write what tuning chose to `tuned.toml` beside each entrant, and correct the stored results of the selection.
    Returns a line for each result without a winner, whose entry stays."""
    without_winner = []
    for result in results:
        name, entry = result.tuning.name, result.entry() if result.complete else None
        if entry is None:
            where = f"{name.task} {name.entrant} on {name.case}"
            without_winner.append(f"{where}: no trial ended well; its entry stays as it was")
        else:
            write_tuned(result.tuning.job.header.path.parent, {name: entry})
    restate_trials(Planner(planner.registry, planner.store), selection)
    return without_winner


def restate_trials(planner: Planner, selection: Selection) -> int:
    """Correct the number of trials in stored results that have the tuned parameters. Returns how many records changed.

    Where the class defaults won, results from before tuning stay valid, and would say that nothing was tuned.
    """
    everything = replace(selection, cases=(), entrants=(), seeds=None)
    store, plan = planner.store, planner.plan(everything)
    restated = 0
    for run in [*plan.runs, *planner.stored_runs(plan, everything)]:
        record = store.read(run.spec.place) if run.state == "done" else None
        if record is not None and record.trials != run.trials:
            with store.lock(run.spec):
                store.restate(record.model_copy(update={"trials": run.trials}))
            restated += 1
    return restated
