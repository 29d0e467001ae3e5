"""The frames: records as two tidy tables, a row a run and a row a score. What statistics, claims and tables read."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from harness.core.canonical import digest
from harness.core.spec import Spec
from harness.records.record import Failure, Record, Stored, stored

if TYPE_CHECKING:
    import pandas as pd

AXIS = "x."
"""What the name of an axis follows in the frames' columns."""
SPENT = "spent"
"""The built-in axis: how much of the budget was spent. Scores that have it are points of a curve."""

IDENTITY: Mapping[str, type] = {
    "task": str,
    "tier": str,
    "case": str,
    "entrant": str,
    "label": str,
    "kind": str,
    "component": str,
    "seed": int,
    "status": str,
}
"""The columns that both frames begin with, and the types of their values."""

OF_A_RUN: Mapping[str, type] = {
    "error": str,
    "key": str,
    "version": int,
    "data": str,
    "settings": str,
    "produced": str,
    "generated": bool,
    "device": str,
    "commit": str,
    "dirty": bool,
    "threads": int,
    "weights": int,
    "trials": int,
    "budget": int,
    "unit": str,
    "setup_s": float,
    "shared_s": float,
    "train_s": float,
    "eval_s": float,
    "peak_mb": float,
    "contended": bool,
    "path": str,
}

OF_A_SCORE: Mapping[str, type] = {
    "metric": str,
    "value": float,
    "n_used": int,
    "n_expected": int,
}

OF_ITS_METRIC: Mapping[str, type] = {
    "better": str,
    "unit": str,
    "chance": float,
    "ceiling": float,
    "exact": bool,
    "timing": bool,
}

OF_ITS_RUN = ("contended", "key", "path")

_VALIDATION = "valid_"
"""What the name of a metric on the validation split begins with in a record's curve."""


class Frames(NamedTuple):
    """Two data frames. Axes are columns `x.<axis>`, NaN in rows that do not lie on the axis.

    runs    a row a record: `IDENTITY`, `OF_A_RUN` and the axes of its case and of its chosen parameters. `error` is
            one line, `settings` a digest, `path` the record's, below the store's records.
    scores  a row a score: `IDENTITY`, `OF_A_SCORE`, `OF_ITS_METRIC`, `OF_ITS_RUN` and the axes of its run and of its
            point. Rows on the axis `x.spent` are points of a curve: the metric on the validation split, n_used = 0.
    """

    runs: "pd.DataFrame"
    scores: "pd.DataFrame"


def frames(records: Iterable[Record | Stored]) -> Frames:
    """The frames of records, rows in their order. What `Store.stored` yields is read faster than `Record`s."""
    import pandas as pd

    runs, scores = _Runs(), _Scores()
    for record in records:
        spec, content = stored(record) if isinstance(record, Record) else record
        scores.add(len(runs.rows), content)
        runs.add(spec, content)
    fixed, places, points = runs.columns(), _axes(runs.places), scores.axes()
    run_of = np.array(scores.run_of, dtype=np.intp)
    identity, of_its_run = ({name: fixed[name][run_of] for name in names} for names in (IDENTITY, OF_ITS_RUN))
    axes = {name: column[run_of] for name, column in places.items()}
    axes |= {name: _over(axes[name], column) if name in axes else column for name, column in points.items()}
    ordered = {name: axes[name] for name in sorted(axes)}
    return Frames(
        pd.DataFrame({**fixed, **places}), pd.DataFrame({**identity, **scores.columns(), **of_its_run, **ordered})
    )


class _Runs:
    """Rows of `runs` and their places on the axes, gathered one by one."""

    def __init__(self) -> None:
        self.rows: list[tuple[Any, ...]] = []
        self.places: list[Mapping[str, Any]] = []
        self._last: tuple[Mapping[str, Any], str] = ({}, digest({}))

    def add(self, spec: Spec, content: Mapping[str, Any]) -> None:
        origin, costs, environment = content["origin"], content["costs"], content["environment"]
        self.places.append({**content["at"], **spec.chosen})
        self.rows.append(
            (
                *(spec.task, spec.tier, spec.case, spec.entrant, spec.label, origin["kind"], origin["component"]),
                *(spec.seed, content["status"], _failure(content["failure"]), content["key"], spec.version),
                *(spec.data, self._settings(spec.settings), content["produced"], content["generated"]),
                *(environment["device"], environment["commit"], environment["dirty"], environment["threads"]),
                *(costs["weights"], content["trials"], spec.budget.total, spec.budget.unit, costs["setup_s"]),
                *(costs["shared_s"], costs["train_s"], costs["eval_s"], costs["peak_mb"], costs["contended"]),
                spec.place,
            )
        )

    def _settings(self, settings: Mapping[str, Any]) -> str:
        """The digest of the settings that differ from the card's defaults, as keys have them: the version stands for
        the defaults, and a setting that was added later makes no difference. Neighbours mostly have the same ones."""
        if settings != self._last[0]:
            self._last = settings, digest(settings)
        return self._last[1]

    def columns(self) -> dict[str, NDArray[Any]]:
        """All columns but the axes."""
        types = {**IDENTITY, **OF_A_RUN}
        columns = zip(*self.rows, strict=True) if self.rows else ((),) * len(types)
        return {name: _typed(values, types[name]) for name, values in zip(types, columns, strict=True)}


class _Scores:
    """Columns of `scores`, gathered a record at a time. Metrics are kept once and referred to by number."""

    def __init__(self) -> None:
        self.run_of: list[int] = []
        self._columns: tuple[list[Any], ...] = tuple([] for _ in OF_A_SCORE)
        self._chances: list[float] = []
        self._metric_of: list[int] = []
        self._metrics: dict[tuple[Any, ...], int] = {}
        self._point_of: list[int] = []
        self._points: dict[tuple[tuple[str, Any], ...], int] = {}

    def add(self, run: int, content: Mapping[str, Any]) -> None:
        scores = content["scores"] + list(_validated(content))
        for name, column in zip(OF_A_SCORE, self._columns, strict=True):
            column.extend(map(itemgetter(name), scores))
        self._chances.extend(score.get("chance", math.nan) for score in scores)
        metrics, points = self._metrics, self._points
        number = {
            name: metrics.setdefault(_of_its_metric(entry), len(metrics)) for name, entry in content["metrics"].items()
        }
        self._metric_of += [number[score["metric"]] for score in scores]
        self._point_of += [points.setdefault(tuple(score["at"].items()), len(points)) for score in scores]
        self.run_of += [run] * len(scores)

    def columns(self) -> dict[str, NDArray[Any]]:
        """The columns that the runs do not have, but the axes."""
        own = {name: _typed(values, OF_A_SCORE[name]) for name, values in zip(OF_A_SCORE, self._columns, strict=True)}
        metrics = zip(*self._metrics, strict=True) if self._metrics else ((),) * len(OF_ITS_METRIC)
        of_its_metric = {
            name: _typed(values, OF_ITS_METRIC[name])[self._metric_of]
            for name, values in zip(OF_ITS_METRIC, metrics, strict=True)
        }
        chances = np.array(self._chances, dtype=np.float64)
        of_its_metric["chance"] = np.where(np.isnan(chances), of_its_metric["chance"], chances)
        return {**own, **of_its_metric}

    def axes(self) -> dict[str, NDArray[Any]]:
        """The axes of the points."""
        return {name: column[self._point_of] for name, column in _axes([dict(point) for point in self._points]).items()}


_of_its_metric = itemgetter(*OF_ITS_METRIC)


def _failure(failure: Mapping[str, str] | None) -> str:
    return Failure.model_validate(failure).text if failure else ""


def _validated(content: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """What the curve has of the validation split, as scores."""
    for point in content["curve"]:
        for name, value in point.items():
            metric = name.removeprefix(_VALIDATION)
            if metric != name and metric in content["metrics"]:
                at = {SPENT: point[SPENT]}
                yield {"metric": metric, "value": value, "n_used": 0, "n_expected": 0, "at": at}


def _typed(values: Sequence[Any], kind: type) -> NDArray[Any]:
    return np.array(values, dtype=object if kind is str else kind)


def _axes(places: Sequence[Mapping[str, Any]]) -> dict[str, NDArray[Any]]:
    """The columns `x.<axis>` of places [n], in order of name: numbers if they all are, NaN where there is no place."""
    columns = {}
    for axis in sorted(set().union(*places)):
        values = [place.get(axis, math.nan) for place in places]
        numbers = set(map(type, values)) <= {int, float, bool}
        columns[AXIS + axis] = np.array(values, dtype=np.float64 if numbers else object)
    return columns


def _over(places: NDArray[Any], points: NDArray[Any]) -> NDArray[Any]:
    import pandas as pd

    return np.where(pd.isna(points), places, points)
