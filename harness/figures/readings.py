"""Readings: the scores that a figure shows, each with its entrant, its panel and its place in there."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple, TypeAlias

from harness.core.card import Card, Metric
from harness.core.entrant import EntrantKind
from harness.core.errors import UserError
from harness.core.spec import without
from harness.figures.declared import CASE, METRIC, Curves, DeclaredFigure, Dots, Heat, Lines, Profile
from harness.figures.plot import Place
from harness.records.scored import SPENT, VALIDATION, RunRow, ScoreRow
from harness.runs.selection import NOTHING_GIVEN, Given
from harness.tables.results import ExpectedRuns, TaskResults
from harness.tables.rows import cell_of
from harness.tables.table import Cell

Home: TypeAlias = tuple[Place | None, ...]
"""Where all scores of a run lie: its places on those of a figure's axes that the run itself is fixed on."""


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What the figures of a task at a tier are made from. `kept` gives the bytes of a file that a record kept, by its
    path, the file's name and digest; `capabilities` are those of each entrant that is known. What was `given` is part
    of the commands in remarks and errors."""

    card: Card
    results: TaskResults
    kept: Callable[[str, str, str], bytes]
    expected: ExpectedRuns | None = None
    capabilities: Mapping[str, frozenset[str]] = field(default_factory=dict)
    given: Given = NOTHING_GIVEN

    def swept(self, figure: DeclaredFigure) -> frozenset[str]:
        """The axes within a figure's panels that are parameters of entrants."""
        return frozenset(figure.along) - self.card.axes()

    def runs_of(self, figure: DeclaredFigure) -> list[RunRow]:
        """The runs that a figure names, in order of path."""
        swept = self.swept(figure)
        runs = [run for run in self.results.runs if not figure.cases or run.case in figure.cases]
        named = figure.entrants or {run.entrant for run in runs}
        return [run for run in runs if run.label in figure.also or (run.entrant in named and run.chosen <= swept)]


class Spread(NamedTuple):
    """One place of a figure: the metric, its row and column of panels, x, and y where this is an axis of places."""

    metric: str
    row: Place | None
    column: Place | None
    x: Place | None
    y: Place | None = None


@dataclass(frozen=True)
class Readings:
    """The scores of a figure by entrant and place, and by record within these; the runs that there are in each home,
    by entrant; the home of each place; the kinds of all entrants of the task at the tier."""

    subject: Subject
    kinds: Mapping[str, EntrantKind]
    scores: Mapping[tuple[str, Spread], Mapping[str, ScoreRow]]
    runs: Mapping[str, Mapping[Home, Sequence[RunRow]]]
    homes: Mapping[Spread, Home]
    levels: frozenset[str]

    @cached_property
    def cells(self) -> Mapping[tuple[str, Spread], Cell]:
        """The cell of every entrant at every place where it has runs."""
        metrics = self.subject.card.metrics
        return {
            (series, place): cell_of(
                homes[home],
                self.scores.get((series, place), {}),
                metrics[place.metric].needs if place.metric in metrics else None,
            )
            for place, home in self.homes.items()
            for series, homes in self.runs.items()
            if home in homes
        }

    def every_run(self) -> Iterator[RunRow]:
        """Every run, entrant by entrant."""
        return (run for homes in self.runs.values() for runs in homes.values() for run in runs)

    def runs_at(self, place: Spread) -> Iterator[RunRow]:
        """The runs that could be measured at a place."""
        return (run for homes in self.runs.values() for run in homes.get(self.homes[place], ()))

    def at(self, series: str, place: Spread) -> Iterable[ScoreRow]:
        """The scores of an entrant at a place."""
        return self.scores.get((series, place), {}).values()


class Reader:
    """Reads what a figure shows of its subject."""

    def __init__(self, subject: Subject, figure: Lines | Curves | Dots | Profile | Heat) -> None:
        self._subject, self._figure = subject, figure
        along = (SPENT,) if isinstance(figure, Curves) else figure.along
        self._x, self._y = (*along, None, None)[:2]
        self._swept = subject.swept(figure)
        self._runs = {run.path: run for run in subject.runs_of(figure)}

    def read(self) -> Readings:
        """The readings; there may be none."""
        kinds = self._subject.results.kinds
        found = list(self._scores())
        finished = [score for score in found if score.run.status == "ok"]
        self._refuse_ambiguous(finished)
        homes = {self._place(score.metric, score.run, score.at): self._home(score.run) for score in finished}
        homes |= self._lost({(score.metric, score.run.case) for score in finished})
        scores: dict[tuple[str, Spread], dict[str, ScoreRow]] = {}
        for score in [*finished, *(score for score in found if score.run.status == "diverged")]:
            place = self._place(score.metric, score.run, score.at)
            if place in homes:
                scores.setdefault((self._series(score.run.label), place), {})[score.path] = score
        return Readings(
            subject=self._subject,
            kinds={self._series(label): kind for label, kind in kinds.items()} | kinds,
            scores=scores,
            runs=self._runs_by_home({series for series, _ in scores}, set(homes.values())),
            homes=homes,
            levels=frozenset(self._series(run.label) for run in self._runs.values() if self._lacks_an_axis(run)),
        )

    def _series(self, label: str) -> str:
        """What a line is called: an entrant's label, without the parameters that are axes."""
        return label if label in self._figure.also else without(label, self._swept)

    def _runs_by_home(self, drawn: Collection[str], homes: Collection[Home]) -> dict[str, dict[Home, list[RunRow]]]:
        """The runs in each home by series: of series that are drawn, and those that failed but might have been."""
        runs: dict[str, dict[Home, list[RunRow]]] = {}
        keys: set[tuple[str, str]] = set()
        for run in self._runs.values():
            series, home = self._series(run.label), self._home(run)
            is_shown = series in drawn or (run.status != "ok" and self._could(run))
            # A parameter that is set to its default is another label of the same run.
            if is_shown and home in homes and (series, run.key) not in keys:
                keys.add((series, run.key))
                runs.setdefault(series, {}).setdefault(home, []).append(run)
        return runs

    def _could(self, run: RunRow) -> bool:
        needs = {metric.needs for metric in map(self._subject.card.metrics.get, self._figure.shows) if metric}
        known = self._subject.capabilities.get(run.entrant)
        return known is None or None in needs or not needs or bool(needs & known)

    def _lacks_an_axis(self, run: RunRow) -> bool:
        return any(run.parameters.get(axis) is None for axis in self._swept)

    def _lost(self, measured: Collection[tuple[str, str]]) -> dict[Spread, Home]:
        """Places along parameters of runs without a score: where all seeds were lost, nothing else tells of them.
        `measured` has the cases in which each metric was."""
        found: dict[Spread, Home] = {}
        if self._swept and not set(self._subject.card.points).intersection(self._figure.axes):
            for run in self._runs.values():
                for metric in self._figure.shows:
                    if run.status != "ok" and (metric, run.case) in measured and not self._lacks_an_axis(run):
                        found[self._place(metric, run, {})] = self._home(run)
        return found

    def _scores(self) -> Iterator[ScoreRow]:
        figure = self._figure
        if isinstance(figure, Curves):
            metrics = self._subject.card.metrics
            for run in self._runs.values():
                for point in run.curve:
                    yield from (_logged(run, name, point, metrics) for name in figure.values if name in point)
        else:
            for metric in figure.metrics:
                scores = self._subject.results.scores(metric, figure.where)
                yield from (score for score in scores if score.path in self._runs)

    def _place(self, metric: str, run: RunRow, at: Mapping[str, Any]) -> Spread:
        def on(axis: str | None) -> Place | None:
            if axis == METRIC:
                return metric
            if axis == CASE:
                return run.case
            if axis in self._swept:
                return _place(run.parameters.get(axis))
            return _place(at.get(axis or "", run.at.get(axis or "")))

        return Spread(metric, on(self._figure.rows), on(self._figure.columns), on(self._x), on(self._y))

    def _home(self, run: RunRow) -> Home:
        _, *places = self._place("", run, {})
        return (run.case, *(None if place == "" else place for place in places))

    def _refuse_ambiguous(self, scores: Sequence[ScoreRow]) -> None:
        """What a figure does not spread must be one: a mean over cases or points would be of no run."""
        figure = self._figure
        spread = {self._x, *figure.axes}
        values: dict[tuple[str, str], set[Any]] = {}
        cases: dict[Spread, set[str]] = {}
        for score in scores:
            for axis, value in score.point:
                if axis not in spread:
                    values.setdefault((score.metric, axis), set()).add(value)
            cases.setdefault(self._place(score.metric, score.run, score.at), set()).add(score.run.case)
        for (metric, axis), several in values.items():
            if len(several) > 1:
                raise UserError(
                    f"figure '{figure.id}': {metric} was measured at {len(several)} places on axis '{axis}'; "
                    "name it in rows, columns or x, or one place in where"
                )
        for together in cases.values():
            if len(together) > 1:
                raise UserError(
                    f"figure '{figure.id}': cases {', '.join(sorted(together))} fall together; spread 'case' over rows "
                    "or columns, or name one in cases"
                )


def _place(value: Any) -> Place | None:
    if value is None or isinstance(value, str):
        return value
    return str(value).lower() if isinstance(value, bool) else float(value)


def _logged(run: RunRow, name: str, point: Mapping[str, float], metrics: Mapping[str, Metric]) -> ScoreRow:
    """A point of a curve as a score."""
    entry = metrics.get(name.removeprefix(VALIDATION))
    on_validation = entry if name.startswith(VALIDATION) else None
    nan = float("nan")
    return ScoreRow(
        run=run,
        metric=name,
        value=point[name],
        n_used=0,
        n_expected=0,
        better=entry.better if entry else "lower",
        unit=on_validation.unit if on_validation else "",
        chance=on_validation.chance if on_validation and on_validation.chance is not None else nan,
        ceiling=on_validation.ceiling if on_validation and on_validation.ceiling is not None else nan,
        exact=False,
        timing=False,
        measured=((SPENT, point[SPENT]),),
    )
