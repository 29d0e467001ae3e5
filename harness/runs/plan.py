"""`Plan`: the runs of a selection, each compared with the store; and `Planner`, which makes plans."""

import hashlib
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from harness.claims.items import read_items_of
from harness.claims.paper import Paper, find_papers
from harness.core.card import Card, Case, Resolved
from harness.core.spec import Budget, Spec, TierName, Value
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

NOWHERE = Environment()
"""The environment of runs that are planned but not done."""


@dataclass(frozen=True)
class NotApplicable:
    """A case in which an entrant takes no part, and why: it lacks a capability, or is for other cases or tiers only."""

    task: str
    case: str
    entrant: str
    why: str


@dataclass
class Plan:
    """All runs of a selection."""

    runs: list[Job] = field(default_factory=list)
    not_applicable: list[NotApplicable] = field(default_factory=list)

    def due(self, retry_errors: bool = False) -> list[Job]:
        """The runs that `harness run` would do."""
        due = {"missing", "stale", "repeat", *(["failed"] if retry_errors else [])}
        return [run for run in self.runs if run.state in due]

    def core_seconds(self, retry_errors: bool = False) -> float:
        """The planned time of the due runs on one core, in seconds."""
        return sum(run.expect_s for run in self.due(retry_errors))


class _Wanted(NamedTuple):
    """An entrant that is to run, with the parameters that are set from outside, in some cases (empty = all)."""

    header: Header
    chosen: Mapping[str, Value] = {}
    cases: Sequence[str] = ()


@dataclass(frozen=True)
class Planner:
    """Makes jobs and compares them with the store.

    `environment` is where jobs that are to be done will run. Where records are not `read`, every run is `missing`.
    """

    registry: Registry
    store: Store
    environment: Environment = NOWHERE
    read: bool = True
    _entries: dict[Path, Entries] = field(default_factory=dict, init=False, repr=False)
    _defaults: dict[EntryName, Job] = field(default_factory=dict, init=False, repr=False)

    def plan(self, selection: Selection) -> Plan:
        """The plan of a selection. An unknown task, case, entrant or parameter is a `UserError`."""
        plan, tier = Plan(), selection.tier
        cards = [self.registry.card(task) for task in selection.tasks or self.registry.tasks]
        wanted = self._wanted(selection, [card.task for card in cards])
        selection.check_cases(cards)
        for card in cards:
            cases = [case for case in card.at_tier(tier) if case.case.id in (selection.cases or [case.case.id])]
            for resolved, (header, chosen, swept) in itertools.product(cases, wanted[card.task]):
                if resolved.case.id not in (swept or [resolved.case.id]):
                    continue
                if why := inapplicable(header, resolved):
                    plan.not_applicable.append(NotApplicable(card.task, resolved.case.id, header.name, why))
                    continue
                default = self.default(card, resolved, header)
                first, number = selection.first_seed, selection.seeds or resolved.seeds
                plan.runs += [self.result(default, chosen, seed) for seed in range(first, first + number)]
        return plan

    def stored_runs(self, plan: Plan, selection: Selection) -> list[Job]:
        """The runs of a tier that are stored though the plan has none of them: further seeds, other parameters."""
        known = {run.spec.place for run in plan.runs}
        further = []
        for task in dict.fromkeys(selection.tasks or self.registry.tasks):
            card, headers = self.registry.card(task), self.registry.of_task(task)
            cases = {resolved.case.id: resolved for resolved in card.at_tier(selection.tier)}
            for place in self.store.places(selection.tier, {task}):
                stored = None if place in known else self.store.stored_at(place)
                if stored and stored.spec.case in cases and stored.spec.entrant in headers:
                    default = self.default(card, cases[stored.spec.case], headers[stored.spec.entrant])
                    further.append(self.result(default, stored.spec.chosen, stored.spec.seed, stored))
        return further

    def default(self, card: Card, resolved: Resolved, header: Header) -> Job:
        """The job of an entrant in a case with the class defaults and seed 0. Other jobs are made from it."""
        name = EntryName(card.task, header.name, resolved.tier, resolved.case.id)
        if name not in self._defaults:
            closure = self.registry.closure(header)
            tuned = self._tuned(card, resolved, header)
            self._defaults[name] = Job(
                spec=Spec(
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
                ),
                card=card,
                resolved=resolved,
                header=header,
                code=closure.files,
                results=self.store.root.absolute(),
                environment=self.environment,
                limit_s=resolved.limit_s,
                memory_mb=resolved.memory_mb,
                tuned=tuned.parameters if tuned else {},
                trials=tuned.trials if tuned else 0,
                claims=read_items_of(self.papers.values(), card.task, resolved.tier),
            )
        return self._defaults[name]

    def _tuned(self, card: Card, resolved: Resolved, header: Header) -> TunedEntry | None:
        """What tuning chose for an entrant in a case, or for the one whose parameters it has; None if nothing."""
        headers = self.registry.of_task(card.task)
        if header.tuned_as and header.tuned_as not in headers:
            raise unknown("entrant", header.tuned_as, headers, f"correct `tuned_as` of {header.name}: {header.place}")
        owner = headers[header.tuned_as] if header.tuned_as else header
        name = EntryName(card.task, owner.name, resolved.tier, resolved.case.id)
        return entry_for(name, self.entries(owner), card.tiers[resolved.tier].cases)

    def result(self, default: Job, chosen: Mapping[str, Value], seed: int, stored: Stored | None = None) -> Job:
        """A run whose record is a result. Its parameters are the class defaults, replaced by those that tuning chose,
        replaced by those that are set from outside. `stored` is its record, if that was read before."""
        parameters = _deviating(default.header, {**default.tuned, **chosen})
        return self._compared(default, replace(default.spec, seed=seed, parameters=parameters, chosen=chosen), stored)

    def trial(self, default: Job, values: Mapping[str, Value], seed: int, budget: Budget) -> Job:
        """A run in which tuning tries values: on the validation split, with a budget of its own."""
        parameters = _deviating(default.header, values)
        spec = replace(default.spec, seed=seed, parameters=parameters, chosen=values, budget=budget, split="valid")
        return self._compared(replace(default, tuned={}, trials=0, claims=()), spec)

    def entries(self, header: Header) -> Entries:
        """All entries of `tuned.toml` in an entrant's folder: those of the entrant and of the entrants beside it."""
        folder = header.path.parent
        if folder not in self._entries:
            self._entries[folder] = checked_entries(folder, self.registry.entrants, self.registry.tasks)
        return self._entries[folder]

    @cached_property
    def papers(self) -> Mapping[str, Paper]:
        """The papers by the name of their folder."""
        return find_papers(self.registry)

    def _wanted(self, selection: Selection, tasks: Sequence[str]) -> dict[str, list[_Wanted]]:
        """The selected entrants by task."""
        entrants = {task: self.registry.of_task(task) for task in tasks}
        if not selection.entrants:
            return {task: list(self._swept(headers.values(), selection.tier)) for task, headers in entrants.items()}
        wanted: dict[str, list[_Wanted]] = {task: [] for task in tasks}
        for text in selection.entrants:
            name, settings = split_entrant(text)
            owners = [headers[name] for headers in entrants.values() if name in headers]
            if not owners:
                raise unknown("entrant", name, {name for headers in entrants.values() for name in headers})
            for header in owners:
                wanted[header.task] += [_Wanted(header, chosen) for chosen in expand(header, settings)]
        return wanted

    def _swept(self, headers: Iterable[Header], tier: TierName) -> Iterator[_Wanted]:
        """Entrants with their defaults, and with every combination of values that papers sweep over at a tier."""
        sweeps = [sweep for paper in self.papers.values() for sweep in paper.sweep if tier in sweep.tiers]
        for header in headers:
            yield _Wanted(header)
            for sweep in sweeps:
                if sweep.entrant == header.name:
                    yield from (_Wanted(header, values, sweep.cases) for values in combinations(sweep.parameters))

    def _compared(self, default: Job, spec: Spec, stored: Stored | None = None) -> Job:
        """The job of a spec, compared with its record."""
        record = stored or (self.store.stored_at(spec.place) if self.read else None)
        if record is None:
            why = self.store.why_unusable(spec.place)
            return replace(default, spec=spec, state="stale" if why else "missing", why=why)
        job = replace(default, spec=spec, seen=record.content["finished"])
        status = record.content["status"]
        if record.content["key"] != spec.key:
            return replace(job, state="stale", why=stale_because(record, job))
        if status in SCORED:
            return replace(job, state="done", why=status)
        return replace(job, state="repeat" if status in REPEATED else "failed", why=f"{status}: {record.failure}")


def _deviating(header: Header, values: Mapping[str, Value]) -> dict[str, Value]:
    """The values that are not the class defaults."""
    defaults = header.defaults
    return {name: value for name, value in values.items() if name not in defaults or value != defaults[name]}


def data_identity(case: Case, folder: Path) -> str:
    """The identity of a case's data in keys: the digests of its data sets and of its files in the task's folder, or the
    name of its generator."""
    if case.generated:
        return f"generated:{case.generated}"
    digests = {name: catalogue()[name].content for name in case.data}
    digests |= {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in case.bundled}
    return ",".join(f"{name}:{digest[:32]}" for name, digest in digests.items())


def stale_because(record: Stored, job: Job) -> str:
    """Why a stored record is not the outcome of a job: the files and values that changed, separated by semicolons."""
    was, now = record.spec, job.spec
    reasons = _changed_files(record.content["origin"]["code"], job.code) if was.code != now.code else []
    for name in ("version", "budget", "data"):
        if getattr(was, name) != getattr(now, name):
            reasons.append(f"{name} was {_in_words(getattr(was, name))}, is {_in_words(getattr(now, name))}")
    for name in _differing(was.settings, now.settings):
        before, after = (settings.get(name, "default") for settings in (was.settings, now.settings))
        reasons.append(f"setting {name} was {before}, is {after}")
    for name in _differing(was.parameters, now.parameters):
        before, after = (values.get(name, "default") for values in (record.content["parameters"], job.parameters))
        source = " (tuned.toml)" if name in job.tuned.keys() - now.chosen.keys() else ""
        reasons.append(f"parameter {name} was {before}, is {after}{source}")
    return "; ".join(reasons) or "its key has another origin"


def _differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    return [name for name in sorted(before.keys() | after.keys()) if before.get(name) != after.get(name)]


def _changed_files(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    return [
        f"{name} {'is gone' if name not in after else 'changed' if name in before else 'was added'}"
        for name in _differing(before, after)
    ]


def _in_words(value: object) -> str:
    return f"{value.total:,} {value.unit}" if isinstance(value, Budget) else str(value)
