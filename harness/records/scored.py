"""The scored table: records as tidy frames, with every rule that tables, figures and claims share applied once.

A diverged run stands at chance at every point where finished runs of its case are measured. The chance of a score is
its point's own, else its metric's as the run's data gave it. A place is what the run fixes (its case's place on the
axes and the parameters that were set from outside), a point is what the measurement adds to it.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.core.canonical import digest
from harness.records.record import Failure, Record, Stored, stored

if TYPE_CHECKING:
    import pandas as pd

AXIS = "x."
"""What the name of an axis follows in the frames' columns."""
SPENT = "spent"
"""The axis of curves: how much of the budget was spent."""
VALIDATION = "valid_"
"""What the name of a metric on the validation split begins with in a record's curve."""

Point: TypeAlias = tuple[tuple[str, float | str], ...]
"""Where a measurement was made beyond the place of its run: pairs of axis and value."""


class Scored(NamedTuple):
    """Three data frames. Text columns are categorical; axes are columns `x.<axis>`, NaN in rows that lie elsewhere.

    runs    a row a record, in the order of the records: `OF_A_RUN` and the axes of its place. `error` is one line,
            `path` the record's below the store's records, `chosen` the names of the parameters that were set from
            outside, `deviating` the digest of the settings that differ from the card's defaults; `parameters` and
            `settings` are all, defaults included; `sidecar` is the digest of the file of item scores.
    scores  a row a final score: `IDENTITY`, `OF_A_SCORE`, the axes of its place and of its `point`; `items` names its
            array of item scores in the sidecar.
    curves  like scores: a row for each metric of the validation split at each point of a run's curve; n_used is 0.
    """

    runs: "pd.DataFrame"
    scores: "pd.DataFrame"
    curves: "pd.DataFrame"

    def of(self, task: str, tier: str) -> "Scored":
        """The rows of one task at one tier."""
        return Scored(*(frame[((frame["task"] == task) & (frame["tier"] == tier)).to_numpy()] for frame in self))


IDENTITY = (
    "task",
    "tier",
    "case",
    "entrant",
    "label",
    "kind",
    "component",
    "seed",
    "status",
    "contended",
    "key",
    "path",
)
"""The columns that a score has of its run."""

OF_A_RUN: Mapping[str, type] = {
    **dict.fromkeys(("task", "tier", "case", "entrant", "label", "kind", "component"), str),
    "seed": int,
    **dict.fromkeys(("status", "error", "key"), str),
    "version": int,
    **dict.fromkeys(("data", "deviating", "produced"), str),
    "generated": bool,
    **dict.fromkeys(("device", "commit"), str),
    "dirty": bool,
    **dict.fromkeys(("threads", "weights", "trials", "budget"), int),
    "unit": str,
    **dict.fromkeys(("setup_s", "shared_s", "train_s", "eval_s", "peak_mb"), float),
    "contended": bool,
    "path": str,
    **dict.fromkeys(("chosen", "parameters", "settings", "artefacts", "curve", "sidecar", "kept"), object),
}
"""The columns of `runs` but the axes, and the types of their values."""

OF_A_SCORE: Mapping[str, type] = {
    "metric": str,
    "value": float,
    "n_used": int,
    "n_expected": int,
    "chance": float,
    "point": object,
    "items": object,
    "better": str,
    "unit": str,
    "ceiling": float,
    "exact": bool,
    "timing": bool,
}
"""The columns of `scores` and `curves` but those of their run and the axes."""

_OF_A_METRIC = ("metric", "better", "unit", "ceiling", "exact", "timing")


def scored(records: Iterable[Record | Stored]) -> Scored:
    """The scored table of records. What `Store.stored` yields is read faster than `Record`s."""
    builder = _Builder()
    for record in records:
        builder.add(stored(record) if isinstance(record, Record) else record)
    return builder.frames()


class _Row(NamedTuple):
    """A row of `scores` or `curves` as it is gathered; `run` and `metric` are numbers. `at` is all that the measurement
    says of its place, `point` what the run does not say."""

    run: int
    metric: int
    value: float
    n_used: int
    n_expected: int
    chance: float
    at: Point
    point: Point
    items: str


class _Builder:
    """Gathers rows record by record. What repeats from record to record (metrics, points, settings) is kept once."""

    def __init__(self) -> None:
        self._runs: list[tuple[Any, ...]] = []
        self._places: list[Mapping[str, Any]] = []
        self._final: list[_Row] = []
        self._curves: list[_Row] = []
        self._metrics: dict[tuple[Any, ...], int] = {}
        self._places_of_scores: dict[Point, int] = {}
        self._repeated: dict[str, Any] = {}
        self._digests: dict[str, str] = {}

    def add(self, record: Stored) -> None:
        """Take the rows of a record."""
        spec, content = record
        run = len(self._runs)
        origin, costs, environment = content["origin"], content["costs"], content["environment"]
        place = {**content["at"], **spec.chosen}
        self._places.append(place)
        self._runs.append(
            (
                *(spec.task, spec.tier, spec.case, spec.entrant, spec.label, origin["kind"], origin["component"]),
                *(spec.seed, content["status"], _one_line(content["failure"]), content["key"], spec.version),
                *(spec.data, self._digest(spec.settings), content["produced"], content["generated"]),
                *(environment["device"], environment["commit"], environment["dirty"], environment["threads"]),
                *(costs["weights"], content["trials"], spec.budget.total, spec.budget.unit, costs["setup_s"]),
                *(costs["shared_s"], costs["train_s"], costs["eval_s"], costs["peak_mb"], costs["contended"]),
                *(spec.place, frozenset(spec.chosen), self._once(content["parameters"])),
                *(self._once(content["settings"]), content["artefacts"], tuple(content["curve"])),
                *(content["sidecar"], content["kept"]),
            )
        )
        metrics = {name: self._metric(name, entry) for name, entry in content["metrics"].items()}
        chances = {name: _number(entry["chance"]) for name, entry in content["metrics"].items()}
        for score in content["scores"]:
            name = score["metric"]
            at = tuple(score["at"].items())
            self._places_of_scores.setdefault(at, len(self._places_of_scores))
            point = tuple(pair for pair in at if pair[0] not in place)
            chance = score.get("chance", chances[name])
            self._final.append(
                _Row(
                    *(run, metrics[name], score["value"], score["n_used"], score["n_expected"]),
                    *(chance, at, point, score["items"]),
                )
            )
        for entry in content["curve"]:
            for logged, value in entry.items():
                name = logged.removeprefix(VALIDATION)
                if name != logged and name in metrics:
                    point = ((SPENT, entry[SPENT]),)
                    self._places_of_scores.setdefault(point, len(self._places_of_scores))
                    self._curves.append(_Row(run, metrics[name], value, 0, 0, chances[name], point, point, ""))

    def frames(self) -> Scored:
        """The frames of all records that were added."""
        import pandas as pd

        columns = zip(*self._runs, strict=True) if self._runs else ((),) * len(OF_A_RUN)
        fixed = {name: _column(values, OF_A_RUN[name]) for name, values in zip(OF_A_RUN, columns, strict=True)}
        runs = pd.DataFrame({**fixed, **_axes(self._places)})
        final, curves = self._with_diverged(self._final), self._with_diverged(self._curves, along_the_budget=True)
        return Scored(runs, self._frame(runs, final), self._frame(runs, curves))

    def _with_diverged(self, rows: Sequence[_Row], *, along_the_budget: bool = False) -> Sequence[_Row]:
        """The rows of finished runs, and at each of their points the chance scores of the diverged runs of their case.
        Where a case has no finished run, a chance score has no point; along the budget it then has no place."""
        statuses = [run[_STATUS] for run in self._runs]
        if "diverged" not in statuses:
            return rows
        names = [metric[0] for metric in self._metrics]
        problems = [run[:3] for run in self._runs]
        guesses: dict[tuple[int, str], _Row] = {}
        for row in self._final:
            if statuses[row.run] == "diverged":
                guesses.setdefault((row.run, names[row.metric]), row)
        kept = [row for row in rows if statuses[row.run] != "diverged"]
        measured: dict[tuple[Any, str], dict[Point, _Row]] = {}
        for row in kept:
            if statuses[row.run] == "ok":
                measured.setdefault((problems[row.run], names[row.metric]), {}).setdefault(row.point, row)
        for (run, name), guess in guesses.items():
            points = measured.get((problems[run], name))
            if points is not None:
                kept += [
                    guess._replace(n_used=at.n_used, n_expected=at.n_expected, at=at.at, point=at.point)
                    for at in points.values()
                ]
            elif not along_the_budget:
                kept.append(guess)
        return kept

    def _frame(self, runs: "pd.DataFrame", rows: Sequence[_Row]) -> "pd.DataFrame":
        import pandas as pd

        gathered = dict(zip(_Row._fields, zip(*rows, strict=True) if rows else ((),) * len(_Row._fields), strict=True))
        run, metric = (np.array(gathered.pop(name), dtype=np.intp) for name in ("run", "metric"))
        columns = {name: runs[name].array.take(run) for name in IDENTITY}
        kinds = zip(*self._metrics, strict=True) if self._metrics else ((),) * len(_OF_A_METRIC)
        of_metric = {name: _column(values, OF_A_SCORE[name]) for name, values in zip(_OF_A_METRIC, kinds, strict=True)}
        for name, kind in OF_A_SCORE.items():
            columns[name] = of_metric[name].take(metric) if name in of_metric else _column(gathered[name], kind)
        axes = {name: runs[name].to_numpy().take(run) for name in runs.columns if name.startswith(AXIS)}
        where = np.array([self._places_of_scores[at] for at in gathered["at"]], dtype=np.intp)
        for name, places in _axes([dict(at) for at in self._places_of_scores]).items():
            at = places.take(where) if len(where) else places[:0]
            axes[name] = np.where(pd.isna(at), axes[name], at) if name in axes else at
        return pd.DataFrame({**columns, **{name: axes[name] for name in sorted(axes)}})

    def _metric(self, name: str, entry: Mapping[str, Any]) -> int:
        values = (name, entry["better"], entry["unit"], _number(entry["ceiling"]), entry["exact"], entry["timing"])
        return self._metrics.setdefault(values, len(self._metrics))

    def _once(self, value: Any) -> Any:
        return self._repeated.setdefault(repr(value), value)

    def _digest(self, settings: Mapping[str, Any]) -> str:
        text = repr(settings)
        if text not in self._digests:
            self._digests[text] = digest(settings)
        return self._digests[text]


_STATUS = list(OF_A_RUN).index("status")


def _number(value: float | None) -> float:
    return math.nan if value is None else value


def _one_line(failure: Mapping[str, str] | None) -> str:
    return Failure.model_validate(failure).text if failure else ""


def _column(values: Sequence[Any], kind: type) -> Any:
    """Values as an array of their kind; texts are categorical."""
    import pandas as pd

    if kind is str:
        return pd.Categorical(values, categories=sorted(set(values)))
    if kind is object:
        return np.fromiter(values, dtype=object, count=len(values))
    return np.array(values, dtype=kind)


def _axes(places: Sequence[Mapping[str, Any]]) -> dict[str, NDArray[Any]]:
    """The columns `x.<axis>` of places [n], in order of name: numbers if they all are, NaN where there is no place."""
    columns = {}
    for axis in sorted(set().union(*places)):
        values = [place.get(axis, math.nan) for place in places]
        numbers = set(map(type, values)) <= {int, float, bool}
        columns[AXIS + axis] = np.array(values, dtype=np.float64 if numbers else object)
    return columns
