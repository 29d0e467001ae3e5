"""Trials: as many for every entrant of a task, on the validation split of a case, on a fifth of the budget."""

from dataclasses import dataclass, field
from itertools import islice, product

from harness.core.card import Card, Resolved
from harness.core.errors import UserError
from harness.core.spec import Budget
from harness.core.suggest import unknown
from harness.registry.headers import inapplicable
from harness.registry.tuned import EntryName
from harness.runs.job import Job
from harness.runs.plan import NotApplicable, Plan, Planner
from harness.runs.selection import Selection

SHARE = 5
"""A trial has the fifth part of the budget."""
FIRST_SEED = 1000
"""The seeds of trials are not those of results, which begin at 0."""


@dataclass(frozen=True)
class Tuning:
    """The trials of one entrant on one case at a tier, each of them a run for every seed.

    The first trial has the class defaults. There are as many as were `asked` for, or as many as the search space has
    combinations.
    """

    asked: int
    trials: tuple[tuple[Job, ...], ...]

    @property
    def job(self) -> Job:
        """The first run's job."""
        return self.trials[0][0]

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds of every trial."""
        return tuple(run.spec.seed for run in self.trials[0])

    @property
    def name(self) -> EntryName:
        """The name of the entry that is written of the trials."""
        spec = self.job.spec
        return EntryName(spec.task, spec.entrant, spec.tier, spec.case)


@dataclass
class TuningPlan(Plan):
    """The plan of all trials of a selection, and the trials by entrant and case."""

    tunings: list[Tuning] = field(default_factory=list)


def plan_tuning(planner: Planner, selection: Selection, asked: int) -> TuningPlan:
    """The trials of a selection, with one seed if it says nothing else, on each case that it names. If it names none,
    on the first case of the tier that can be tuned on. An unknown name, and a named case that cannot be tuned on, are a
    `UserError`."""
    plan, registry = TuningPlan(), planner.registry
    cards = [registry.card(task) for task in selection.tasks or registry.tasks]
    selection.check_cases(cards)
    known = {name for card in cards for name in registry.of_task(card.task)}
    for name in selection.entrants:
        if name not in known:
            raise unknown("entrant", name, known, "tuning sets the parameters itself" if "[" in name else "")
    for card in cards:
        for resolved, header in product(_cases_to_tune_on(card, selection), registry.of_task(card.task).values()):
            if selection.entrants and header.name not in selection.entrants:
                continue
            if why := inapplicable(header, resolved):
                plan.not_applicable.append(NotApplicable(card.task, resolved.case.id, header.name, why))
            else:
                default = planner.default(card, resolved, header)
                plan.tunings.append(plan_trials(planner, default, asked, selection.seeds or 1))
    if not plan.tunings:
        reasons = [f"{skipped.entrant}: {skipped.why}" for skipped in plan.not_applicable]
        raise UserError(
            f"there is nothing to tune at tier {selection.tier}: {'; '.join(reasons) or 'no case trains anything'}"
        )
    plan.runs = [run for tuning in plan.tunings for trial in tuning.trials for run in trial]
    return plan


def plan_trials(planner: Planner, default: Job, asked: int, seeds: int) -> Tuning:
    """The trials of one entrant, made from its `default` job. They depend on nothing but its name, its search space and
    its defaults."""
    header, budget = default.header, budget_of_trials(default.resolved)
    numbers = range(FIRST_SEED, FIRST_SEED + seeds)
    trials = islice(header.search_space.trials(header.task, header.name, header.defaults), asked)
    return Tuning(
        asked, tuple(tuple(planner.trial(default, values, seed, budget) for seed in numbers) for values in trials)
    )


def budget_of_trials(resolved: Resolved) -> Budget:
    """A fifth of the budget, in whole portions and at least one of them. A portion is a pass over the data where a
    setting has the name of the budget's unit and says what a pass costs, else a batch."""
    unit, total = resolved.budget.unit, resolved.budget.total
    portion = resolved.settings.get(unit) or resolved.settings.get("batch") or 1
    return Budget(unit, min(total, max(portion, total // SHARE // portion * portion)))


def _cases_to_tune_on(card: Card, selection: Selection) -> list[Resolved]:
    """The cases on which a task is tuned, in the tier's order; empty if none of them is selected."""
    cases = card.at_tier(selection.tier)
    suitable = [resolved for resolved in cases if not _unsuitable(card, resolved)]
    if not selection.cases:
        return suitable[:1]
    named = [resolved for resolved in cases if resolved.case.id in selection.cases]
    for resolved in named:
        if why := _unsuitable(card, resolved):
            names = ", ".join(other.case.id for other in suitable) or "none"
            raise UserError(f"case {resolved.case.id} of {card.task} {why}; those to tune on at this tier: {names}")
    return named


def _unsuitable(card: Card, resolved: Resolved) -> str:
    """Why nothing can be tuned on a case, "" if it can."""
    if not resolved.budget.total:
        return "trains nothing"
    return f"is judged by a time ({resolved.primary})" if card.metrics[resolved.primary].timing else ""
