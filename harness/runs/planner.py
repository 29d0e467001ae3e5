"""One run of a plan: its spec, and what the store knows of it."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias

from harness.claims.claim import Part
from harness.claims.items import read_items_of
from harness.claims.paper import Paper, find_papers
from harness.core.card import Card, Case, Resolved
from harness.core.spec import Budget, Spec, Value
from harness.data.catalogue import catalogue
from harness.records.record import REPEATED, SCORED, Environment, Stored
from harness.records.store import Store
from harness.registry.accepted import accepted_code
from harness.registry.find import Registry
from harness.registry.headers import Header
from harness.registry.tuned import Entries, EntryName, TunedEntry, checked, entry_for
from harness.runs.job import Job
from harness.runs.staleness import stale_because

RunState: TypeAlias = Literal["done", "missing", "stale", "repeat", "failed"]
"""`repeat`: ended from outside and runs again; `failed`: ended in an error, which runs again only when asked."""


@dataclass(frozen=True)
class PlannedRun:
    """One run of the plan: its job, its state, and in words why it is in that state."""

    job: Job
    state: RunState
    why: str = ""

    def due(self, retry_errors: bool) -> bool:
        """Whether `run` would do it."""
        return self.state in ("missing", "stale", "repeat") or (retry_errors and self.state == "failed")


class _Common(NamedTuple):
    """What all runs of an entrant in a case have in common. `spec` has the class defaults and seed 0, `tuned` is what
    tuning chose, `claims` are those that read the scores of items."""

    card: Card
    resolved: Resolved
    header: Header
    spec: Spec
    tuned: TunedEntry | None
    claims: tuple[Part, ...]


@dataclass(frozen=True)
class Planner:
    """What a run's spec is made from beside what was asked for, and whether its record is to be read."""

    registry: Registry
    store: Store
    environment: Environment
    read: bool = True

    def result(
        self,
        card: Card,
        resolved: Resolved,
        header: Header,
        chosen: Mapping[str, Value],
        seed: int,
        stored: Stored | None = None,
    ) -> PlannedRun:
        """A run whose record is a result: class defaults, under what tuning chose, under what is set from outside.
        `stored` is its record where that was read before."""
        common = self._common(card, resolved, header)
        values = {**common.tuned.parameters, **chosen} if common.tuned else chosen
        parameters = _deviating(header, values)
        return self._planned(common, replace(common.spec, seed=seed, parameters=parameters, chosen=chosen), stored)

    def trial(
        self, card: Card, resolved: Resolved, header: Header, values: Mapping[str, Value], seed: int, budget: Budget
    ) -> PlannedRun:
        """A run in which tuning tries values: on the validation split, with a budget of its own."""
        common = self._common(card, resolved, header)
        parameters = _deviating(header, values)
        spec = replace(common.spec, seed=seed, parameters=parameters, chosen=values, budget=budget, split="valid")
        return self._planned(common._replace(tuned=None, claims=()), spec)

    def tuned(self, card: Card, resolved: Resolved, header: Header) -> TunedEntry | None:
        """What tuning chose for an entrant in a case: on that case, else on the tier's first tuned one; None if it
        never chose."""
        place = EntryName(card.task, header.name, resolved.tier, resolved.case.id)
        return entry_for(place, self.entries(header), card.tiers[resolved.tier].cases)

    def entries(self, header: Header) -> Entries:
        """The entries of an entrant's folder: its own at all tiers, and those of the entrants beside it."""
        folder = header.path.parent
        if folder not in self._entries:
            self._entries[folder] = checked(folder, self.registry.entrants, self.registry.tasks)
        return self._entries[folder]

    @cached_property
    def papers(self) -> Mapping[str, Paper]:
        """The papers in reach, by the name of their folder."""
        return find_papers(self.registry)

    @cached_property
    def _entries(self) -> dict[Path, Entries]:
        return {}

    @cached_property
    def _commons(self) -> dict[EntryName, _Common]:
        return {}

    def _common(self, card: Card, resolved: Resolved, header: Header) -> _Common:
        place = EntryName(card.task, header.name, resolved.tier, resolved.case.id)
        if place not in self._commons:
            spec = Spec(
                task=card.task,
                version=card.version,
                tier=resolved.tier,
                case=resolved.case.id,
                entrant=header.name,
                seed=0,
                budget=resolved.budget,
                code=accepted_code(header, self.registry.closure(header).digest),
                data=data_identity(resolved.case, header.home.folder),
                settings=resolved.deviating,
            )
            tuned = self.tuned(card, resolved, header)
            claims = read_items_of(self.papers.values(), card.task, resolved.tier)
            self._commons[place] = _Common(card, resolved, header, spec, tuned, claims)
        return self._commons[place]

    def _planned(self, common: _Common, spec: Spec, stored: Stored | None = None) -> PlannedRun:
        card, resolved, header, _, tuned, claims = common
        code = self.registry.closure(header).files
        record = stored or (self.store.stored_at(spec.place) if self.read else None)
        job = Job(
            spec=spec,
            card=card,
            resolved=resolved,
            header=header,
            code=code,
            results=self.store.root,
            environment=self.environment,
            trials=tuned.trials if tuned else 0,
            seen=record.content["finished"] if record else "",
            claims=claims,
        )
        if record is None:
            why = self.store.why_unusable(spec.place)
            return PlannedRun(job, "stale" if why else "missing", why)
        status = record.content["status"]
        if record.content["key"] != spec.key:
            names = set(tuned.parameters) - set(spec.chosen) if tuned else set()
            return PlannedRun(job, "stale", stale_because(record, spec, code, job.parameters, names))
        if status in SCORED:
            return PlannedRun(job, "done", status)
        return PlannedRun(job, "repeat" if status in REPEATED else "failed", f"{status}: {record.failure}")


def _deviating(header: Header, values: Mapping[str, Value]) -> dict[str, Value]:
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
