"""The trials: as many for every entrant of a task, on the validation split of a case, at a fifth of the budget."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice, product

from harness.core.card import Card, Resolved
from harness.core.errors import UserError
from harness.core.spec import Budget, Value
from harness.core.suggest import unknown
from harness.registry.headers import Header, inapplicable
from harness.registry.tuned import EntryName
from harness.runs.plan import NotApplicable, Plan, Selection, check_cases
from harness.runs.planner import PlannedRun, Planner

SHARE = 5
"""A trial has the fifth part of the budget."""
FIRST_SEED = 1000
"""The seeds of trials are not those of results, which begin at 0."""


@dataclass(frozen=True)
class Trial:
    """Values for an entrant's parameters (none: the class defaults), and a run with them for every seed."""

    values: Mapping[str, Value]
    runs: tuple[PlannedRun, ...]


@dataclass(frozen=True)
class Tuning:
    """The trials of one entrant at a tier, on one case; the class defaults are the first. Of the `asked` trials there
    are as many as the search space has combinations for."""

    card: Card
    resolved: Resolved
    header: Header
    budget: Budget
    seeds: tuple[int, ...]
    asked: int
    trials: tuple[Trial, ...]

    @property
    def place(self) -> EntryName:
        """Where the outcome is written."""
        return EntryName(self.card.task, self.header.name, self.resolved.tier, self.resolved.case.id)


@dataclass
class Tunings:
    """All trials of a selection, and who takes no part in them."""

    entrants: list[Tuning] = field(default_factory=list)
    skipped: list[NotApplicable] = field(default_factory=list)

    @property
    def plan(self) -> Plan:
        """All runs."""
        runs = [run for tuning in self.entrants for trial in tuning.trials for run in trial.runs]
        return Plan(runs, self.skipped)


def plan_tuning(planner: Planner, selection: Selection, asked: int) -> Tunings:
    """The trials of a selection, on each case that it names or else on the first of the tier that can be tuned on; with
    one seed if it says nothing else. What is unknown, and a case that cannot be tuned on, is a `UserError`."""
    found, registry = Tunings(), planner.registry
    cards = [registry.card(task) for task in selection.tasks or registry.tasks]
    check_cases(cards, selection.tier, selection.cases)
    known = {name for card in cards for name in registry.of_task(card.task)}
    for name in selection.entrants:
        if name not in known:
            raise unknown("entrant", name, known, "tuning sets the parameters itself" if "[" in name else "")
    for card in cards:
        for resolved, header in product(_tuned_on(card, selection), registry.of_task(card.task).values()):
            if selection.entrants and header.name not in selection.entrants:
                continue
            if why := inapplicable(header, resolved):
                found.skipped.append(NotApplicable(card.task, resolved.case.id, header.name, why))
            else:
                found.entrants.append(tuning_of(planner, card, resolved, header, asked, selection.seeds or 1))
    if not found.entrants:
        why = "; ".join(f"{skipped.entrant}: {skipped.why}" for skipped in found.skipped) or "no case trains anything"
        raise UserError(f"there is nothing to tune at tier {selection.tier}: {why}")
    return found


def tuning_of(planner: Planner, card: Card, resolved: Resolved, header: Header, asked: int, seeds: int) -> Tuning:
    """The trials of one entrant. They depend on nothing but its name, its search space and its defaults."""
    budget = budget_of_trials(resolved)
    numbers = tuple(range(FIRST_SEED, FIRST_SEED + seeds))
    defaults = {name: parameter.default for name, parameter in header.parameters.items()}
    trials = tuple(
        Trial(values, tuple(planner.trial(card, resolved, header, values, seed, budget) for seed in numbers))
        for values in islice(header.search_space.trials(card.task, header.name, defaults), asked)
    )
    return Tuning(card, resolved, header, budget, numbers, asked, trials)


def budget_of_trials(resolved: Resolved) -> Budget:
    """A fifth of the budget, in whole portions and at least one: of a pass, where a setting that is called like the
    budget's unit says what a pass over the data costs, else of a batch."""
    unit, total = resolved.budget.unit, resolved.budget.total
    portion = resolved.settings.get(unit) or resolved.settings.get("batch") or 1
    return Budget(unit, min(total, max(portion, total // SHARE // portion * portion)))


def _tuned_on(card: Card, selection: Selection) -> list[Resolved]:
    """What is fixed for each case that a task is tuned on, in the card's order; none if nothing of it was selected."""
    cases = card.tiers[selection.tier].cases if selection.tier in card.tiers else ()
    resolved = [card.resolve(selection.tier, case) for case in cases]
    named = [one for one in resolved if one.case.id in selection.cases]
    fit = [one for one in resolved if not _unfit(card, one)]
    for one in named:
        if why := _unfit(card, one):
            there = ", ".join(other.case.id for other in fit) or "none"
            raise UserError(f"case {one.case.id} of {card.task} {why}; those to tune on at this tier: {there}")
    return named if selection.cases else fit[:1]


def _unfit(card: Card, resolved: Resolved) -> str:
    """Why nothing can be tuned on a case, "" if it can."""
    if not resolved.budget.total:
        return "trains nothing"
    return f"is judged by a time ({resolved.primary})" if card.metrics[resolved.primary].timing else ""
