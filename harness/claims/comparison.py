"""Comparisons: the scores of two entrants over the same seeds, cell by cell, or why they cannot be compared."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from harness.claims.claim import Part
from harness.claims.conditions import Condition, literals, matches, spelled
from harness.core.spec import entrant_in
from harness.core.words import seeds_in_words
from harness.records.comparable import find_difference
from harness.records.record import SCORED
from harness.records.scored import AXIS, SPENT, Scored
from harness.stats.estimands import NotAssessable, Side

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Comparison:
    """Comparable scores of a method and of its opponent (None where the estimand has none); `runs` has the records
    that they come from."""

    method: Side
    opponent: Side | None
    runs: "pd.DataFrame"

    @property
    def sides(self) -> tuple[Side, ...]:
        """The one or two sides."""
        return (self.method,) if self.opponent is None else (self.method, self.opponent)

    @property
    def design(self) -> Literal["controlled", "controlled, each tuned by itself", "system comparison", ""]:
        """`controlled` if both sides descend from one component; empty without an opponent."""
        if self.opponent is None:
            return ""
        components = set(self.runs["component"])
        if len(components) != 1 or "" in components:
            return "system comparison"
        tuned = self.runs["entrant"][(self.runs["trials"] > 1).to_numpy()].nunique() > 1
        return "controlled, each tuned by itself" if tuned else "controlled"


class PartScores:
    """The runs and the scores that a part of a claim may use: those of its task at a tier."""

    def __init__(self, scored: Scored, part: Part, tier: str, planned: Mapping[str, AbstractSet[str]]) -> None:
        """`planned` has the cases of the tier, and who takes part in each."""
        self._part, self._tier, self._planned = part, tier, planned
        of_task = scored.of(part.task, tier)
        self._final = of_task.scores
        self.runs = _plain(of_task.runs).sort_values(["label", "case", "seed"])
        self._parameters: dict[str, set[str]] = {}
        for entrant, chosen in zip(self.runs["entrant"], self.runs["chosen"], strict=True):
            self._parameters.setdefault(entrant, set()).update(chosen)
        scores = of_task.curves if part.is_along_the_budget else of_task.scores
        scores = _plain(scores[(scores["metric"] == part.metric).to_numpy()])
        self._scores = _with_cells(scores, self.runs, part.axis, self._is_parameter(part.axis))

    def final(self, metric: str) -> "pd.DataFrame":
        """Every final score on a metric of the part's task at the tier."""
        return _plain(self._final[(self._final["metric"] == metric).to_numpy()])

    def compare(self, opponent: str | None) -> Comparison:
        """The complete, comparable scores of the part's method and an opponent. Raises `NotAssessable`, which names
        what is missing."""
        import pandas as pd

        names = [self._part.of] if opponent is None else [self._part.of, opponent]
        runs = {name: self._runs_of(name) for name in names}
        cases = self._needed_cases(runs)
        self._refuse_gaps(runs, cases)
        runs = {name: of_entrant[of_entrant["case"].isin(cases).to_numpy()] for name, of_entrant in runs.items()}
        sides = [Side(name, self._scores_of(name, of_entrant)) for name, of_entrant in runs.items()]
        used = pd.concat(runs.values()).drop_duplicates("path")
        for side in sides:
            self._refuse_unsound(side)
        _refuse_mixed(used, timed=any(bool(side.rows["timing"].any()) for side in sides))
        return Comparison(sides[0], sides[1] if opponent is not None else None, used)

    def _runs_of(self, name: str) -> "pd.DataFrame":
        """The records of an entrant that the part means: with exactly its parameters if `name` gives them, else
        without parameters from outside, except those that are axes of the part."""
        where = self._part.where
        if "[" in name:
            runs = self.runs[(self.runs["label"] == name).to_numpy()]
        else:
            runs = self.runs[(self.runs["entrant"] == name).to_numpy()]
            runs = runs[np.array([chosen <= self._part.axes for chosen in runs["chosen"]], dtype=bool)]
        parameters = self._parameters_of(name)
        keep = np.ones(len(runs), dtype=bool)
        for axis, condition in where.items():
            values = runs.get(_column(axis))
            if values is not None:
                # The axis may be a point of a record's measurement, unless the entrant sets it as a parameter.
                keep &= matches(values, condition) | (values.isna().to_numpy() & (axis not in parameters))
        if self._part.x in parameters:
            keep &= runs[_column(self._part.x)].notna().to_numpy()
        # A parameter that is set to its default is another label of the same run.
        return runs[keep].drop_duplicates("key")

    def _parameters_of(self, name: str) -> AbstractSet[str]:
        """The parameters that some run of an entrant sets from outside."""
        return self._parameters.get(entrant_in(name), set())

    def _is_parameter(self, axis: str) -> bool:
        return any(axis in names for names in self._parameters.values())

    def _needed_cases(self, runs: "Mapping[str, pd.DataFrame]") -> set[str]:
        """The cases of either side, and those planned for both, in which the metric is measured; and those that the
        part names.

        A case without any finished record may measure it: it is needed until a record shows that it does not.
        """
        where = self._part.where
        finished_scores = self._scores[(self._scores["status"] == "ok").to_numpy()]
        for axis, condition in where.items():
            if not self._is_parameter(axis):
                finished_scores = _fulfilling(finished_scores, axis, condition)
        measured = set(finished_scores["case"])
        finished = set(self.runs["case"][(self.runs["status"] == "ok").to_numpy()])
        cases = {case for of_entrant in runs.values() for case in of_entrant["case"]} | self._planned_for(runs)
        named = literals(where["case"]) if "case" in where else set()
        return named | {case for case in cases if case in measured or case not in finished}

    def _planned_for(self, names: Mapping[str, Any]) -> set[str]:
        """The planned cases that the part means and in which all of `names` take part; along an axis only cases that
        the part asks for."""
        import pandas as pd

        entrants = {entrant_in(name) for name in names}
        cases = pd.Series([case for case, takers in self._planned.items() if entrants <= takers], dtype=object)
        if "case" in self._part.where:
            return set(cases[matches(cases, self._part.where["case"])])
        return set() if self._part.axis else set(cases)

    def _refuse_gaps(self, runs: "Mapping[str, pd.DataFrame]", cases: AbstractSet[str]) -> None:
        for name, of_entrant in runs.items():
            if of_entrant.empty:
                raise NotAssessable(f"no record of {name}{self._restriction()}")
        if not cases:
            raise NotAssessable(f"{self._part.metric} was not measured{self._restriction()}")
        seeds = sorted({int(seed) for own in runs.values() for seed in own["seed"][own["case"].isin(cases)]})
        gaps: dict[tuple[str, str, str], list[int]] = {}
        for of_entrant in runs.values():
            columns = (of_entrant[name] for name in ("label", "case", "seed", "status", "error"))
            outcomes = {(label, case, seed): rest for label, case, seed, *rest in zip(*columns, strict=True)}
            for label in of_entrant["label"].unique():
                for case in sorted(cases):
                    for seed in seeds:
                        status, error = outcomes.get((label, case, seed), ("no record", ""))
                        if status not in SCORED:
                            gaps.setdefault((label, case, f"{status} ({error})" if error else status), []).append(seed)
        if gaps:
            (label, case, what), missing = next(iter(gaps.items()))
            more = f" (and {len(gaps) - 1} more gap{'s' * (len(gaps) > 2)})" if len(gaps) > 1 else ""
            raise NotAssessable(f"{label}, case {case}, {seeds_in_words(missing)}: {what}{more}")

    def _scores_of(self, name: str, runs: "pd.DataFrame") -> "pd.DataFrame":
        """The scores of an entrant's runs that the part means."""
        part, parameters = self._part, self._parameters_of(name)
        scores = self._scores[self._scores["path"].isin(runs["path"]).to_numpy()]
        for axis, condition in part.where.items():
            if axis in parameters or not self._is_parameter(axis):
                scores = _fulfilling(scores, axis, condition)
        if part.axis:
            places = scores.get(_column(part.axis))
            scores = scores.iloc[:0] if places is None else scores[places.notna().to_numpy()]
            if scores["x"].isna().any():
                raise NotAssessable(f"{part.axis} is not a number everywhere")
        if scores.empty:
            raise NotAssessable(f"{name} has no {part.metric}{self._restriction()}")
        return scores

    def _refuse_unsound(self, side: Side) -> None:
        scores = side.rows
        contended = scores["timing"].to_numpy(dtype=bool) & scores["contended"].to_numpy(dtype=bool)
        for unsound, why in (
            (contended, "was timed beside another run"),
            (scores["value"].isna().to_numpy(), f"has no value of {self._part.metric} (NaN)"),
        ):
            if unsound.any():
                first = scores[unsound].iloc[0]
                raise NotAssessable(
                    f"{side.label} {why} in case {first['case']}, seed {first['seed']} ({first['status']})"
                )

    def _restriction(self) -> str:
        part = self._part
        where = f" where {spelled(part.where)}" if part.where else ""
        along = " along the budget" if part.is_along_the_budget else f" along {part.x}" if part.x else ""
        return f"{along}{where} at tier {self._tier}"


def _refuse_mixed(runs: "pd.DataFrame", *, timed: bool) -> None:
    difference = find_difference(runs.itertuples(), timed=timed)
    if difference is not None:
        place = "".join(f", {name} {value}" for name, value in difference.place.items())
        values = " and ".join(" ".join(map(str, value)) for value in list(difference.runs)[:2])
        raise NotAssessable(f"the records differ in {difference.what}{place}: {values}")


def _plain(rows: "pd.DataFrame") -> "pd.DataFrame":
    """The rows with their categories as texts: on few rows these are faster to compare and to group by."""
    texts = [name for name, dtype in rows.dtypes.items() if dtype == "category"]
    return rows.astype(dict.fromkeys(texts, object))


def _column(axis: str) -> str:
    """The column of an axis; claims write conditions on the case as if it were an axis."""
    return "case" if axis == "case" else AXIS + axis


def _fulfilling(rows: "pd.DataFrame", axis: str, condition: Condition) -> "pd.DataFrame":
    places = rows.get(_column(axis))
    return rows.iloc[:0] if places is None else rows[matches(places, condition)]


def _with_cells(scores: "pd.DataFrame", runs: "pd.DataFrame", axis: str, is_parameter: bool) -> "pd.DataFrame":
    """The scores with the columns `cell` and `x` (0 where `axis` is empty), given the records (`runs`) of their task.

    A cell is named by its case and by its point. A case that is a place on the axis is named by its other places
    instead, so that the cases along the axis form one cell. `is_parameter` says whether entrants set the axis
    themselves.
    """
    import pandas as pd

    along = AXIS + axis
    axes = [name for name in runs.columns if name.startswith(AXIS)]
    names = {
        case: _cell_name(runs.loc[(runs["case"] == case).to_numpy(), axes], case, along, is_parameter)
        for case in scores["case"].unique()
    }
    cells = [
        ", ".join([names[case], *(_place(name, value) for name, value in sorted(point) if name not in (axis, SPENT))])
        for case, point in zip(scores["case"], scores["point"], strict=True)
    ]
    return scores.assign(cell=cells, x=pd.to_numeric(scores[along], errors="coerce") if along in scores else 0.0)


def _cell_name(places: "pd.DataFrame", case: str, along: str, is_parameter: bool) -> str:
    """What the cell of a case is called, given the places [records, axes] that its records fix."""
    if is_parameter or along not in places or places[along].isna().any():
        return f"case {case}"
    agreed = [name for name in sorted(places.columns) if name != along and places[name].notna().all()]
    words = [_place(name.removeprefix(AXIS), places[name].iloc[0]) for name in agreed if places[name].nunique() == 1]
    return ", ".join(words) or "all cases"


def _place(axis: str, value: Any) -> str:
    return f"{axis} = {f'{value:g}' if isinstance(value, float) else value}"
