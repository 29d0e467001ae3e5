"""Builds what a figure shows from the records; or says which of them are missing."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.claims.claim import REHEARSALS
from harness.core.entrant import EntrantKind
from harness.figures.declared import Curves, DeclaredFigure, Dots, Film, Heat, Kept, Lines, Profile
from harness.figures.film import FilmStrips, blocks_of
from harness.figures.heat import HeatMap, maps_of
from harness.figures.labels import value_label
from harness.figures.panels import panels_of
from harness.figures.plot import Figure, Plot
from harness.figures.profiles import pooled, profile_panel, profile_remarks
from harness.figures.readings import Reader, Readings, Subject
from harness.figures.remarks import (
    crossing_remarks,
    kept_remarks,
    remarks,
    why_few_places,
    why_nothing,
    why_nothing_kept,
)
from harness.figures.texts import TextFigure, questions_of
from harness.records.scored import RunRow
from harness.tables.comparable import check_comparable
from harness.tables.notes import failures
from harness.tables.rows import in_order
from harness.tables.table import Provenance


@dataclass(frozen=True)
class Skipped:
    """A figure that the records do not give: its name; in one line what is missing, and the command to get it."""

    name: str
    why: str


def build_plot(subject: Subject, figure: DeclaredFigure) -> Figure | Skipped:
    """What a figure shows.

    Raises `UserError`, as tables do, for runs that cannot be compared; for a figure that neither spreads nor fixes an
    axis that its scores lie on; and for a kept file that is not what it should be.
    """
    made: Figure | str
    made = _kept(subject, figure) if isinstance(figure, Kept) else _scored(figure, Reader(subject, figure).read())
    return Skipped(f"{subject.card.task}-{subject.results.tier}-{figure.id}", made) if isinstance(made, str) else made


def _scored(figure: Lines | Curves | Dots | Profile | Heat, readings: Readings) -> Figure | str:
    """A figure of scores, or why there is none."""
    subject = readings.subject
    if not readings.scores:
        return why_nothing(subject, figure)
    runs = sorted({run.path: run for run in readings.every_run()}.values(), key=lambda run: run.path)
    metrics = subject.card.metrics
    timed = any(metrics[metric].timing for metric in figure.shows if metric in metrics)
    check_comparable(runs, subject.card, subject.results.tier, timed=timed, given=subject.given)
    facts = _facts(subject, figure, runs, _shown(readings), readings.kinds)
    made: Figure | str
    if isinstance(figure, Heat):
        made = _heat_map(figure, readings, facts)
    elif isinstance(figure, Profile):
        made = _profile(figure, readings, facts)
    else:
        made = _plot(figure, readings, facts)
    return made or f"no entrant is scored at all its seeds: {'; '.join(failures(runs))}"


def _heat_map(figure: Heat, readings: Readings, facts: Mapping[str, Any]) -> HeatMap | str:
    """A figure of heat maps, or why there is none; "" if every square lacks a seed."""
    card = readings.subject.card
    maps = maps_of(figure, readings)
    squares = [panel.squares for row in maps for panel in row]
    if not any(squares) and any(cell.state == "failed" for cell in readings.cells.values()):
        return ""
    if max(map(len, squares), default=0) < 2:
        return why_few_places(readings.subject, figure)
    drawn = {label for row in maps for panel in row if panel.squares for label in panel.labels}
    return HeatMap(
        **facts,
        notes=tuple(remarks(figure, readings, drawn)),
        x_label=figure.x_label or figure.x,
        y_label=figure.y_label or figure.y,
        value_label=value_label(figure.metrics[0], card),
        better=card.metrics[figure.metrics[0]].better,
        panels=maps,
    )


def _plot(figure: Lines | Curves | Dots, readings: Readings, facts: Mapping[str, Any]) -> Plot | str:
    """A figure of lines, curves or dots, or why there is none; "" if no entrant can be drawn."""
    panels = panels_of(figure, readings)
    lines = [line for row in panels for panel in row for line in panel.lines]
    if not lines:
        return ""
    if isinstance(figure, Lines) and not any(len(line.points) > 1 for line in lines):
        return why_few_places(readings.subject, figure)
    x_label = ""
    if isinstance(figure, Lines):
        x_label = figure.x_label or figure.x
    elif isinstance(figure, Curves):
        x_label = f"budget spent ({readings.subject.card.unit})"
    notes = (*remarks(figure, readings, {line.label for line in lines}), *crossing_remarks(panels))
    return Plot(**facts, notes=notes, x_label=x_label, panels=panels)


def _profile(figure: Profile, readings: Readings, facts: Mapping[str, Any]) -> Plot | str:
    """A figure of performance profiles; "" if no entrant has scores in all cases."""
    entrants = pooled(readings)
    if not entrants.scores:
        return ""
    notes = (*remarks(figure, readings, entrants.scores), *profile_remarks(entrants, readings.kinds))
    x_label = value_label(figure.metric, readings.subject.card)
    return Plot(**facts, notes=notes, x_label=x_label, panels=((profile_panel(entrants, readings.kinds),),))


def _kept(subject: Subject, figure: Kept) -> FilmStrips | TextFigure | str:
    """A figure of kept files, of the first seed that there is; or why there is none."""
    runs = subject.runs_of(figure)
    keepers = [run for run in runs if figure.file in run.kept]
    if not keepers:
        return why_nothing_kept(subject, figure, runs)
    cases = {run.case for run in keepers}
    first = min(run.seed for run in runs if run.case in cases)
    runs = [run for run in runs if run.case in cases and run.seed == first]
    keepers = [run for run in keepers if run.seed == first]
    if not keepers:
        return f"no record of seed {first} keeps {figure.file}: {'; '.join(failures(runs))}"
    check_comparable(runs, subject.card, subject.results.tier, given=subject.given)
    digests = [[run.path, run.kept[figure.file]] for run in keepers]
    facts = _facts(subject, figure, runs, digests, subject.results.kinds)
    notes = tuple(kept_remarks(subject, figure, runs))
    if isinstance(figure, Film):
        return FilmStrips(**facts, notes=notes, blocks=blocks_of(figure, subject, keepers))
    return TextFigure(**facts, notes=notes, questions=questions_of(figure, subject, keepers))


def _facts(
    subject: Subject,
    figure: DeclaredFigure,
    runs: Sequence[RunRow],
    shown: Sequence[Any],
    kinds: Mapping[str, EntrantKind],
) -> dict[str, Any]:
    """The fields that figures of every kind have alike."""
    card, tier = subject.card, subject.results.tier
    return {
        "task": card.task,
        "tier": tier,
        "declared": figure,
        "heading": f"{card.title}, tier {tier}{' (rehearsal)' if tier in REHEARSALS else ''}",
        "styled": tuple((label, kinds[label]) for label in in_order(kinds)),
        "made": Provenance.of(runs, shown, (card.task, tier, figure.model_dump(mode="json"))),
    }


def _shown(readings: Readings) -> list[list[object]]:
    # Only heat maps have places on a second axis.
    return [
        [
            series,
            *(place if place.y is not None else place[:-1]),
            path,
            None if math.isnan(score.value) else score.value,
        ]
        for (series, place), by_path in sorted(readings.scores.items(), key=lambda entry: str(entry[0]))
        for path, score in sorted(by_path.items())
    ]
