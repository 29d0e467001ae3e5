"""Trials, as many for every entrant of a task, on the validation split and a part of the budget; and their result."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice, product
from statistics import fmean

from harness.core.canonical import digest
from harness.core.card import Card, Resolved
from harness.core.errors import UserError
from harness.core.spec import Budget
from harness.core.suggest import unknown
from harness.records.record import Record
from harness.records.store import Store
from harness.registry.find import Registry
from harness.registry.headers import Header, inapplicable
from harness.registry.tuned import EntryName, TunedEntry
from harness.runs.job import Job
from harness.runs.plan import NotApplicable, Plan, Planner
from harness.runs.selection import Selection

FIRST_SEED = 1000
"""The seeds of trials are not those of results, which begin at 0."""
DIGITS = 6
"""Decimals of the score that is written: enough to compare. The digest covers all of them."""


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
    """The trials of a selection, with one seed if it states no number, on each case that it names. If it names none, on
    the first case of the tier that can be tuned on. An unknown name, and a named case that cannot be tuned on, are a
    `UserError`."""
    plan = TuningPlan()
    for card, resolved, header in _candidates(planner.registry, selection):
        shared = f"has the parameters that are chosen for {header.tuned_as}" if header.tuned_as else ""
        if why := inapplicable(header, resolved) or shared:
            plan.not_applicable.append(NotApplicable(card.task, resolved.case.id, header.name, why))
        else:
            default = planner.default(card, resolved, header)
            plan.tunings.append(plan_trials(planner, default, asked, selection.seeds or 1))
    if not plan.tunings:
        why = "; ".join(f"{skipped.entrant}: {skipped.why}" for skipped in plan.not_applicable)
        raise UserError(f"there is nothing to tune at tier {selection.tier}: {why or 'no case trains anything'}")
    plan.runs = [run for tuning in plan.tunings for trial in tuning.trials for run in trial]
    return plan


def _candidates(registry: Registry, selection: Selection) -> Iterator[tuple[Card, Resolved, Header]]:
    """The selected entrants with each case that they may be tuned on."""
    cards = [registry.card(task) for task in selection.tasks or registry.tasks]
    selection.check_cases(cards)
    known = {name for card in cards for name in registry.of_task(card.task)}
    for name in selection.entrants:
        if name not in known:
            raise unknown("entrant", name, known, "tuning sets the parameters itself" if "[" in name else "")
    for card in cards:
        for resolved, header in product(_cases_to_tune_on(card, selection), registry.of_task(card.task).values()):
            if header.name in (selection.entrants or known):
                yield card, resolved, header


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
    """A fifth of the budget, or the part that the tier says, in whole portions and at least one of them. A portion is a
    pass over the data, if a setting with the name of the budget's unit states what a pass costs; else it is a batch."""
    unit, total = resolved.budget.unit, resolved.budget.total
    portion = resolved.settings.get(unit) or resolved.settings.get("batch") or 1
    return Budget(unit, min(total, max(portion, total // resolved.trial_divisor // portion * portion)))


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


@dataclass(frozen=True)
class TuningResult:
    """The stored records of an entrant's trials: for each trial one a seed, None where there is none."""

    tuning: Tuning
    records: tuple[tuple[Record | None, ...], ...]

    @staticmethod
    def of(tuning: Tuning, store: Store) -> "TuningResult":
        """The result as it is stored, whether of these trials or of earlier ones in their place."""
        records = (tuple(store.read(run.spec.place) for run in trial) for trial in tuning.trials)
        return TuningResult(tuning, tuple(records))

    @property
    def complete(self) -> bool:
        """Whether every run has its record."""
        keys = [[run.spec.key for run in trial] for trial in self.tuning.trials]
        return keys == [[record.key if record else "" for record in records] for records in self.records]

    @property
    def metric(self) -> str:
        """The metric that trials are compared by: the primary one of the card, whatever it was when they ran."""
        return self.tuning.job.resolved.primary

    @property
    def scores(self) -> list[float | None]:
        """The mean of the primary metric over the seeds, by trial; None where a run failed or diverged."""
        return [_mean(_score(record, self.metric) for record in records) for records in self.records]

    @property
    def winner(self) -> int | None:
        """The trial with the best score, the earliest of equals; None if all failed.

        Where the best score is not above chance by the metric's margin, it was luck. Then the class defaults stay, if
        their trial did not fail.
        """
        job = self.tuning.job
        metric = job.card.metrics[self.metric]
        sign = 1 if metric.better == "higher" else -1
        ranked = [(sign * score, -number) for number, score in enumerate(self.scores) if score is not None]
        if not ranked:
            return None
        best, number = max(ranked)
        # Chance may depend on the drawn data, so it is that of the records.
        finished = [record for records in self.records for record in records if record and record.status == "ok"]
        chance = _mean(record.metrics[self.metric].chance for record in finished)
        lucky = chance is not None and best - sign * chance <= (metric.margin or 0.0)
        return 0 if lucky and self.scores[0] is not None else -number

    @property
    def digest(self) -> str:
        """The digest of the trials: keys, statuses and scores."""
        return digest(
            [[[r.key, r.status, _score(r, self.metric)] if r else None for r in records] for records in self.records]
        )

    def entry(self) -> TunedEntry | None:
        """The entry that is written of the result; None if no trial won."""
        winner, scores = self.winner, self.scores
        if winner is None or (score := scores[winner]) is None:
            return None
        job = self.tuning.job
        return TunedEntry(
            budget={job.spec.budget.unit: job.spec.budget.total},
            asked=self.tuning.asked,
            trials=len(self.tuning.trials),
            seeds=self.tuning.seeds,
            metric=self.metric,
            score=round(score, DIGITS),
            parameters=self.tuning.trials[winner][0].spec.parameters,
            digest=self.digest,
        )


def _mean(values: Iterable[float | None]) -> float | None:
    """The mean of the values; None if there are none, or if one of them is None."""
    numbers = list(values)
    known = [number for number in numbers if number is not None]
    return fmean(known) if known and len(known) == len(numbers) else None


def _score(record: Record | None, metric: str) -> float | None:
    """A run's value of a metric, None if it failed or diverged. No value, or more than one, is a `UserError`:
    trials could not be compared."""
    if record is None or record.status != "ok":
        return None
    values = [score.value for score in record.scores if score.metric == metric and not score.at]
    if len(values) != 1:
        raise UserError(
            f"the validation split of case {record.spec.case} of {record.spec.task} does not give one value of "
            f"'{metric}', so nothing can be tuned on it; tune on another case (--case)"
        )
    return values[0]
