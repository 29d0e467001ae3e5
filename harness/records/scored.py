"""The scored table: records as tidy frames, with every rule that tables, figures and claims share applied once.

A diverged run stands at chance at every point where finished runs of its case are measured. The chance of a score is
its point's own, else its metric's as the run's data gave it. The place of a run is its case's place on the axes and the
parameters that were set from outside; a point is what a measurement adds to the place of its run.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import repeat
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias, TypeVar, get_origin

import numpy as np

from harness.core.canonical import digest
from harness.core.entrant import EntrantKind
from harness.records.record import Failure, Record, Stored, stored

if TYPE_CHECKING:
    import pandas as pd

AXIS = "x."
"""How the columns of axes begin: the column of the axis `L` is `x.L`."""
SPENT = "spent"
"""The axis of curves: how much of the budget was spent."""
VALIDATION = "valid_"
"""What the name of a metric on the validation split begins with in a record's curve."""

Point: TypeAlias = tuple[tuple[str, float | str], ...]
"""Pairs of axis and value: what a measurement adds to the place of its run."""


class Scored(NamedTuple):
    """Three data frames. Text columns are categorical; each axis is a column `x.<axis>`, NaN in rows without a place on
    it.

    runs    a row a record, in the order of the records: the fields of `RunRow`, with the axes for `at`.
    scores  a row a final score: the fields of its run that `IDENTITY` names, the fields of `ScoreRow`, with the axes
            for `at`.
    curves  like scores: a row for each metric of the validation split at each point of a run's curve; n_used is 0.
    """

    runs: "pd.DataFrame"
    scores: "pd.DataFrame"
    curves: "pd.DataFrame"

    def of(self, task: str, tier: str) -> "Scored":
        """The rows of one task at one tier."""
        return Scored(*(frame[((frame["task"] == task) & (frame["tier"] == tier)).to_numpy()] for frame in self))


class RunRow(NamedTuple):
    """A run: what its record says.

    `error` is one line, `path` the record's below the store's records, `chosen` the names of the parameters that were
    set from outside, `deviating` the digest of the settings that differ from the card's defaults; `parameters` and
    `settings` are all, defaults included; `sidecar` is the digest of the file of item scores; `at` is the run's place.
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
    setup_s: float
    shared_s: float
    train_s: float
    eval_s: float
    peak_mb: float
    contended: bool
    path: str
    chosen: frozenset[str]
    parameters: Mapping[str, Any]
    settings: Mapping[str, Any]
    artefacts: Mapping[str, str]
    curve: tuple[Mapping[str, float], ...]
    sidecar: str
    kept: Mapping[str, str]
    at: Mapping[str, Any]


class ScoreRow(NamedTuple):
    """A score of the run at `path`. `point` is where it was measured beyond its run's place, `at` is place and point
    together, `items` the name of its array of item scores in the sidecar."""

    path: str
    case: str
    status: str
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
    point: Point
    at: Mapping[str, Any]
    items: str = ""


IDENTITY = ("task", "tier", "case", "entrant", "label", "seed", "status", "contended", "path")
"""The columns that a row of `Scored.scores` has of its run."""


def scored(records: Iterable[Record | Stored]) -> Scored:
    """The scored table of records. What `Store.stored` yields is read faster than `Record`s."""
    builder = _Builder()
    for record in records:
        builder.add(stored(record) if isinstance(record, Record) else record)
    return builder.frames()


class _Builder:
    """Gathers rows record by record. What repeats from record to record is kept once, to save memory. The `at` of the
    gathered scores is only what the measurement says."""

    def __init__(self) -> None:
        self._runs: dict[str, RunRow] = {}
        self._final: list[ScoreRow] = []
        self._curves: list[ScoreRow] = []
        self._repeated: dict[Any, Any] = {}
        self._digests: dict[str, str] = {}

    def add(self, record: Stored) -> None:
        """Take the rows of a record."""
        spec, content = record
        settings = repr(spec.settings)
        if settings not in self._digests:
            self._digests[settings] = digest(spec.settings)
        fields = {
            **vars(spec),
            **content,
            **{name: value for part in ("origin", "environment", "costs") for name, value in content[part].items()},
            "label": spec.label,
            "error": Failure.model_validate(content["failure"]).text if content["failure"] else "",
            "deviating": self._digests[settings],
            "budget": spec.budget.total,
            "unit": spec.budget.unit,
            "path": spec.place,
            "chosen": frozenset(spec.chosen),
            "parameters": self._once(repr(content["parameters"]), content["parameters"]),
            "settings": self._once(repr(content["settings"]), content["settings"]),
            "curve": tuple(content["curve"]),
            "at": {**content["at"], **spec.chosen},
        }
        run = RunRow(**{name: fields[name] for name in RunRow._fields})
        self._runs[run.path] = run
        metrics = content["metrics"]
        self._final += [self._score(run, metrics[score["metric"]], score) for score in content["scores"]]
        for entry in content["curve"]:
            for logged, value in entry.items():
                name = logged.removeprefix(VALIDATION)
                if name != logged and name in metrics:
                    score = {"metric": name, "value": value, "n_used": 0, "n_expected": 0, "items": ""}
                    self._curves.append(self._score(run, metrics[name], {**score, "at": {SPENT: entry[SPENT]}}))

    def frames(self) -> Scored:
        """The frames of all records that were added."""
        runs = list(self._runs.values())
        frame = _frame(RunRow, runs, [run.at for run in runs])
        final, curves = self._with_diverged(self._final), self._with_diverged(self._curves, along_the_budget=True)
        return Scored(frame, self._score_frame(frame, final), self._score_frame(frame, curves))

    def _score_frame(self, runs: "pd.DataFrame", scores: Sequence[ScoreRow]) -> "pd.DataFrame":
        frame = _frame(ScoreRow, scores, [self._runs[score.path].at for score in scores])
        position = {path: i for i, path in enumerate(self._runs)}
        positions = np.array([position[score.path] for score in scores], dtype=np.intp)
        return frame.assign(**{name: runs[name].array.take(positions) for name in IDENTITY if name not in frame})

    def _with_diverged(self, scores: Sequence[ScoreRow], *, along_the_budget: bool = False) -> Sequence[ScoreRow]:
        """The scores of finished runs, and at each of their points the chance scores of the diverged runs of their
        case. Where a case has no finished run, a chance score has no point; along the budget it then has no place."""
        if all(run.status != "diverged" for run in self._runs.values()):
            return scores
        guesses: dict[tuple[str, str], ScoreRow] = {}
        for score in self._final:
            if score.status == "diverged":
                guesses.setdefault((score.path, score.metric), score)
        kept = [score for score in scores if score.status != "diverged"]
        measured: dict[tuple[str, ...], dict[Point, ScoreRow]] = {}
        for score in kept:
            if score.status == "ok":
                measured.setdefault(self._problem(score), {}).setdefault(score.point, score)
        for guess in guesses.values():
            points = measured.get(self._problem(guess))
            if points is not None:
                kept += [
                    guess._replace(n_used=at.n_used, n_expected=at.n_expected, at=at.at, point=at.point)
                    for at in points.values()
                ]
            elif not along_the_budget:
                kept.append(guess)
        return kept

    def _problem(self, score: ScoreRow) -> tuple[str, ...]:
        run = self._runs[score.path]
        return run.task, run.tier, run.case, score.metric

    def _score(self, run: RunRow, metric: Mapping[str, Any], score: Mapping[str, Any]) -> ScoreRow:
        at = score["at"]
        pairs = tuple(at.items())
        return ScoreRow(
            path=run.path,
            case=run.case,
            status=run.status,
            metric=score["metric"],
            value=score["value"],
            n_used=score["n_used"],
            n_expected=score["n_expected"],
            better=metric["better"],
            unit=metric["unit"],
            chance=_number(score.get("chance", metric["chance"])),
            ceiling=_number(metric["ceiling"]),
            exact=metric["exact"],
            timing=metric["timing"],
            point=pairs if run.at.keys().isdisjoint(at) else tuple([p for p in pairs if p[0] not in run.at]),
            at=self._once(pairs, at),
            items=score["items"],
        )

    def _once(self, key: Any, value: Any) -> Any:
        return self._repeated.setdefault(key, value)


def _number(value: float | None) -> float:
    return math.nan if value is None else value


_Row = TypeVar("_Row", RunRow, ScoreRow)


def _frame(kind: type[_Row], rows: Sequence[_Row], places: Sequence[Mapping[str, Any]]) -> "pd.DataFrame":
    """The frame of rows [n]: their fields, and the axes on which `at` or else `places` [n] have a value."""
    import pandas as pd

    values = dict(zip(kind._fields, zip(*rows, strict=True) if rows else repeat(()), strict=False))
    points: Sequence[Mapping[str, Any]] = values.pop("at")
    columns = {name: _column(values[name], kind.__annotations__[name]) for name in values}
    for axis in sorted(set().union(*points, *places)):
        on_axis = [
            point[axis] if axis in point else place.get(axis, math.nan)
            for point, place in zip(points, places, strict=True)
        ]
        is_numeric = set(map(type, on_axis)) <= {int, float, bool}
        columns[AXIS + axis] = np.array(on_axis, dtype=np.float64 if is_numeric else object)
    return pd.DataFrame(columns)


def _column(values: Sequence[Any], kind: Any) -> Any:
    """Values as an array of their kind; texts are categorical."""
    import pandas as pd

    if kind in (bool, int, float):
        return np.array(values, dtype=kind)
    if kind is str or get_origin(kind) is Literal:
        return pd.Categorical(values, categories=sorted(set(values)))
    return np.fromiter(values, dtype=object, count=len(values))
