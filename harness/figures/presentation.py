"""`figures.toml`: how a task's results are shown (its figures, the slices of wide tables, the settings to name), and
whether what it names exists."""

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, get_args

from pydantic import Field, ValidationError, model_validator

from harness.claims.paper import find_papers
from harness.core.card import Card
from harness.core.errors import UserError
from harness.core.spec import entrant_in, set_in
from harness.core.strict import Strict, read_toml
from harness.core.suggest import unknown, unknown_among
from harness.figures.declared import CASE, METRIC, Curves, DeclaredFigure, Kept, Lines, Profile
from harness.records.scored import VALIDATION
from harness.registry.find import Registry
from harness.tables.build import Slice, TableOptions
from harness.tables.notes import DEFAULT

FILE = "figures.toml"


class Presentation(TableOptions):
    """All that `figures.toml` says: of tables, and the figures."""

    figure: tuple[Annotated[DeclaredFigure, Field(discriminator="kind")], ...] = ()

    @model_validator(mode="after")
    def _ids_are_unique(self) -> "Presentation":
        ids = [figure.id for figure in self.figure]
        if twice := next((name for i, name in enumerate(ids) if name in ids[:i]), ""):
            raise ValueError(f"two figures have the id '{twice}'")
        return self


def read_presentation(path: Path) -> Presentation:
    """The presentation in `figures.toml`; the empty one if there is no such file. A fault is a `UserError`: one line
    with the file, the figure and the field."""
    if not path.is_file():
        return Presentation()
    written = read_toml(path)
    try:
        return Presentation.model_validate(written)
    except ValidationError as error:
        raise UserError(f"{path}: {_in_words(error, written)}") from error


def _in_words(error: ValidationError, written: Mapping[str, Any]) -> str:
    """The first fault: where it is, in the file's own names, and what it is."""
    first = error.errors()[0]
    place, kind = [str(step) for step in first["loc"]], ""
    if len(place) > 1 and place[0] == "figure":
        entry = written["figure"][int(place[1])]
        kind = str(entry.get("kind", ""))
        # Within an entry, the kind that it was read as comes first.
        place = [f"figure '{entry.get('id', int(place[1]) + 1)}'", *place[2 + (place[2:3] == [kind]) :]]
    if first["type"] == "extra_forbidden":
        *place, field = place
        models: dict[str, type[Strict]] = {model.__name__.lower(): model for model in get_args(DeclaredFigure)}
        # Of a table there is only a slice, whose place begins with the name of the metric.
        model = Slice if place[:1] == ["tables"] else models.get(kind, Presentation)
        return ": ".join([*place, str(unknown("field", field, model.model_fields))])
    return ": ".join([*place, first["msg"].removeprefix("Value error, ")])


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
        wrong = [
            *unknown_among("metric", [metric], card.metrics),
            *unknown_among("point of measurement", part.where, card.points),
            *unknown_among("parameter", part.leave_out, {name for own in entrants.values() for name in own}),
        ]
        lines += [f"tables.{metric}: {line}" for line in wrong]
    for figure in presentation.figure:
        lines += [f"figure '{figure.id}': {line}" for line in _wrong(figure, card, entrants)]
    return lines


def _wrong(figure: DeclaredFigure, card: Card, entrants: Mapping[str, Collection[str]]) -> Iterator[str]:
    if isinstance(figure, Curves):
        validated = [name.removeprefix(VALIDATION) for name in figure.values if name.startswith(VALIDATION)]
        yield from unknown_among("metric", validated, card.metrics)
    elif not isinstance(figure, Kept):
        yield from unknown_among("metric", figure.metrics, card.metrics)
        yield from unknown_among("point of measurement", figure.where, {*card.points, *figure.along})
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
