"""Builds what a figure shows from the records; or says which of them are missing."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.claims.claim import REHEARSALS
from harness.core.card import Card
from harness.core.entrant import EntrantKind
from harness.figures.declared import Curves, DeclaredFigure, Dots, Film, Heat, Lines, Profile
from harness.figures.film import FilmStrips, blocks_of
from harness.figures.heat import HeatMap, maps_of
from harness.figures.labels import value_label
from harness.figures.panels import panels_of
from harness.figures.plot import Figure, Panel, Plot
from harness.figures.profiles import pooled, profile_label, profile_panel, profile_remarks
from harness.figures.readings import Cells, Reader, Readings, Subject
from harness.figures.remarks import crossing_remarks, film_remarks, remarks
from harness.figures.why import why_few_places, why_no_pictures, why_nothing
from harness.records.scored import RunRow
from harness.tables.comparable import check_comparable
from harness.tables.notes import failures
from harness.tables.provenance import provenance
from harness.tables.rows import cell_of, in_order


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
    reader = Reader(subject, figure)
    name = f"{subject.card.task}-{subject.results.tier}-{figure.id}"
    kinds: dict[str, EntrantKind] = dict(subject.results.kinds)
    for label, kind in subject.results.kinds.items():
        kinds.setdefault(reader.series(label), kind)
    if isinstance(figure, Film):
        return _film(subject, figure, list(reader.runs), name, kinds)
    readings = reader.read()
    if not readings.scores:
        return Skipped(name, why_nothing(subject, figure))
    return _scored(subject, figure, readings, name, kinds)


def _scored(
    subject: Subject,
    figure: Lines | Curves | Dots | Profile | Heat,
    readings: Readings,
    name: str,
    kinds: Mapping[str, EntrantKind],
) -> Figure | Skipped:
    """A figure of scores."""
    card, tier = subject.card, subject.results.tier
    runs = sorted({run.path: run for run in readings.every_run()}.values(), key=lambda run: run.path)
    timed = any(card.metrics[metric].timing for metric in figure.shows if metric in card.metrics)
    check_comparable(runs, card, tier, timed=timed)
    facts = _facts(subject, figure, name, kinds)
    facts["made"] = provenance(runs, _shown(readings), (card.task, tier, figure.model_dump(mode="json")))
    cells = _cells(readings, card)
    made: Figure | Skipped | None
    if isinstance(figure, Heat):
        made = _heat_map(subject, figure, readings, cells, facts)
    elif isinstance(figure, Profile):
        made = _profile(subject, figure, readings, cells, facts)
    else:
        made = _plot(subject, figure, readings, cells, facts)
    return made or Skipped(name, f"no entrant is scored at all its seeds: {'; '.join(failures(runs))}")


def _heat_map(
    subject: Subject, figure: Heat, readings: Readings, cells: Cells, facts: dict[str, Any]
) -> HeatMap | Skipped | None:
    """A figure of heat maps; None if every square lacks a seed."""
    card = subject.card
    maps = maps_of(figure, card, readings, cells, dict(facts["styled"]))
    squares = [panel.squares for row in maps for panel in row]
    if not any(squares) and any(cell.state == "failed" for cell in cells.values()):
        return None
    if max(map(len, squares), default=0) < 2:
        return Skipped(facts["name"], why_few_places(subject, figure))
    drawn = {panel.label for row in maps for panel in row if panel.squares}
    return HeatMap(
        **facts,
        notes=tuple(remarks(subject, figure, readings, cells, drawn)),
        x_label=figure.x_label or figure.x,
        y_label=figure.y_label or figure.y,
        value_label=value_label(figure.metrics[0], card),
        better=card.metrics[figure.metrics[0]].better,
        panels=maps,
    )


def _plot(
    subject: Subject, figure: Lines | Curves | Dots, readings: Readings, cells: Cells, facts: dict[str, Any]
) -> Plot | Skipped | None:
    """A figure of lines, curves or dots; None if no entrant can be drawn."""
    panels = panels_of(figure, subject.card, readings, cells, dict(facts["styled"]))
    drawn = {line.label for row in panels for panel in row for line in panel.lines}
    if not drawn:
        return None
    if isinstance(figure, Lines) and not _has_a_line(panels):
        return Skipped(facts["name"], why_few_places(subject, figure))
    notes = (*remarks(subject, figure, readings, cells, drawn), *crossing_remarks(panels))
    return Plot(**facts, notes=notes, x_label=_x_label(figure, subject.card), panels=panels)


def _profile(
    subject: Subject, figure: Profile, readings: Readings, cells: Cells, facts: dict[str, Any]
) -> Plot | Skipped | None:
    """A figure of performance profiles; None if no entrant has scores in all cases."""
    kinds = dict(facts["styled"])
    entrants = pooled(readings, cells, kinds)
    if not entrants.scores:
        return None
    panel = profile_panel(figure, subject.card, entrants, kinds)
    notes = (*remarks(subject, figure, readings, cells, entrants.scores), *profile_remarks(entrants, kinds))
    return Plot(**facts, notes=notes, x_label=profile_label(figure, subject.card), panels=((panel,),))


def _film(
    subject: Subject, figure: Film, runs: Sequence[RunRow], name: str, kinds: Mapping[str, EntrantKind]
) -> FilmStrips | Skipped:
    """A figure of kept files, of the first seed that there is."""
    card, tier = subject.card, subject.results.tier
    keepers = [run for run in runs if figure.file in run.kept]
    if not keepers:
        return Skipped(name, why_no_pictures(subject, figure, runs))
    cases = {run.case for run in keepers}
    first = min(run.seed for run in runs if run.case in cases)
    runs = [run for run in runs if run.case in cases and run.seed == first]
    keepers = [run for run in keepers if run.seed == first]
    if not keepers:
        return Skipped(name, f"no record of seed {first} keeps {figure.file}: {'; '.join(failures(runs))}")
    check_comparable(runs, card, tier)
    digests = [[run.path, run.kept[figure.file]] for run in keepers]
    return FilmStrips(
        **_facts(subject, figure, name, kinds),
        made=provenance(runs, digests, (card.task, tier, figure.model_dump(mode="json"))),
        notes=tuple(film_remarks(subject, figure, runs)),
        blocks=blocks_of(figure, subject, keepers),
    )


def _facts(subject: Subject, figure: DeclaredFigure, name: str, kinds: Mapping[str, EntrantKind]) -> dict[str, Any]:
    """The fields that figures of every kind have alike."""
    card, tier = subject.card, subject.results.tier
    return {
        "name": name,
        "task": card.task,
        "tier": tier,
        "declared": figure,
        "heading": f"{card.title}, tier {tier}{' (rehearsal)' if tier in REHEARSALS else ''}",
        "styled": tuple((label, kinds[label]) for label in in_order(kinds)),
    }


def _cells(readings: Readings, card: Card) -> Cells:
    return {
        (series, place): cell_of(
            homes[home],
            readings.scores.get((series, place), {}),
            card.metrics[place.metric].needs if place.metric in card.metrics else None,
        )
        for place, home in readings.homes.items()
        for series, homes in readings.runs.items()
        if home in homes
    }


def _x_label(figure: Lines | Curves | Dots, card: Card) -> str:
    if isinstance(figure, Curves):
        return f"budget spent ({card.unit})"
    return (figure.x_label or figure.x) if isinstance(figure, Lines) else ""


def _has_a_line(panels: Sequence[Sequence[Panel]]) -> bool:
    return any(len(line.points) > 1 for row in panels for panel in row for line in panel.lines)


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
