"""Papers: what each `paper.toml` says (citation, published numbers, sweeps, claims), and what is wrong with it."""

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from harness.claims.claim import Claim, Part
from harness.claims.conditions import literals
from harness.core.card import Card
from harness.core.errors import UserError
from harness.core.spec import TierName, entrant_in
from harness.core.strict import Strict, read_toml
from harness.core.suggest import unknown, unknown_among
from harness.registry.find import Registry


class Citation(Strict):
    """The paper; `url` is its address, `code` that of its authors' code."""

    title: str
    authors: str | tuple[str, ...]
    venue: str
    year: int
    url: str
    code: str = ""


class PublishedNumber(Strict):
    """A number that the paper printed. It is shown beside measured ones and never compared with them;
    `why_not_comparable` says why."""

    metric: str
    dataset: str
    entrant: str
    value: float
    deviation: float | None = None
    table: str
    why_not_comparable: str


class Sweep(Strict):
    """Runs of an entrant with parameters set from outside: one for every combination of their values, at these tiers
    and cases (no cases = all)."""

    entrant: str
    parameters: Mapping[str, tuple[bool | int | float | str, ...]]
    tiers: tuple[TierName, ...]
    cases: tuple[str, ...] = ()


class Paper(Strict):
    """All that `paper.toml` says. `awaited` are entrants that claims name although they do not exist yet."""

    paper: Citation
    awaited: tuple[str, ...] = ()
    published: tuple[PublishedNumber, ...] = ()
    sweep: tuple[Sweep, ...] = ()
    claim: tuple[Claim, ...] = ()


def load_paper(path: Path) -> Paper:
    """The paper in `paper.toml`. A fault is a `UserError`: one line with the file, the claim and the field."""
    written = read_toml(path)
    try:
        return Paper.model_validate(written)
    except ValidationError as error:
        raise UserError(f"{path}: {_in_words(error, written)}") from error


def check_paper(
    paper: Paper,
    entrants: Mapping[str, Collection[str]],
    cards: Mapping[str, Card],
    references: Collection[str] = (),
) -> list[str]:
    """What is wrong with a paper's sweeps and claims, a line each; empty if nothing is.

    `entrants` maps each entrant to the names of its parameters, `cards` each task to its card. `references` are the
    entrants that measure chance and the best score, with which no claim compares.
    """
    lines = [f"awaited: '{name}' exists; remove it from the list" for name in paper.awaited if name in entrants]
    entrants = {**dict.fromkeys(paper.awaited, ()), **entrants}
    for sweep in paper.sweep:
        lines += [f"sweep of '{sweep.entrant}': {flaw}" for flaw in _flaws_of_sweep(sweep, entrants)]
    ids = [claim.id for claim in paper.claim]
    for i, claim in enumerate(paper.claim):
        if claim.id in ids[:i]:
            lines.append(f"claim '{claim.id}': the id is used twice")
        for number, part in enumerate(claim.parts, 1):
            place = f"claim '{claim.id}'" + (f", part {number}" if len(claim.parts) > 1 else "")
            lines += [f"{place}: {flaw}" for flaw in (*part.flaws(), *_unknown_in(part, entrants, cards))]
            named = dict.fromkeys(entrant_in(name) for name in (part.of, *part.over) if entrant_in(name) in references)
            lines += [f"{place}: '{name}' is a reference, with which no claim compares" for name in named]
    return list(dict.fromkeys(lines))


def _flaws_of_sweep(sweep: Sweep, entrants: Mapping[str, Collection[str]]) -> Iterator[str]:
    if sweep.entrant not in entrants:
        yield str(unknown("entrant", sweep.entrant, entrants))
        return
    yield from unknown_among("parameter", sweep.parameters, entrants[sweep.entrant])
    yield from (f"parameter '{name}' has no values" for name, values in sweep.parameters.items() if not values)


def _unknown_in(part: Part, entrants: Mapping[str, Collection[str]], cards: Mapping[str, Card]) -> Iterator[str]:
    """The names in a part that nobody knows, a line each."""
    names = [entrant_in(name) for name in (part.of, *part.over) if name]
    yield from unknown_among("entrant", [*names, *(gate.of for gate in part.gate if gate.of)], entrants)
    yield from unknown_among("task", [part.task], cards)
    if part.task in cards:
        card = cards[part.task]
        yield from unknown_among("metric", [part.metric, *(gate.metric for gate in part.gate)], card.metrics)
        parameters = {parameter for name in names for parameter in entrants.get(name, ())}
        axes = [axis for axis in (*part.where, part.x) if axis not in ("case", "")]
        yield from unknown_among("axis", axes, card.axes() | parameters)
        yield from unknown_among("axis of the gate", [axis for gate in part.gate for axis in gate.where], card.axes())
        cases = literals(part.where["case"]) if "case" in part.where else set()
        yield from unknown_among("case", sorted(cases), {case.id for case in card.cases})


def _in_words(error: ValidationError, written: Mapping[str, Any]) -> str:
    """The first fault of `paper.toml`: its place, in the words of the file, and what is wrong."""
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
        models: dict[str, type[Strict]] = {
            "claim": Part,
            "paper": Citation,
            "published": PublishedNumber,
            "sweep": Sweep,
        }
        model = models.get(str(table), Paper) if field else Paper
        return ": ".join([*(place if field else []), str(unknown("field", field or str(table), model.model_fields))])
    return ": ".join([*place, *([field] if field else []), first["msg"]])


def find_papers(registry: Registry) -> dict[str, Paper]:
    """The papers by the name of their folder, in order of name. Two folders of the same name are a `UserError`."""
    return {name: load_paper(path) for name, path in _files(registry).items()}


def paper_problems(registry: Registry) -> list[str]:
    """What is wrong with the papers' sweeps and claims, a line each."""
    entrants = {name: set(header.parameters) for (_, name), header in registry.entrants.items()}
    references = {name for (_, name), header in registry.entrants.items() if header.kind == "reference"}
    problems: list[str] = []
    try:
        paths = _files(registry).values()
    except UserError as error:
        return [str(error)]
    for path in paths:
        try:
            lines = check_paper(load_paper(path), entrants, registry.tasks, references)
            problems += [f"{path}: {line}" for line in lines]
        except UserError as error:
            problems.append(str(error))
    return problems


def _files(registry: Registry) -> dict[str, Path]:
    """Each `paper.toml` by the name of its folder, in order of path."""
    folders = {header.path.parent for header in registry.entrants.values()}
    files: dict[str, Path] = {}
    for path in sorted(path for folder in folders if (path := folder / "paper.toml").is_file()):
        if (other := files.setdefault(path.parent.name, path)) != path:
            raise UserError(
                f"two papers are called '{path.parent.name}', {other} and {path}; rename one of the folders"
            )
    return files
