"""Why there is nothing to draw: in one line what is missing, and the command that changes it."""

from collections.abc import Sequence

from harness.core.spec import set_in
from harness.figures.declared import Curves, DeclaredFigure, Film, Heat, Lines
from harness.figures.readings import Subject
from harness.records.scored import VALIDATION, RunRow
from harness.tables.comparable import rerun


def why_nothing(subject: Subject, figure: DeclaredFigure) -> str:
    """Why there is nothing to draw, and the command that changes it."""
    card, tier = subject.card, subject.results.tier
    level = next((level for name, level in card.tiers.items() if name == tier), None)
    planned = [case for case in figure.cases if level is None or case in level.cases]
    if figure.cases and not planned:
        return f"no case of it ({', '.join(figure.cases)}) is part of tier {tier}"
    is_validation = isinstance(figure, Curves) and all(name.startswith(VALIDATION) for name in figure.values)
    if is_validation and level is not None and not any([level.ticks, *(case.ticks for case in level.case.values())]):
        return f"tier {tier} does not measure the validation split while training"
    cases = planned or [
        case.id for case in card.cases if case.primary in figure.shows and level and case.id in level.cases
    ]
    who = f" of {', '.join(figure.entrants)}" if figure.entrants else ""
    command = rerun(card.task, tier, dict.fromkeys(figure.entrants, ""), cases=cases)
    return f"no record{who} with {' or '.join(figure.shows)}; `{command}`"


def why_few_places(subject: Subject, figure: Lines | Heat) -> str:
    """Why the records give no line or no map, and the command for what is planned along the axes."""
    card, tier = subject.card, subject.results.tier
    cells = subject.expected.cells if subject.expected else frozenset()
    swept = sorted({label for _, label in cells if set(figure.along).intersection(set_in(label))})
    on = f"ax{'e' if len(figure.along) > 1 else 'i'}s {' and '.join(figure.along)}"
    why = f"{' and '.join(figure.metrics)} at one place only on {on}"
    if not swept:
        return f"{why}, and no other is planned at tier {tier}"
    return f"{why}; `{rerun(card.task, tier, dict.fromkeys(swept, ''))}`"


def why_no_pictures(subject: Subject, figure: Film, runs: Sequence[RunRow]) -> str:
    """Why there is no film, and the command that makes what it is made of."""
    names = dict.fromkeys(figure.entrants, "")
    command = rerun(subject.card.task, subject.results.tier, names, cases=figure.cases)
    return f"{'no record keeps' if runs else 'no record, and so no'} {figure.file}; `{command}`"
