"""What must be read with a figure: what is not drawn and why, and what is drawn though something happened to it. Where
nothing can be drawn: in one line what is missing, and the command that changes it."""

from collections.abc import Collection, Iterable, Iterator, Sequence

from harness.core.spec import set_in
from harness.figures.declared import Curves, DeclaredFigure, Heat, Kept, Lines
from harness.figures.plot import Panel
from harness.figures.readings import Readings, Subject
from harness.records.scored import VALIDATION, RunRow
from harness.tables.comparable import rerun
from harness.tables.notes import failures


def remarks(figure: DeclaredFigure, readings: Readings, drawn: Collection[str]) -> Iterator[str]:
    """What is not drawn of the scores and why, and what is drawn though something happened to it. `drawn` are the
    entrants that are drawn at all."""
    runs = list(readings.every_run())
    yield from _failures_by_entrant(readings) if isinstance(figure, Heat) else failures(runs)
    yield from _not_drawn(readings, drawn)
    yield from _flagged(figure, readings)
    if isinstance(figure, Heat) and (without := sorted(readings.levels & readings.runs.keys() - set(drawn))):
        yield f"not drawn, without {' or '.join(figure.along)}: {', '.join(without)}"
    yield from _absent(readings.subject, figure, runs)
    if isinstance(figure, Curves):
        shown = {place.metric for place in readings.homes}
        if unlogged := [value for value in figure.values if value not in shown]:
            yield f"not logged at tier {readings.subject.results.tier}: {', '.join(unlogged)}"


def _not_drawn(readings: Readings, drawn: Collection[str]) -> Iterator[str]:
    """Entrants that are drawn nowhere, and those that are not drawn wherever one of their seeds has no score."""
    cells = readings.cells.items()
    lost = {series: cell.text for (series, _), cell in cells if cell.state in ("failed", "not measured")}
    for series, text in lost.items():
        if series not in drawn and series in readings.runs:
            yield f"not drawn: {series} ({text}); a mean is over all seeds or none"
    gaps = dict.fromkeys(series for (series, _), cell in cells if cell.state == "failed" and series in drawn)
    if gaps:
        yield f"not drawn wherever a seed is lost: {', '.join(gaps)}"


def _flagged(figure: DeclaredFigure, readings: Readings) -> Iterator[str]:
    """Entrants with diverged runs, and those that were timed beside other runs."""
    cells = readings.cells.items()
    flags = {(series, flag.partition(" ")[0]): None for (series, _), cell in cells for flag in cell.flags}
    diverged = [series for series, flag in flags if flag == "diverged"]
    if diverged and not isinstance(figure, Curves):
        yield f"with diverged runs, scored at chance or worse: {', '.join(diverged)}"
    if timed := [series for series, flag in flags if flag == "contended"]:
        yield f"timed beside other runs, no claim uses it: {', '.join(timed)}"


def _failures_by_entrant(readings: Readings) -> Iterator[str]:
    """The runs that failed or diverged, a line for those of an entrant in a case, wherever on the axes they lie."""
    groups: dict[tuple[str, str, str], list[RunRow]] = {}
    for series, homes in readings.runs.items():
        for run in (run for runs in homes.values() for run in runs if run.status != "ok"):
            groups.setdefault((series, run.status, run.case), []).append(run)
    for (series, status, _), runs in groups.items():
        lines = list(failures(runs))
        # Where the others lie is marked on the squares; what they say is in the records.
        more = f"{status}: {len(runs)} runs of {series}; the first: "
        yield lines[0] if len(lines) == 1 else more + next(failures(runs[:1])).partition(": ")[2]


def crossing_remarks(panels: Sequence[Sequence[Panel]]) -> Iterator[str]:
    """Where lines cross, as a figure asked."""
    titled = sum(map(len, panels)) > 1
    for panel in (panel for row in panels for panel in row):
        for crossing in panel.crossings:
            metric = panel.y_label.partition(" ")[0]
            yield f"{f'{panel.title}, {metric}: ' if titled else ''}{crossing.text}"


def kept_remarks(subject: Subject, figure: Kept, runs: Sequence[RunRow]) -> Iterator[str]:
    """What is not shown of kept files and why; `runs` are those of the seed that is shown."""
    yield from failures(runs)
    without = [run for run in runs if run.status == "ok" and figure.file not in run.kept]
    if without:
        yield f"kept no {figure.file}: {', '.join(dict.fromkeys(run.label for run in without))}"
    yield from _absent(subject, figure, runs)


def _absent(subject: Subject, figure: DeclaredFigure, runs: Iterable[RunRow]) -> Iterator[str]:
    """Entrants that are planned in the figure's cases and belong in it, without any record there."""
    cases = {run.case for run in runs}
    there = {run.label for run in subject.results.runs if run.case in cases}
    named = {*figure.entrants, *figure.also}
    if subject.expected is None:
        absent = named - there
    else:
        metrics = [subject.card.metrics[metric] for metric in figure.shows if metric in subject.card.metrics]
        needs = {metric.needs for metric in metrics if metric.needs}
        absent = {
            label
            for label in {label for case, label in subject.expected.cells if case in cases} - there
            if label in named
            or ("[" not in label and not figure.entrants and needs <= subject.capabilities.get(label, frozenset()))
        }
    if absent:
        yield f"no records: {', '.join(sorted(absent))}"


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
    command = rerun(card.task, tier, dict.fromkeys(figure.entrants, ""), cases=cases, given=subject.given)
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
    return f"{why}; `{rerun(card.task, tier, dict.fromkeys(swept, ''), given=subject.given)}`"


def why_nothing_kept(subject: Subject, figure: Kept, runs: Sequence[RunRow]) -> str:
    """Why there is no kept file, and the command that makes what it is made of."""
    names = dict.fromkeys(figure.entrants, "")
    command = rerun(subject.card.task, subject.results.tier, names, cases=figure.cases, given=subject.given)
    return f"{'no record keeps' if runs else 'no record, and so no'} {figure.file}; `{command}`"
