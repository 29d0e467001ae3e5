"""Contrasts: the scores of two entrants over the same seeds, cell by cell, or why they cannot be compared."""

from collections.abc import Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from harness.claims.conditions import Condition, literals, matches, spelled
from harness.core.spec import entrant_in
from harness.records.comparable import COLUMNS, find_difference
from harness.records.record import SCORED
from harness.records.scored import AXIS, SPENT, Scored
from harness.stats.estimands import NotAssessable, Side

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Query:
    """Which scores are compared: a metric of a task at a tier, where the conditions on the axes hold.

    `x` is an axis that keeps its numbers, for slopes. `curve` asks for the scores along the budget.
    """

    task: str
    tier: str
    metric: str
    where: Mapping[str, Condition] = field(default_factory=dict)
    x: str = ""
    curve: bool = False

    @property
    def axes(self) -> set[str]:
        """The axes that the query names."""
        return {*self.where, self.axis} - {""}

    @property
    def axis(self) -> str:
        """The axis along which numbers are kept."""
        return SPENT if self.curve else self.x


@dataclass(frozen=True)
class Contrast:
    """Comparable scores of `of` and, if there is an opponent, of `over`; `runs` has the records they come from.

    With `curve`, x is the budget spent.
    """

    of: Side
    over: Side | None
    runs: "pd.DataFrame"
    curve: bool = False

    @property
    def sides(self) -> tuple[Side, ...]:
        """The one or two sides."""
        return (self.of,) if self.over is None else (self.of, self.over)

    @property
    def comparison(self) -> Literal["controlled", "controlled, each tuned by itself", "system comparison", ""]:
        """`controlled` if both sides descend from one component; empty without an opponent."""
        if self.over is None:
            return ""
        components = set(self.runs["component"])
        if len(components) != 1 or "" in components:
            return "system comparison"
        tuned = self.runs["entrant"][(self.runs["trials"] > 1).to_numpy()].nunique() > 1
        return "controlled, each tuned by itself" if tuned else "controlled"


class Scope:
    """What a query reaches in the frames."""

    def __init__(
        self, scored: Scored, query: Query, planned: Mapping[str, AbstractSet[str]] = MappingProxyType({})
    ) -> None:
        """`planned` has the cases of the tier, and who takes part in each."""
        self.query = query
        self._planned = planned
        self._of_task = scored.of(query.task, query.tier)
        self.runs = _plain(self._of_task.runs).sort_values(["label", "case", "seed"])
        self._parameters: dict[str, set[str]] = {}
        for entrant, chosen in zip(self.runs["entrant"], self.runs["chosen"], strict=True):
            self._parameters.setdefault(entrant, set()).update(chosen)
        rows = self._of_task.curves if query.curve else self._of_task.scores
        rows = _plain(rows[(rows["metric"] == query.metric).to_numpy()])
        self._rows = with_cells(rows, self.runs, query.axis, set().union(*self._parameters.values()))

    def scores(self, metric: str) -> "pd.DataFrame":
        """Every final score of a metric within the query's task and tier."""
        scores = self._of_task.scores
        return _plain(scores[(scores["metric"] == metric).to_numpy()])

    def contrast(self, of: str, over: str | None = None) -> Contrast:
        """The complete, comparable scores of two entrants. Raises `NotAssessable`, which names what is missing."""
        names = [of] if over is None else [of, over]
        runs = [self._runs_of(name) for name in names]
        cases = self._needed_cases(names, runs)
        self._refuse_gaps(names, runs, cases)
        runs = [own[own["case"].isin(cases).to_numpy()] for own in runs]
        rows = [self._rows_of(name, own) for name, own in zip(names, runs, strict=True)]
        used = _stacked(runs)
        for name, own in zip(names, rows, strict=True):
            self._refuse_unsound(name, own)
        self._refuse_mixed(used, timed=any(bool(own["timing"].any()) for own in rows))
        sides = [Side(name, own) for name, own in zip(names, rows, strict=True)]
        return Contrast(sides[0], sides[1] if over is not None else None, used, self.query.curve)

    def _runs_of(self, name: str) -> "pd.DataFrame":
        """The records of an entrant that the query names: with exactly its parameters if `name` gives them, else
        without parameters from outside, except those that are axes of the query."""
        if "[" in name:
            mine = self.runs[(self.runs["label"] == name).to_numpy()]
        else:
            mine = self.runs[(self.runs["entrant"] == name).to_numpy()]
            mine = mine[np.array([chosen <= self.query.axes for chosen in mine["chosen"]], dtype=bool)]
        own = self._own_parameters(name)
        keep = np.ones(len(mine), dtype=bool)
        for axis, condition in self.query.where.items():
            values = mine.get("case" if axis == "case" else AXIS + axis)
            if values is not None:
                # What a record does not fix may be a point of its measurement, unless the entrant fixes it elsewhere.
                free = values.isna().to_numpy() & (axis not in own)
                keep &= matches(values, condition) | free
        if self.query.x in own:
            keep &= mine[AXIS + self.query.x].notna().to_numpy()
        # A parameter that is set to its default is another label of the same run.
        return mine[keep].drop_duplicates("key")

    def _own_parameters(self, name: str) -> AbstractSet[str]:
        return self._parameters.get(entrant_in(name), set())

    def _is_parameter(self, axis: str) -> bool:
        return any(axis in names for names in self._parameters.values())

    def _needed_cases(self, names: Sequence[str], runs: Sequence["pd.DataFrame"]) -> set[str]:
        """The cases of either side, and those planned for both, in which the metric is measured; and those that the
        query names outright.

        A case without one finished record may measure it: it is needed until a record shows that it does not.
        """
        rows = self._rows[(self._rows["status"] == "ok").to_numpy()]
        for axis, condition in self.query.where.items():
            if not self._is_parameter(axis):
                rows = rows[_fulfilled(rows, axis, condition)]
        measured = set(rows["case"])
        finished = set(self.runs["case"][(self.runs["status"] == "ok").to_numpy()])
        there = {case for own in runs for case in own["case"]} | self._planned_for(names)
        named = literals(self.query.where["case"]) if "case" in self.query.where else set()
        return named | {case for case in there if case in measured or case not in finished}

    def _planned_for(self, names: Sequence[str]) -> set[str]:
        """The planned cases that the query reaches and all of `names` take part in; along an axis those it asks for."""
        import pandas as pd

        entrants = {entrant_in(name) for name in names}
        cases = pd.Series([case for case, there in self._planned.items() if entrants <= there], dtype=object)
        if "case" in self.query.where:
            return set(cases[matches(cases, self.query.where["case"])])
        return set() if self.query.axis else set(cases)

    def _refuse_gaps(self, names: Sequence[str], runs: Sequence["pd.DataFrame"], cases: AbstractSet[str]) -> None:
        for name, own in zip(names, runs, strict=True):
            if own.empty:
                raise NotAssessable(f"no record of {name}{self._restriction()}")
        if not cases:
            raise NotAssessable(f"{self.query.metric} was not measured{self._restriction()}")
        seeds = sorted({int(seed) for own in runs for seed in own["seed"][own["case"].isin(cases)]})
        gaps: dict[tuple[str, str], list[int]] = {}
        for own in runs:
            states = {
                (label, case, seed): state
                for label, case, seed, *state in zip(
                    own["label"], own["case"], own["seed"], own["status"], own["error"], strict=True
                )
            }
            for label in own["label"].unique():
                for case in sorted(cases):
                    for seed in seeds:
                        status, error = states.get((label, case, seed), ("no record", ""))
                        if status not in SCORED:
                            what = f"{status} ({error})" if error else status
                            gaps.setdefault((f"{label}, case {case}", what), []).append(seed)
        if gaps:
            (where, what), missing = next(iter(gaps.items()))
            more = f" (and {len(gaps) - 1} more gaps)" if len(gaps) > 1 else ""
            plural = "seeds" if len(missing) > 1 else "seed"
            raise NotAssessable(f"{where}, {plural} {', '.join(map(str, missing))}: {what}{more}")

    def _rows_of(self, name: str, runs: "pd.DataFrame") -> "pd.DataFrame":
        rows = self._rows[self._rows["path"].isin(runs["path"]).to_numpy()]
        own = self._own_parameters(name)
        for axis, condition in self.query.where.items():
            if axis in own or not self._is_parameter(axis):
                rows = rows[_fulfilled(rows, axis, condition)]
        if self.query.axis:
            column = rows.get(AXIS + self.query.axis)
            rows = rows.iloc[:0] if column is None else rows[column.notna().to_numpy()]
            if rows["x"].isna().any():
                raise NotAssessable(f"{self.query.axis} is not a number everywhere")
        if rows.empty:
            raise NotAssessable(f"{name} has no {self.query.metric}{self._restriction()}")
        return rows

    def _refuse_unsound(self, name: str, rows: "pd.DataFrame") -> None:
        for bad, why in (
            (
                rows["timing"].to_numpy(dtype=bool) & rows["contended"].to_numpy(dtype=bool),
                "was timed beside a neighbour",
            ),
            (rows["value"].isna().to_numpy(), f"has no value of {self.query.metric} (NaN)"),
        ):
            if bad.any():
                first = rows[bad].iloc[0]
                raise NotAssessable(f"{name} {why} in case {first['case']}, seed {first['seed']} ({first['status']})")

    def _refuse_mixed(self, used: "pd.DataFrame", timed: bool) -> None:
        difference = find_difference({name: used[name].tolist() for name in COLUMNS}, timed=timed)
        if difference is not None:
            place = "".join(f", {name} {value}" for name, value in difference.place.items())
            values = " and ".join(" ".join(map(str, value)) for value in list(difference.runs)[:2])
            raise NotAssessable(f"the records differ in {difference.what}{place}: {values}")

    def _restriction(self) -> str:
        where = f" where {spelled(self.query.where)}" if self.query.where else ""
        along = " along the budget" if self.query.curve else f" along {self.query.x}" if self.query.x else ""
        return f"{along}{where} at tier {self.query.tier}"


def _plain(rows: "pd.DataFrame") -> "pd.DataFrame":
    """The rows with their categories as texts: on few rows these are faster to compare and to group by."""
    texts = [name for name, dtype in rows.dtypes.items() if dtype == "category"]
    return rows.astype(dict.fromkeys(texts, object))


def _fulfilled(rows: "pd.DataFrame", axis: str, condition: Condition) -> "np.ndarray[Any, np.dtype[np.bool_]]":
    column = rows.get("case" if axis == "case" else AXIS + axis)
    return np.zeros(len(rows), dtype=bool) if column is None else matches(column, condition)


def _stacked(runs: Sequence["pd.DataFrame"]) -> "pd.DataFrame":
    import pandas as pd

    return pd.concat(runs).drop_duplicates("path")


def with_cells(rows: "pd.DataFrame", runs: "pd.DataFrame", axis: str, parameters: Collection[str]) -> "pd.DataFrame":
    """Score `rows` with the columns `cell` and `x` (0 where `axis` is empty), given the records (`runs`) of their task.

    A cell is named by its case and by its point. A case that stands for a place on the axis is named by its other
    places instead, so that what is one curve on the axis is one cell. `parameters` are the axes that entrants fix and
    cases do not.
    """
    import pandas as pd

    along = AXIS + axis
    axes = [name for name in runs.columns if name.startswith(AXIS)]
    names = {
        case: _name(runs.loc[(runs["case"] == case).to_numpy(), axes], case, along, axis in parameters)
        for case in rows["case"].unique()
    }
    cells = [
        ", ".join([names[case], *(_spelled(name, value) for name, value in sorted(point) if name not in (axis, SPENT))])
        for case, point in zip(rows["case"], rows["point"], strict=True)
    ]
    return rows.assign(cell=cells, x=pd.to_numeric(rows[along], errors="coerce") if along in rows else 0.0)


def _name(places: "pd.DataFrame", case: str, along: str, is_parameter: bool) -> str:
    """What a case is called, given the places [records, axes] that its records fix."""
    if is_parameter or along not in places or places[along].isna().any():
        return f"case {case}"
    agreed = [name for name in sorted(places.columns) if name != along and places[name].notna().all()]
    words = [_spelled(name.removeprefix(AXIS), places[name].iloc[0]) for name in agreed if places[name].nunique() == 1]
    return ", ".join(words) or "all cases"


def _spelled(axis: str, value: Any) -> str:
    return f"{axis} = {f'{value:g}' if isinstance(value, float) else value}"
