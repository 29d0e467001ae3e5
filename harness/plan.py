"""The plan: which runs there are to do, what is known of each, and why a stored record no longer counts."""

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

from harness.card import Card, Case, Resolved
from harness.claims.papers import find_papers
from harness.data.catalogue import catalogue
from harness.errors import UserError
from harness.headers import Header
from harness.job import Job
from harness.locks import accepted_code
from harness.parameters import expand
from harness.record import REPEATED, SCORED, Environment
from harness.registry import Registry
from harness.spec import TIERS, Spec, TierName, Value
from harness.staleness import stale_because
from harness.store import Store
from harness.suggest import unknown

State: TypeAlias = Literal["done", "missing", "stale", "repeat", "failed"]
"""`repeat`: ended from outside and runs again; `failed`: ended in an error, which runs again only when asked."""


@dataclass(frozen=True, kw_only=True)
class Selection:
    """What the user asked for; empty = all. `entrants` are written as `name` or `name[par=value,...]`."""

    tier: TierName
    tasks: Sequence[str] = ()
    cases: Sequence[str] = ()
    entrants: Sequence[str] = ()
    seeds: int | None = None
    plugins: Sequence[Path] = ()


@dataclass(frozen=True)
class Planned:
    """One run of the plan: its job, its state, and in words why it is in that state."""

    job: Job
    state: State
    why: str = ""

    def due(self, retry_errors: bool) -> bool:
        """Whether `run` would do it."""
        return self.state in ("missing", "stale", "repeat") or (retry_errors and self.state == "failed")


@dataclass(frozen=True)
class Skipped:
    """A run that there is not, and why: a capability that the entrant lacks, or a tier below its smallest."""

    task: str
    case: str
    entrant: str
    why: str


@dataclass
class Plan:
    """All runs of a selection."""

    runs: list[Planned] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)

    def due(self, retry_errors: bool = False) -> list[Planned]:
        """The runs that `run` would do."""
        return [run for run in self.runs if run.due(retry_errors)]

    def core_seconds(self, retry_errors: bool = False) -> float:
        """The planned time of the due runs on one core, in seconds."""
        return sum(run.job.resolved.expect_s for run in self.due(retry_errors))


def make_plan(registry: Registry, selection: Selection, store: Store, environment: Environment) -> Plan:
    """The plan of a selection. An unknown task, case, entrant or parameter is a `UserError`."""
    plan, world = Plan(), _World(registry, store, environment)
    cards = [registry.card(task) for task in selection.tasks or registry.tasks]
    wanted = _Wanted(registry, [card.task for card in cards], selection)
    _check_cases(cards, selection.tier, selection.cases)
    for card in cards:
        if selection.tier not in card.tiers:
            continue
        tier = card.tiers[selection.tier]
        cases = [case for case in tier.cases if not selection.cases or case in selection.cases]
        for resolved in (card.resolve(selection.tier, case) for case in cases):
            for header, chosen in wanted.of(card.task, resolved.case.id):
                if why := _inapplicable(header, resolved, selection.tier):
                    plan.skipped.append(Skipped(card.task, resolved.case.id, header.name, why))
                    continue
                for seed in range(selection.seeds or tier.seeds):
                    plan.runs.append(world.planned(card, resolved, header, chosen, seed, selection.tier))
    return plan


def stored_runs(plan: Plan, registry: Registry, selection: Selection, store: Store) -> list[Planned]:
    """The runs of a tier that are stored though the plan has none of them: further seeds, other parameters."""
    world = _World(registry, store, Environment())
    known = {run.job.spec.place for run in plan.runs}
    tasks = set(selection.tasks or registry.tasks)
    further = []
    for spec, _ in store.stored():
        if spec.tier != selection.tier or spec.task not in tasks or spec.place in known:
            continue
        card, headers = registry.tasks.get(spec.task), registry.of_task(spec.task)
        if card and spec.entrant in headers and spec.case in card.tiers[spec.tier].cases:
            resolved, header = card.resolve(spec.tier, spec.case), headers[spec.entrant]
            further.append(world.planned(card, resolved, header, spec.chosen, spec.seed, spec.tier))
    return further


@dataclass(frozen=True)
class _World:
    """What a spec is made from beside what was asked for."""

    registry: Registry
    store: Store
    environment: Environment

    def planned(
        self, card: Card, resolved: Resolved, header: Header, chosen: Mapping[str, Value], seed: int, tier: TierName
    ) -> Planned:
        """One run, and what the store knows of it."""
        code = self.registry.closure(header)
        spec = Spec(
            task=card.task,
            version=card.version,
            tier=tier,
            case=resolved.case.id,
            entrant=header.name,
            seed=seed,
            budget=resolved.budget,
            code=accepted_code(header, code.digest),
            data=data_identity(resolved.case),
            settings=resolved.deviating,
            parameters=_deviating(header, chosen),
            chosen=chosen,
        )
        record = self.store.read(spec.cell)
        job = Job(
            spec=spec,
            card=card,
            header=header,
            code=code.files,
            results=self.store.root,
            environment=self.environment,
            seen=record.finished if record else "",
        )
        if record is None:
            return Planned(job, "missing")
        if record.key != spec.key:
            return Planned(job, "stale", stale_because(record, spec, code.files))
        if record.status in SCORED:
            return Planned(job, "done", record.status)
        why = f"{record.status}: {record.failure.message if record.failure else ''}"
        return Planned(job, "repeat" if record.status in REPEATED else "failed", why)


def _deviating(header: Header, chosen: Mapping[str, Value]) -> dict[str, Value]:
    known = header.parameters
    return {name: value for name, value in chosen.items() if name not in known or value != known[name].default}


class _Wanted:
    """The entrants of a selection, each with parameters set from outside: those named, else all with their sweeps."""

    def __init__(self, registry: Registry, tasks: Sequence[str], selection: Selection) -> None:
        self._registry = registry
        self._tier = selection.tier
        self._named: dict[tuple[str, str], list[dict[str, Value]]] = {}
        self._sweeps = (
            [] if selection.entrants else [s for paper in find_papers(registry).values() for s in paper.sweep]
        )
        for text in selection.entrants:
            name, _, rest = text.partition("[")
            if rest and not rest.endswith("]"):
                raise UserError(f"entrant '{text}' lacks its closing bracket; write name[par=value,...]")
            owners = [task for task in tasks if name in registry.of_task(task)]
            if not owners:
                known = {entrant for task in tasks for entrant in registry.of_task(task)}
                raise unknown("entrant", name, known)
            for task in owners:
                settings = expand(registry.header(task, name), rest.removesuffix("]"))
                self._named.setdefault((task, name), []).extend(settings)

    def of(self, task: str, case: str) -> Iterator[tuple[Header, dict[str, Value]]]:
        """The headers of a task's wanted entrants in a case, each with parameters set from outside."""
        if not self._named:
            for header in self._registry.of_task(task).values():
                yield header, {}
                yield from ((header, chosen) for chosen in self._swept(header, case))
        for (owner, name), settings in self._named.items():
            if owner == task:
                header = self._registry.header(task, name)
                yield from ((header, chosen) for chosen in settings)

    def _swept(self, header: Header, case: str) -> Iterator[dict[str, Value]]:
        for sweep in self._sweeps:
            if sweep.entrant == header.name and self._tier in sweep.tiers and case in (sweep.cases or [case]):
                for values in itertools.product(*sweep.parameters.values()):
                    yield dict(zip(sweep.parameters, values, strict=True))


def _check_cases(cards: Iterable[Card], tier: TierName, cases: Sequence[str]) -> None:
    known = {case for card in cards if tier in card.tiers for case in card.tiers[tier].cases}
    for case in cases:
        if case not in known:
            raise unknown(f"case at tier {tier}", case, known)


def _inapplicable(header: Header, resolved: Resolved, tier: TierName) -> str:
    if tier != "smoke" and TIERS.index(tier) < TIERS.index(header.from_tier):
        return f"takes part from tier {header.from_tier}"
    needs = resolved.case.needs
    return f"does not have '{needs}'" if needs and needs not in header.capabilities else ""


def data_identity(case: Case) -> str:
    """What stands for a case's data in the key: the content digests of its data sets, or its generator's name."""
    if case.generated:
        return f"generated:{case.generated}"
    known = catalogue()
    return ",".join(f"{name}:{known[name].content[:32]}" for name in case.data)
