"""Whether what `figures.toml` names exists: metrics, axes, cases and entrants."""

from collections.abc import Collection, Iterator, Mapping

from harness.claims.paper import find_papers
from harness.core.card import Card
from harness.core.errors import UserError
from harness.core.spec import entrant_in, set_in
from harness.core.suggest import unknown, unknown_among
from harness.figures.declared import (
    CASE,
    METRIC,
    Curves,
    DeclaredFigure,
    Film,
    Lines,
    Profile,
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
    lines = [f"held: {line}" for line in unknown_among("case", presentation.held, cases | {DEFAULT})]
    for case, names in presentation.held.items():
        lines += [f"held.{case}: {line}" for line in unknown_among("setting", names, card.settings)]
    for metric, part in presentation.tables.items():
        parameters = {name for own in entrants.values() for name in own}
        unset = unknown_among("parameter", part.leave_out, parameters)
        wrong = (*unknown_among("metric", [metric], card.metrics), *_points(part.where, card.points), *unset)
        lines += [f"tables.{metric}: {line}" for line in wrong]
    for figure in presentation.figure:
        lines += [f"figure '{figure.id}': {line}" for line in _wrong(figure, card, entrants)]
    return lines


def _wrong(figure: DeclaredFigure, card: Card, entrants: Mapping[str, Collection[str]]) -> Iterator[str]:
    if isinstance(figure, Curves):
        validated = [name.removeprefix(VALIDATION) for name in figure.values if name.startswith(VALIDATION)]
        yield from unknown_among("metric", validated, card.metrics)
    elif not isinstance(figure, Film):
        yield from unknown_among("metric", figure.metrics, card.metrics)
        yield from _points(figure.where, {*card.points, *figure.along})
    if isinstance(figure, Profile) and figure.metric in card.metrics and card.metrics[figure.metric].better == "lower":
        yield f"{figure.metric} is better when lower; a profile counts runs above a threshold"
    axes = card.axes().union(*entrants.values())
    for name, axis in zip("xy", figure.along, strict=False):
        if axis in (CASE, METRIC):
            yield f"{name}: '{axis}' is no axis of numbers or words; spread it over rows or columns"
    yield from unknown_among("axis", figure.axes, axes | {CASE, METRIC})
    yield from unknown_among("case", figure.cases, {case.id for case in card.cases})
    pairs = figure.crossings if isinstance(figure, Lines) else ()
    named = [*figure.entrants, *figure.also, *(label for pair in pairs for label in pair)]
    for label in dict.fromkeys(named):
        name = entrant_in(label)
        if name not in entrants:
            yield str(unknown("entrant", name, entrants))
        else:
            yield from unknown_among(f"parameter of {name}", set_in(label), entrants[name])


def _points(where: Collection[str], axes: Collection[str]) -> Iterator[str]:
    return unknown_among("point of measurement", where, axes)
