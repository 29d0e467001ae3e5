"""Whether what `figures.toml` names exists: metrics, axes, cases and entrants."""

from collections.abc import Collection, Iterator, Mapping

from harness.claims.paper import find_papers
from harness.core.card import Card
from harness.core.errors import UserError
from harness.core.spec import entrant_in, set_in
from harness.core.suggest import unknown
from harness.figures.declared import (
    CASE,
    METRIC,
    Curves,
    DeclaredFigure,
    Film,
    Lines,
)
from harness.figures.presentation import FILE, Presentation, read_presentation
from harness.records.scored import VALIDATION
from harness.registry.find import Registry
from harness.tables.notes import DEFAULT


def presentation_of(registry: Registry, task: str) -> Presentation:
    """What a task declares beside its card."""
    return read_presentation(registry.homes[task].folder / FILE)


def figure_problems(registry: Registry) -> list[str]:
    """What is wrong with the tasks' `figures.toml`, a line each."""
    problems: list[str] = []
    awaited: dict[str, set[str]] = {name: set() for paper in find_papers(registry).values() for name in paper.awaited}
    for task, card in registry.tasks.items():
        entrants = {name: set(header.parameters) for name, header in registry.of_task(task).items()}
        try:
            wrong = check_presentation(presentation_of(registry, task), card, {**awaited, **entrants})
        except UserError as error:
            problems.append(str(error))
        else:
            problems += [f"{registry.homes[task].folder / FILE}: {line}" for line in wrong]
    return problems


def check_presentation(presentation: Presentation, card: Card, entrants: Mapping[str, Collection[str]]) -> list[str]:
    """What a presentation names that there is not, a line each; `entrants` maps their names to their parameters."""
    cases = {case.id for case in card.cases}
    lines = [
        f"held: {unknown('case', case, cases | {DEFAULT})}"
        for case in presentation.held
        if case not in cases | {DEFAULT}
    ]
    lines += [
        f"held.{case}: {unknown('setting', name, card.settings)}"
        for case, names in presentation.held.items()
        for name in names
        if name not in card.settings
    ]
    for metric, part in presentation.tables.items():
        parameters = {name for own in entrants.values() for name in own}
        unset = (str(unknown("parameter", name, parameters)) for name in part.leave_out if name not in parameters)
        wrong = (*_metrics([metric], card), *_points(part.where, card.points), *unset)
        lines += [f"tables.{metric}: {line}" for line in wrong]
    for figure in presentation.figure:
        lines += [f"figure '{figure.id}': {line}" for line in _wrong(figure, card, entrants)]
    return lines


def _wrong(figure: DeclaredFigure, card: Card, entrants: Mapping[str, Collection[str]]) -> Iterator[str]:
    if isinstance(figure, Curves):
        validated = [name.removeprefix(VALIDATION) for name in figure.values if name.startswith(VALIDATION)]
        yield from _metrics(validated, card)
    elif not isinstance(figure, Film):
        yield from _metrics(figure.metrics, card)
        yield from _points(figure.where, {*card.points, *figure.along})
    axes = card.axes().union(*entrants.values())
    for name, axis in zip("xy", figure.along, strict=False):
        if axis in (CASE, METRIC):
            yield f"{name}: '{axis}' is no axis of numbers or words; spread it over rows or columns"
    known = axes | {CASE, METRIC}
    yield from (str(unknown("axis", axis, known)) for axis in figure.axes if axis not in known)
    cases = {case.id for case in card.cases}
    yield from (str(unknown("case", case, cases)) for case in figure.cases if case not in cases)
    pairs = figure.crossings if isinstance(figure, Lines) else ()
    named = [*figure.entrants, *figure.also, *(label for pair in pairs for label in pair)]
    for label in dict.fromkeys(named):
        name = entrant_in(label)
        if name not in entrants:
            yield str(unknown("entrant", name, entrants))
        else:
            own = entrants[name]
            yield from (str(unknown(f"parameter of {name}", p, own)) for p in set_in(label) if p not in own)


def _metrics(names: Collection[str], card: Card) -> Iterator[str]:
    return (str(unknown("metric", name, card.metrics)) for name in names if name not in card.metrics)


def _points(where: Collection[str], axes: Collection[str]) -> Iterator[str]:
    return (str(unknown("point of measurement", axis, axes)) for axis in where if axis not in axes)
