"""`Plan`: the runs of a selection, each compared with the store; and `Planner`, which makes plans."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias

from harness.claims.items import read_items_of
from harness.claims.paper import Paper, find_papers
from harness.core.card import Card, Case, Resolved
from harness.core.spec import Budget, Spec, Value
from harness.core.suggest import unknown
from harness.data.catalogue import catalogue
from harness.records.record import REPEATED, SCORED, Environment, Stored
from harness.records.store import Store
from harness.registry.accepted import accepted_code
from harness.registry.find import Registry
from harness.registry.headers import Header, inapplicable
from harness.registry.tuned import Entries, EntryName, TunedEntry, checked_entries, entry_for
from harness.runs.job import Job
from harness.runs.selection import Selection, combinations, expand, split_entrant
from harness.runs.staleness import stale_because

NOWHERE = Environment()
"""The environment of runs that are planned and not done."""

RunState: TypeAlias = Literal["done", "missing", "stale", "repeat", "failed"]
"""`repeat`: ended from outside and runs again; `failed`: ended in an error, which runs again only when asked."""


@dataclass(frozen=True)
class PlannedRun:
    """One run of a plan: its job, its state, and in words why it is in that state."""

    job: Job
    state: RunState
    why: str = ""

    def due(self, retry_errors: bool) -> bool:
        """Whether `run` would do it."""
        return self.state in ("missing", "stale", "repeat") or (retry_errors and self.state == "failed")


@dataclass(frozen=True)
class NotApplicable:
    """A case in which an entrant takes no part, and why: it lacks a capability, or names other cases or tiers."""

    task: str
    case: str
    entrant: str
    why: str


@dataclass
class Plan:
    """All runs of a selection."""

    runs: list[PlannedRun] = field(default_factory=list)
    not_applicable: list[NotApplicable] = field(default_factory=list)

    def due(self, retry_errors: bool = False) -> list[PlannedRun]:
        """The runs that `run` would do."""
        return [run for run in self.runs if run.due(retry_errors)]

    def core_seconds(self, retry_errors: bool = False) -> float:
        """The planned time of the due runs on one core, in seconds."""
        return sum(run.job.expect_s for run in self.due(retry_errors))


class _Wanted(NamedTuple):
    """An entrant that is to run with some parameters set from outside, in some cases (none named: in all)."""

    header: Header
    chosen: Mapping[str, Value] = {}
    cases: Sequence[str] = ()


@dataclass(frozen=True)
class Planner:
    """Makes the jobs of runs and compares them with the store.

    `environment` is where jobs that are to be done will run. Where records are not `read`, every run is `missing`.
    """

    registry: Registry
    store: Store
    environment: Environment = NOWHERE
    read: bool = True
    _entries: dict[Path, Entries] = field(default_factory=dict, init=False, repr=False)
    _defaults: dict[EntryName, tuple[Job, TunedEntry | None]] = field(default_factory=dict, init=False, repr=False)

    def plan(self, selection: Selection) -> Plan:
        """The plan of a selection. An unknown task, case, entrant or parameter is a `UserError`."""
        plan = Plan()
        cards = [self.registry.card(task) for task in selection.tasks or self.registry.tasks]
        wanted = self._wanted(selection, [card.task for card in cards])
        selection.check_cases(cards)
        for card in cards:
            for resolved in card.at_tier(selection.tier):
                case = resolved.case.id
                if selection.cases and case not in selection.cases:
                    continue
                for header, chosen, cases in wanted[card.task]:
                    if cases and case not in cases:
                        continue
                    if why := inapplicable(header, resolved):
                        plan.not_applicable.append(NotApplicable(card.task, case, header.name, why))
                        continue
                    for seed in range(selection.seeds or card.tiers[selection.tier].seeds):
                        plan.runs.append(self.result(card, resolved, header, chosen, seed))
        return plan

    def stored_runs(self, plan: Plan, selection: Selection) -> list[PlannedRun]:
        """The runs of a tier that are stored though the plan has none of them: further seeds, other parameters."""
        known = {run.job.spec.place for run in plan.runs}
        further = []
        for task in dict.fromkeys(selection.tasks or self.registry.tasks):
            card, headers = self.registry.card(task), self.registry.of_task(task)
            cases = {resolved.case.id: resolved for resolved in card.at_tier(selection.tier)}
            for place in self.store.places(selection.tier, {task}):
                stored = None if place in known else self.store.stored_at(place)
                if stored and stored.spec.case in cases and stored.spec.entrant in headers:
                    resolved, header = cases[stored.spec.case], headers[stored.spec.entrant]
                    further.append(self.result(card, resolved, header, stored.spec.chosen, stored.spec.seed, stored))
        return further

    def result(
        self,
        card: Card,
        resolved: Resolved,
        header: Header,
        chosen: Mapping[str, Value],
        seed: int,
        stored: Stored | None = None,
    ) -> PlannedRun:
        """A run whose record is a result. Its parameters are the class defaults, replaced by what tuning chose, and
        both by what is set from outside. `stored` is its record where that was read before."""
        job, tuned = self._default(card, resolved, header)
        values = {**tuned.parameters, **chosen} if tuned else chosen
        spec = replace(job.spec, seed=seed, parameters=_deviating(header, values), chosen=chosen)
        return self._compared(job, spec, stored, tuned)

    def trial(
        self, card: Card, resolved: Resolved, header: Header, values: Mapping[str, Value], seed: int, budget: Budget
    ) -> PlannedRun:
        """A run in which tuning tries values: on the validation split, with a budget of its own."""
        job, _ = self._default(card, resolved, header)
        parameters = _deviating(header, values)
        spec = replace(job.spec, seed=seed, parameters=parameters, chosen=values, budget=budget, split="valid")
        return self._compared(replace(job, trials=0, claims=()), spec)

    def entries(self, header: Header) -> Entries:
        """The entries of an entrant's folder: its own at all tiers, and those of the entrants beside it."""
        folder = header.path.parent
        if folder not in self._entries:
            self._entries[folder] = checked_entries(folder, self.registry.entrants, self.registry.tasks)
        return self._entries[folder]

    @cached_property
    def papers(self) -> Mapping[str, Paper]:
        """The papers in reach, by the name of their folder."""
        return find_papers(self.registry)

    def _wanted(self, selection: Selection, tasks: Sequence[str]) -> dict[str, list[_Wanted]]:
        """The selected entrants by task: those that are named, else all of them, also with what papers sweep over."""
        entrants = {task: self.registry.of_task(task) for task in tasks}
        wanted: dict[str, list[_Wanted]] = {task: [] for task in tasks}
        for text in selection.entrants:
            name, settings = split_entrant(text)
            owners = [task for task in tasks if name in entrants[task]]
            if not owners:
                raise unknown("entrant", name, {name for headers in entrants.values() for name in headers})
            for task in owners:
                header = entrants[task][name]
                wanted[task] += [_Wanted(header, chosen) for chosen in expand(header, settings)]
        if selection.entrants:
            return wanted
        sweeps = [sweep for paper in self.papers.values() for sweep in paper.sweep if selection.tier in sweep.tiers]
        for task, headers in entrants.items():
            for header in headers.values():
                swept = [sweep for sweep in sweeps if sweep.entrant == header.name]
                wanted[task].append(_Wanted(header))
                wanted[task] += [
                    _Wanted(header, values, s.cases) for s in swept for values in combinations(s.parameters)
                ]
        return wanted

    def _default(self, card: Card, resolved: Resolved, header: Header) -> tuple[Job, TunedEntry | None]:
        """The job of an entrant in a case with the class defaults and seed 0; and what tuning chose there."""
        name = EntryName(card.task, header.name, resolved.tier, resolved.case.id)
        if name not in self._defaults:
            closure = self.registry.closure(header)
            spec = Spec(
                task=card.task,
                version=card.version,
                tier=resolved.tier,
                case=resolved.case.id,
                entrant=header.name,
                seed=0,
                budget=resolved.budget,
                code=accepted_code(header, closure.digest),
                data=data_identity(resolved.case, header.home.folder),
                settings=resolved.deviating,
            )
            tuned = entry_for(name, self.entries(header), card.tiers[resolved.tier].cases)
            job = Job(
                spec=spec,
                card=card,
                resolved=resolved,
                header=header,
                code=closure.files,
                results=self.store.root,
                environment=self.environment,
                trials=tuned.trials if tuned else 0,
                claims=read_items_of(self.papers.values(), card.task, resolved.tier),
            )
            self._defaults[name] = job, tuned
        return self._defaults[name]

    def _compared(
        self, job: Job, spec: Spec, stored: Stored | None = None, tuned: TunedEntry | None = None
    ) -> PlannedRun:
        """A job with another spec, compared with its record."""
        record = stored or (self.store.stored_at(spec.place) if self.read else None)
        job = replace(job, spec=spec, seen=record.content["finished"] if record else "")
        if record is None:
            why = self.store.why_unusable(spec.place)
            return PlannedRun(job, "stale" if why else "missing", why)
        status = record.content["status"]
        if record.content["key"] != spec.key:
            tuned_names = set(tuned.parameters) - set(spec.chosen) if tuned else ()
            return PlannedRun(job, "stale", stale_because(record, job, tuned_names))
        if status in SCORED:
            return PlannedRun(job, "done", status)
        return PlannedRun(job, "repeat" if status in REPEATED else "failed", f"{status}: {record.failure}")


def _deviating(header: Header, values: Mapping[str, Value]) -> dict[str, Value]:
    """The values that are not the class defaults."""
    known = header.parameters
    return {name: value for name, value in values.items() if name not in known or value != known[name].default}


def data_identity(case: Case, folder: Path) -> str:
    """What stands for a case's data in the key: the digests of its data sets and of its files in the task's folder, or
    its generator's name."""
    if case.generated:
        return f"generated:{case.generated}"
    digests = {name: catalogue()[name].content for name in case.data}
    digests |= {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in case.bundled}
    return ",".join(f"{name}:{digest[:32]}" for name, digest in digests.items())
