"""The plan: which runs there are to do."""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from harness.core.card import Card
from harness.core.errors import UserError
from harness.core.spec import TierName, Value
from harness.core.suggest import unknown
from harness.records.record import Environment
from harness.records.store import Store
from harness.registry.find import Registry
from harness.registry.headers import Header, inapplicable
from harness.runs.planner import PlannedRun, Planner


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
class NotApplicable:
    """A run that there is not, and why: a capability that the entrant lacks, a case or a tier that is not its own."""

    task: str
    case: str
    entrant: str
    why: str


@dataclass
class Plan:
    """All runs of a selection."""

    runs: list[PlannedRun] = field(default_factory=list)
    skipped: list[NotApplicable] = field(default_factory=list)

    def due(self, retry_errors: bool = False) -> list[PlannedRun]:
        """The runs that `run` would do."""
        return [run for run in self.runs if run.due(retry_errors)]

    def core_seconds(self, retry_errors: bool = False) -> float:
        """The planned time of the due runs on one core, in seconds."""
        return sum(run.job.expect_s for run in self.due(retry_errors))


def make_plan(
    registry: Registry, selection: Selection, store: Store, environment: Environment, *, read: bool = True
) -> Plan:
    """The plan of a selection. An unknown task, case, entrant or parameter is a `UserError`. Where records are not
    `read`, every run is `missing`."""
    plan, planner = Plan(), Planner(registry, store, environment, read)
    cards = [registry.card(task) for task in selection.tasks or registry.tasks]
    wanted = _Wanted(planner, [card.task for card in cards], selection)
    check_cases(cards, selection.tier, selection.cases)
    for card in cards:
        if selection.tier not in card.tiers:
            continue
        tier = card.tiers[selection.tier]
        cases = [case for case in tier.cases if not selection.cases or case in selection.cases]
        for resolved in (card.resolve(selection.tier, case) for case in cases):
            for header, chosen in wanted.of(card.task, resolved.case.id):
                if why := inapplicable(header, resolved):
                    plan.skipped.append(NotApplicable(card.task, resolved.case.id, header.name, why))
                    continue
                for seed in range(selection.seeds or tier.seeds):
                    plan.runs.append(planner.result(card, resolved, header, chosen, seed))
    return plan


def stored_runs(plan: Plan, registry: Registry, selection: Selection, store: Store) -> list[PlannedRun]:
    """The runs of a tier that are stored though the plan has none of them: further seeds, other parameters."""
    planner = Planner(registry, store, Environment())
    known = {run.job.spec.place for run in plan.runs}
    further = []
    for name in dict.fromkeys(selection.tasks or registry.tasks):
        card, headers = registry.card(name), registry.of_task(name)
        cases = card.tiers[selection.tier].cases if selection.tier in card.tiers else ()
        resolved = {case: card.resolve(selection.tier, case) for case in cases}
        for place in store.places(selection.tier, {name}):
            stored = None if place in known else store.stored_at(place)
            if stored and stored.spec.case in resolved and stored.spec.entrant in headers:
                case, header = resolved[stored.spec.case], headers[stored.spec.entrant]
                further.append(planner.result(card, case, header, stored.spec.chosen, stored.spec.seed, stored))
    return further


class _Wanted:
    """The entrants of a selection, each with parameters set from outside: those named, else all with their sweeps."""

    def __init__(self, planner: Planner, tasks: Sequence[str], selection: Selection) -> None:
        self._registry = registry = planner.registry
        self._tier = selection.tier
        self._named: dict[tuple[str, str], list[dict[str, Value]]] = {}
        self._sweeps = [] if selection.entrants else [s for paper in planner.papers.values() for s in paper.sweep]
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


def check_cases(cards: Iterable[Card], tier: TierName, cases: Sequence[str]) -> None:
    """Raise a `UserError` for a case that none of the cards has at the tier."""
    known = {case for card in cards if tier in card.tiers for case in card.tiers[tier].cases}
    for case in cases:
        if case not in known:
            raise unknown(f"case at tier {tier}", case, known)


def expand(header: Header, text: str) -> Iterator[dict[str, Value]]:
    """The parameter settings in the brackets of `name[par=v1,v2,other=v3]`: every combination of the values."""
    values: dict[str, list[Value]] = {}
    current = ""
    for piece in filter(None, (piece.strip() for piece in text.split(","))):
        before, equals, after = piece.partition("=")
        current, part = (before.strip(), after.strip()) if equals else (current, piece)
        if not current:
            raise UserError(
                f"'{header.name}[{text}]': write parameters as name=value, for example '{header.name}[dim=50]'"
            )
        value = parse_parameter(header, current, part)
        if value not in values.setdefault(current, []):
            values[current].append(value)
    for combination in itertools.product(*values.values()):
        yield dict(zip(values, combination, strict=True))


def parse_parameter(header: Header, name: str, text: str) -> Value:
    """A parameter's value from text. A wrong name, type or range is a `UserError` that says what is allowed."""
    if name not in header.parameters:
        raise unknown(f"parameter of {header.name}", name, header.parameters)
    try:
        return header.parameters[name].parse(text)
    except ValueError as error:
        raise UserError(f"parameter {name}={text} of {header.name}: {error}") from error
