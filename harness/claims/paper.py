"""Papers: what each `paper.toml` says (citation, published numbers, sweeps, claims), and what is wrong with it."""

import tomllib
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol

from pydantic import BaseModel, ValidationError

from harness.claims.claim import Claim, Part
from harness.claims.conditions import literals
from harness.core.errors import UserError
from harness.core.spec import TierName, entrant_in
from harness.core.strict import Strict
from harness.core.suggest import unknown
from harness.registry.find import Registry


class Citation(Strict):
    """Whose claims they are; `url` is the paper's address, `code` that of its authors' code."""

    title: str
    authors: str | tuple[str, ...]
    venue: str
    year: int
    url: str
    code: str = ""


class Published(Strict):
    """A number that the paper printed. It stands beside ours and is never compared: `why_not_comparable` says why."""

    metric: str
    dataset: str
    entrant: str
    value: float
    deviation: float | None = None
    table: str
    why_not_comparable: str


class Sweep(Strict):
    """Parameters of an entrant that are set from outside, each to each of its values, at these tiers and cases (none
    named = all)."""

    entrant: str
    parameters: Mapping[str, tuple[bool | int | float | str, ...]]
    tiers: tuple[TierName, ...]
    cases: tuple[str, ...] = ()


class Paper(Strict):
    """All that `paper.toml` says. `awaited` are entrants that claims name though they do not exist yet."""

    paper: Citation
    awaited: tuple[str, ...] = ()
    published: tuple[Published, ...] = ()
    sweep: tuple[Sweep, ...] = ()
    claim: tuple[Claim, ...] = ()


class _Case(Protocol):
    @property
    def id(self) -> str: ...


class TaskCard(Protocol):
    """What the check needs of a task's card. `axes` are those of its cases and of its points."""

    @property
    def metrics(self) -> Mapping[str, Any]: ...
    @property
    def cases(self) -> Iterable[_Case]: ...
    def axes(self) -> Collection[str]: ...


def load_paper(path: Path) -> Paper:
    """The paper in `paper.toml`. A fault is a `UserError`: one line with the file, the claim and the field."""
    try:
        written = tomllib.loads(path.read_text(encoding="utf-8"))
        return Paper.model_validate(written)
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from error
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"{path}: {error}") from error
    except ValidationError as error:
        raise UserError(f"{path}: {_in_words(error, written)}") from error


def check_paper(
    paper: Paper, known_entrants: Mapping[str, Collection[str]], cards: Mapping[str, TaskCard]
) -> list[str]:
    """What is wrong with a paper's sweeps and claims, a line each; empty if nothing is.

    `known_entrants` maps each entrant to the names of its parameters, `cards` each task to its card.
    """
    lines = [f"awaited: '{name}' exists; remove it from the list" for name in paper.awaited if name in known_entrants]
    known_entrants = {**dict.fromkeys(paper.awaited, ()), **known_entrants}
    for sweep in paper.sweep:
        lines += [f"sweep of '{sweep.entrant}': {words}" for words in _wrong_sweep(sweep, known_entrants)]
    seen = set()
    for claim in paper.claim:
        if claim.id in seen:
            lines.append(f"claim '{claim.id}': the id is used twice")
        seen.add(claim.id)
        for number, part in enumerate(claim.parts, 1):
            place = f"claim '{claim.id}'" + (f", part {number}" if len(claim.parts) > 1 else "")
            wrong = [
                *part.flaws(),
                *_unknown_entrants(part, known_entrants),
                *_unknown_to_card(part, known_entrants, cards),
            ]
            lines += [f"{place}: {words}" for words in wrong]
    return list(dict.fromkeys(lines))


def _wrong_sweep(sweep: Sweep, known: Mapping[str, Collection[str]]) -> list[str]:
    if sweep.entrant not in known:
        return [str(unknown("entrant", sweep.entrant, known))]
    parameters = known[sweep.entrant]
    strange = [str(unknown("parameter", name, parameters)) for name in sweep.parameters if name not in parameters]
    return [*strange, *(f"parameter '{name}' has no values" for name, values in sweep.parameters.items() if not values)]


def _unknown_entrants(part: Part, known: Mapping[str, Collection[str]]) -> list[str]:
    names = [entrant_in(name) for name in (part.of, *part.over) if name]
    return [str(unknown("entrant", name, known)) for name in names if name not in known]


def _unknown_to_card(part: Part, known: Mapping[str, Collection[str]], cards: Mapping[str, TaskCard]) -> list[str]:
    if part.task not in cards:
        return [str(unknown("task", part.task, cards))]
    card = cards[part.task]
    metrics = [part.metric, *([part.gate.metric] if part.gate else [])]
    wrong = [str(unknown("metric", name, card.metrics)) for name in metrics if name not in card.metrics]
    axes = {*card.axes(), *(axis for name in (part.of, *part.over) for axis in known.get(entrant_in(name), ()))}
    used = [*(axis for axis in part.where if axis != "case"), *([part.x] if part.x else [])]
    wrong += [str(unknown("axis", axis, axes)) for axis in used if axis not in axes]
    asked = part.gate.where if part.gate else ()
    wrong += [str(unknown("axis of the gate", axis, card.axes())) for axis in asked if axis not in card.axes()]
    cases = {case.id for case in card.cases}
    named = literals(part.where["case"]) if "case" in part.where else set()
    return wrong + [str(unknown("case", case, cases)) for case in sorted(named - cases)]


def _in_words(error: ValidationError, written: Mapping[str, Any]) -> str:
    """The first fault of `paper.toml`: where it is, in the file's own names, and what it is."""
    first = error.errors()[0]
    table, *rest = first["loc"] or ("",)
    place = [str(table)]
    if rest and isinstance(rest[0], int):
        entry = written[str(table)][rest[0]]
        name = entry.get("id", entry.get("entrant", "")) if isinstance(entry, Mapping) else ""
        place = [f"{table} '{name}'" if name else f"{table} {rest[0] + 1}"]
        rest = rest[1:]
    if len(rest) > 1 and rest[0] == "parts":
        inherited = isinstance(entry.get("part"), list)
        place += [f"part {int(rest[1]) + 1}"] if inherited else []
        rest = rest[2:]
    field = ".".join(str(step) for step in rest)
    if first["type"] == "extra_forbidden":
        models: dict[str, type[BaseModel]] = {"claim": Part, "paper": Citation, "published": Published, "sweep": Sweep}
        model = models.get(str(table), Paper) if field else Paper
        return ": ".join([*(place if field else []), str(unknown("field", field or str(table), model.model_fields))])
    return ": ".join([*place, *([field] if field else []), first["msg"]])


def find_papers(registry: Registry) -> dict[str, Paper]:
    """The papers by the name of their folder, in order of name."""
    return {path.parent.name: load_paper(path) for path in _files(registry)}


def paper_problems(registry: Registry) -> list[str]:
    """What is wrong with the papers' sweeps and claims, a line each."""
    entrants = {name: set(header.parameters) for (_, name), header in registry.entrants.items()}
    problems: list[str] = []
    for path in _files(registry):
        try:
            wrong = check_paper(load_paper(path), entrants, registry.tasks)
        except UserError as error:
            problems.append(str(error))
        else:
            problems += [f"{path}: {line}" for line in wrong]
    return problems


def _files(registry: Registry) -> list[Path]:
    folders = {header.path.parent for header in registry.entrants.values()}
    return sorted(path for folder in folders if (path := folder / "paper.toml").is_file())
