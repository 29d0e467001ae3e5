"""The scored table: what the records say as rows, with every rule that tables, figures and claims share applied once.

A diverged run stands at chance at every point where finished runs of its case are measured, or at the worst score of
these where that is worse: of some losses, chance is better than what any run has learned. The chance value of a score
is that of its point if there is one, else that of its metric as the run's data gave it. The place of a run is its
case's place on the axes and the parameters that were set from outside; a point is what a measurement adds to the place
of its run.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any, Literal, NamedTuple, TypeAlias

from harness.core.canonical import digest
from harness.core.entrant import EntrantKind
from harness.core.spec import Spec
from harness.records.record import Failure, Record, Stored, stored

SPENT = "spent"
"""The axis of curves: how much of the budget was spent."""
VALIDATION = "valid_"
"""What the name of a metric on the validation split begins with in a record's curve."""

Place: TypeAlias = Mapping[str, float | str]
"""Values by axis."""
Point: TypeAlias = tuple[tuple[str, float | str], ...]
"""Pairs of axis and value."""


class RunRow(NamedTuple):
    """A run, as its record describes it.

    `error` is one line; `path` says where the record lies below the store's records; `chosen` are the names of the
    parameters that were set from outside; `deviating` is the digest of the settings that differ from the card's
    defaults, `deviating_parameters` that of the parameters that differ from the class defaults, `code` that of the
    entrant's code; `parameters` and `settings` include the defaults; `sidecar` is the digest of the file of item
    scores; `at` is the run's place.
    """

    task: str
    tier: str
    case: str
    entrant: str
    label: str
    kind: EntrantKind
    component: str
    seed: int
    status: str
    error: str
    key: str
    version: int
    data: str
    deviating: str
    deviating_parameters: str
    code: str
    produced: str
    generated: bool
    device: str
    commit: str
    dirty: bool
    threads: int
    weights: int
    trials: int
    budget: int
    unit: str
    train_s: float
    resumed: int
    contended: bool
    path: str
    chosen: frozenset[str]
    parameters: Mapping[str, Any]
    settings: Mapping[str, Any]
    artefacts: Mapping[str, str]
    curve: tuple[Mapping[str, float], ...]
    sidecar: str
    kept: Mapping[str, str]
    at: Place


class ScoreRow(NamedTuple):
    """A score of a run. `measured` is all that the measurement says of its place, `items` the name of its array of
    item scores in the sidecar."""

    run: RunRow
    metric: str
    value: float
    n_used: int
    n_expected: int
    better: Literal["higher", "lower"]
    unit: str
    chance: float
    ceiling: float
    exact: bool
    timing: bool
    measured: Point
    items: str = ""

    @property
    def path(self) -> str:
        """The path of the run's record."""
        return self.run.path

    @property
    def point(self) -> Point:
        """Where it was measured beyond the place of its run."""
        return tuple((axis, value) for axis, value in self.measured if axis not in self.run.at)

    @property
    def at(self) -> Place:
        """The place of its run and the point together."""
        return {**self.run.at, **dict(self.measured)}


def value_range(better: str, unit: str, ceiling: float) -> tuple[float, float]:
    """Between which values a metric lies, as far as its ceiling (the best possible value, NaN: unknown) says: a share
    that has one also ends at 0."""
    if math.isnan(ceiling):
        return -math.inf, math.inf
    if better == "lower":
        return ceiling, math.inf
    return 0.0 if unit == "share" else -math.inf, ceiling


@dataclass(frozen=True)
class TaskScores:
    """All that is known of a task at a tier, in order of the records' paths.

    `scores` are final scores; `curves` has a row for each metric of the validation split at each point of a run's
    curve, on the axis `SPENT` and with n_used 0.
    """

    runs: list[RunRow] = field(default_factory=list)
    scores: list[ScoreRow] = field(default_factory=list)
    curves: list[ScoreRow] = field(default_factory=list)

    def without_predictions(self) -> "TaskScores":
        """What runs of entrants gave: without what files of predictions were scored, of whose training nothing is
        known."""
        return TaskScores(
            [run for run in self.runs if run.kind != "predictions"],
            *([score for score in scores if score.run.kind != "predictions"] for scores in (self.scores, self.curves)),
        )


Scored: TypeAlias = Mapping[tuple[str, str], TaskScores]
"""The scored table, by task and tier."""


def scored(records: Iterable[Record | Stored]) -> Scored:
    """The scored table of records. What `Store.stored` yields is read faster than `Record`s."""
    tasks: dict[tuple[str, str], TaskScores] = defaultdict(TaskScores)
    known: dict[Point, Point] = {}
    for record in records:
        spec, content = stored(record) if isinstance(record, Record) else record
        of_task, run = tasks[spec.task, spec.tier], _run(spec, content)
        of_task.runs.append(run)
        for score in content["scores"]:
            measured = tuple(score["at"].items())
            # Equal points are one object, to save memory.
            of_task.scores.append(_score(run, content["metrics"], score, known.setdefault(measured, measured)))
        for point in run.curve:
            for logged, value in point.items():
                name = logged.removeprefix(VALIDATION)
                if name != logged and name in content["metrics"]:
                    score = {"metric": name, "value": value, "n_used": 0, "n_expected": 0, "items": ""}
                    of_task.curves.append(_score(run, content["metrics"], score, ((SPENT, point[SPENT]),)))
    return {key: _completed(of_task) for key, of_task in tasks.items()}


def _run(spec: Spec, content: Mapping[str, Any]) -> RunRow:
    place = {axis: value for axis, value in {**content["at"], **spec.chosen}.items() if value is not None}
    fields = {
        **vars(spec),
        **content,
        **content["origin"],
        **content["environment"],
        **content["costs"],
        "label": spec.label,
        "error": Failure.model_validate(content["failure"]).text if content["failure"] else "",
        "deviating": digest(spec.settings),
        "deviating_parameters": digest(spec.parameters),
        "code": spec.code,
        "budget": spec.budget.total,
        "unit": spec.budget.unit,
        "path": spec.place,
        "chosen": frozenset(spec.chosen),
        "curve": tuple(content["curve"]),
        "at": {axis: value if isinstance(value, str) else float(value) for axis, value in place.items()},
    }
    return RunRow(**{name: fields[name] for name in RunRow._fields})


def _score(run: RunRow, metrics: Mapping[str, Any], score: Mapping[str, Any], measured: Point) -> ScoreRow:
    name = score["metric"]
    metric = metrics[name]
    return ScoreRow(
        run=run,
        metric=name,
        value=score["value"],
        n_used=score["n_used"],
        n_expected=score["n_expected"],
        better=metric["better"],
        unit=metric["unit"],
        chance=_number(score.get("chance", metric["chance"])),
        ceiling=_number(metric["ceiling"]),
        exact=metric["exact"],
        timing=metric["timing"],
        measured=measured,
        items=score["items"],
    )


def _worst(score: ScoreRow, *values: float) -> float:
    """The worst of values of a score's metric; NaN if the first is."""
    return min(values) if score.better == "higher" else max(values)


def _number(value: float | None) -> float:
    return math.nan if value is None else value


def _completed(of_task: TaskScores) -> TaskScores:
    """The rows in order, with scores of diverged runs at every point where finished runs of their case are measured.
    Where a case has no finished run, a chance score has no point, and no place on a curve."""
    guesses: dict[tuple[str, str], ScoreRow] = {}
    for score in of_task.scores:
        if score.run.status == "diverged":
            guesses.setdefault((score.path, score.metric), score)

    def completed(scores: list[ScoreRow]) -> list[ScoreRow]:
        rows = [score for score in scores if score.run.status != "diverged"]
        measured: dict[tuple[str, str], dict[Point, ScoreRow]] = defaultdict(dict)
        for score in rows if guesses else ():
            if score.run.status == "ok":
                by_point = measured[score.run.case, score.metric]
                other = by_point.setdefault(score.point, score)
                by_point[score.point] = other if _worst(score, score.value, other.value) == other.value else score
        for guess in guesses.values():
            points = measured.get((guess.run.case, guess.metric))
            if points is None and scores is of_task.scores:
                rows.append(guess)
            for worst in points.values() if points else ():
                chance = guess.chance if math.isnan(worst.chance) else worst.chance
                value = _worst(worst, guess.value, guess.value if math.isnan(chance) else chance, worst.value)
                rows.append(worst._replace(run=guess.run, value=value, chance=chance, items=""))
        return sorted(rows, key=attrgetter("path"))

    runs = sorted(of_task.runs, key=attrgetter("path"))
    return TaskScores(runs, completed(of_task.scores), completed(of_task.curves))
