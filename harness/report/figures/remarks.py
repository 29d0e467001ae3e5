"""What must be read with a figure: what is not drawn and why, and what it lacks to be drawn at all."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from harness.report.comparable import rerun
from harness.report.figures.checked import VALIDATION
from harness.report.figures.declared import Curves, Figure, Lines
from harness.report.figures.plot import Panel
from harness.report.figures.readings import Readings, Spread, Subject
from harness.report.notes import failures
from harness.report.table import Cell

Cells: TypeAlias = Mapping[tuple[str, Spread], Cell]
"""The cell of every entrant at every place."""


def remarks(
    subject: Subject, figure: Figure, readings: Readings, cells: Cells, panels: Sequence[Sequence[Panel]]
) -> Iterator[str]:
    """What is not drawn and why, what is drawn though something happened to it, and what was asked of the lines."""
    runs = list(readings.every_run())
    yield from failures(runs)
    lost = {series: cell.text for (series, _), cell in cells.items() if cell.state in ("failed", "not measured")}
    drawn = {line.label for row in panels for panel in row for line in panel.lines}
    gone = {series: text for series, text in lost.items() if series not in drawn and series in readings.runs}
    yield from (f"not drawn: {series} ({text}); a mean is over all seeds or none" for series, text in gone.items())
    gaps = [series for (series, place), cell in cells.items() if cell.state == "failed" and series in drawn]
    if gaps:
        yield f"not drawn wherever a seed is lost: {', '.join(dict.fromkeys(gaps))}"
    flags = {(series, flag.partition(" ")[0]): None for (series, _), cell in cells.items() for flag in cell.flags}
    diverged = [series for series, flag in flags if flag == "diverged"]
    if diverged and not isinstance(figure, Curves):
        yield f"with diverged runs, scored at chance: {', '.join(diverged)}"
    if timed := [series for series, flag in flags if flag == "contended"]:
        yield f"timed beside other runs, no claim uses it: {', '.join(timed)}"
    if absent := _absent(subject, figure, readings):
        yield f"no records: {', '.join(absent)}"
    if isinstance(figure, Curves):
        shown = {place.metric for place in readings.homes}
        if unlogged := [value for value in figure.values if value not in shown]:
            yield f"not logged at tier {subject.source.tier}: {', '.join(unlogged)}"
    titled = sum(map(len, panels)) > 1
    for panel in (panel for row in panels for panel in row):
        for crossing in panel.crossings:
            metric = panel.y_label.partition(" ")[0]
            yield f"{f'{panel.title}, {metric}: ' if titled else ''}{crossing.text}"


def _absent(subject: Subject, figure: Figure, readings: Readings) -> list[str]:
    """Entrants that are planned in the figure's cases and belong in it, without any record there."""
    cases = {run.case for run in readings.every_run()}
    there = {run.label for run in subject.source.runs if run.case in cases}
    named = {*figure.entrants, *figure.also}
    if subject.expected is None:
        return sorted(named - there)
    metrics = [subject.card.metrics[metric] for metric in figure.shows if metric in subject.card.metrics]
    needs = {metric.needs for metric in metrics if metric.needs}
    return sorted(
        label
        for label in {label for case, label in subject.expected.cells if case in cases} - there
        if label in named
        or ("[" not in label and not figure.entrants and needs <= subject.capabilities.get(label, frozenset()))
    )


def why_nothing(subject: Subject, figure: Figure) -> str:
    """Why there is nothing to draw, and the command that changes it."""
    card, tier = subject.card, subject.source.tier
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


def why_no_line(subject: Subject, figure: Lines) -> str:
    """Why the records give no line, and the command for what is planned along the axis."""
    card, tier = subject.card, subject.source.tier
    cells = subject.expected.cells if subject.expected else frozenset()
    swept = sorted({label for _, label in cells if re.search(rf"[\[,]{figure.x}=", label)})
    why = f"{' and '.join(figure.metrics)} at one place only on axis {figure.x}"
    if not swept:
        return f"{why}, and no other is planned at tier {tier}"
    return f"{why}; `{rerun(card.task, tier, dict.fromkeys(swept, ''))}`"
