"""Comparisons: the scores of two entrants over the same seeds, cell by cell, or why they cannot be compared."""

import itertools
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from harness.claims.claim import Part
from harness.claims.conditions import Condition, holds, literals, narrowed, spelled
from harness.claims.requirements import Requirements, seeds_of_all
from harness.core.spec import entrant_in
from harness.core.words import counted, seeds_in_words
from harness.records.comparable import find_difference
from harness.records.record import SCORED
from harness.records.scored import SPENT, RunRow, ScoreRow, TaskScores
from harness.stats.estimands import Estimand, NotAssessable, Side

if TYPE_CHECKING:
    import pandas as pd

Runs: TypeAlias = Sequence[RunRow]


class Comparison(NamedTuple):
    """Comparable scores of a method and of its opponent (None where the estimand has none); `runs_by_side` has the
    records that they come from, `where` the part's conditions, without alternatives that no score fulfils."""

    method: Side
    opponent: Side | None
    runs_by_side: tuple[Runs, ...]
    where: Mapping[str, Condition]

    @property
    def sides(self) -> tuple[Side, ...]:
        """The one or two sides."""
        return (self.method,) if self.opponent is None else (self.method, self.opponent)

    @property
    def runs(self) -> Runs:
        """The runs of both sides; a run that is on both is there once."""
        return list({run.path: run for runs in self.runs_by_side for run in runs}.values())

    @property
    def design(self) -> str:
        """`controlled` if both sides descend from one component and had as many tuning trials in every case; else what
        differs; empty without an opponent."""
        if self.opponent is None:
            return ""
        components = {run.component for run in self.runs}
        if len(components) != 1 or "" in components:
            return "system comparison"
        trials = [sorted({(run.case, run.trials) for run in runs}) for runs in self.runs_by_side]
        if trials[0] == trials[1]:
            return "controlled"
        numbers = (" or ".join(map(str, sorted({n for _, n in of_side}))) for of_side in trials)
        told = " and ".join(f"{given} for {side.label}" for side, given in zip(self.sides, numbers, strict=True))
        return f"one component, but tuning trials: {told}"


def final_rows(side: Side, estimand: Estimand) -> "pd.DataFrame":
    """The rows of a side that are final scores: where an estimand is about curves, their last points."""
    if estimand.name != "steps_ratio":
        return side.rows
    return side.rows.sort_values("x").groupby(["seed", "cell"]).tail(1).assign(x=0.0)


class PartScores:
    """The runs and the scores that a part of a claim may use: those of its task at a tier."""

    def __init__(self, scores: TaskScores, part: Part, tier: str, required: Requirements) -> None:
        self._part, self._tier, self._required = part, tier, required

        def is_judged(run: RunRow) -> bool:
            return run.case not in required.seeds or run.seed in required.seeds[run.case]

        self._runs = sorted(filter(is_judged, scores.runs), key=lambda run: (run.label, run.case, run.seed))
        rows = scores.curves if part.is_along_the_budget else scores.scores
        self._scores = [score for score in rows if score.metric == part.metric and is_judged(score.run)]
        # The parameters that some run of an entrant sets from outside, and those of all entrants.
        self._parameters: dict[str, set[str]] = defaultdict(set)
        for run in self._runs:
            self._parameters[run.entrant] |= run.chosen
        self._all_parameters = set().union(*self._parameters.values())

    def compare(self, opponent: str | None) -> Comparison:
        """The complete, comparable scores of the part's method and an opponent. Raises `NotAssessable`, which names
        what is missing."""
        names = [self._part.of] if opponent is None else [self._part.of, opponent]
        runs = {name: self._runs_of(name) for name in names}
        cases = self._needed_cases(runs)
        found = {run.seed for of_entrant in runs.values() for run in of_entrant if run.case in cases}
        seeds = seeds_of_all(cases, self._required.seeds) or sorted(found)
        self._refuse_gaps(runs, cases, seeds)
        runs = {
            name: [run for run in of_entrant if run.case in cases and run.seed in seeds]
            for name, of_entrant in runs.items()
        }
        scores = {name: self._scores_of(name, of_entrant) for name, of_entrant in runs.items()}
        used = list({run.path: run for of_entrant in runs.values() for run in of_entrant}.values())
        timed = any(score.timing for of_entrant in scores.values() for score in of_entrant)
        if difference := find_difference(used, timed=timed, made_alike=True):
            values = " and ".join(" ".join(map(str, value)) for value in list(difference.runs)[:2])
            raise NotAssessable(f"the records differ in {difference.text}: {values}")
        sides = [Side(name, self._frame(of_entrant)) for name, of_entrant in scores.items()]
        places = [{**score.at, "case": score.run.case} for of_entrant in scores.values() for score in of_entrant]
        where = {
            axis: narrowed(condition, [place[axis] for place in places if axis in place])
            for axis, condition in self._part.where.items()
        }
        return Comparison(sides[0], sides[1] if opponent is not None else None, tuple(runs.values()), where)

    def _runs_of(self, name: str) -> Runs:
        """The runs of an entrant that the part means: with exactly its parameters if `name` gives them, else without
        parameters from outside, except those that are axes of the part."""
        part, parameters = self._part, self._parameters[entrant_in(name)]
        by_key: dict[str, RunRow] = {}
        for run in self._runs:
            is_named = run.label == name if "[" in name else run.entrant == name and run.chosen <= part.axes
            place = {**run.at, "case": run.case}
            # An axis that a run does not fix may be a point of its measurement, unless the entrant sets it.
            is_within = all(
                holds(place[axis], condition) if axis in place else axis not in parameters
                for axis, condition in part.where.items()
            )
            if is_named and is_within and (part.x not in parameters or part.x in place):
                # A parameter that is set to its default is another label of the same run.
                by_key.setdefault(run.key, run)
        return list(by_key.values())

    def _fulfilling(self, axes: Iterable[str]) -> list[ScoreRow]:
        """The scores that fulfil the part's conditions on some axes."""
        where = {axis: self._part.where[axis] for axis in axes}
        places = ({**score.at, "case": score.run.case} for score in self._scores)
        return [
            score
            for score, place in zip(self._scores, places, strict=True)
            if all(holds(place.get(axis), condition) for axis, condition in where.items())
        ]

    def _needed_cases(self, runs: Mapping[str, Runs]) -> set[str]:
        """The cases of either side, and those planned for both, in which the metric is measured; and those that the
        part names, as far as the tier has any of them: a claim on several tiers names the cases of all.

        A case without any finished record may measure it: it is needed until a record shows that it does not.
        """
        where, entrants = self._part.where, {entrant_in(name) for name in runs}
        scores = self._fulfilling(axis for axis in where if axis not in self._all_parameters)
        measured = {score.run.case for score in scores if score.run.status == "ok"}
        finished = {run.case for run in self._runs if run.status == "ok"}
        cases = {run.case for of_entrant in runs.values() for run in of_entrant}
        for case, planned in self._required.planned.items():
            if entrants <= planned.takers and self._is_about({**planned.at, "case": case}):
                cases.add(case)
        named = literals(where["case"]) if "case" in where else set()
        needed = named & self._required.planned_seeds.keys() or named
        return needed | {case for case in cases if case in measured or case not in finished}

    def _is_about(self, place: Mapping[str, Any]) -> bool:
        """Whether the part is about a planned case, given its place. Along an axis that some cases have a place on, it
        is about these alone; along an axis of parameters or points, about those that it names."""
        x, where = self._part.x, self._part.where
        if not all(holds(place[axis], condition) for axis, condition in where.items() if axis in place):
            return False
        if any(x in planned.at for planned in self._required.planned.values()):
            return x in place
        return not x or "case" in where

    def _refuse_gaps(self, runs: Mapping[str, Runs], cases: AbstractSet[str], seeds: Sequence[int]) -> None:
        for name, of_entrant in runs.items():
            if not of_entrant:
                raise NotAssessable(f"no record of {name}{self._restriction()}")
        if not cases:
            raise NotAssessable(f"{self._part.metric} was not measured{self._restriction()}")
        gaps: dict[tuple[str, str, str], list[int]] = {}
        for of_entrant in runs.values():
            by_cell = {(run.label, run.case, run.seed): run for run in of_entrant}
            labels = dict.fromkeys(run.label for run in of_entrant)
            for label, case, seed in itertools.product(labels, sorted(cases), seeds):
                if gap := _gap(by_cell.get((label, case, seed))):
                    gaps.setdefault((label, case, gap), []).append(seed)
        if gaps:
            (label, case, gap), missing = next(iter(gaps.items()))
            more = f" (and {counted(len(gaps) - 1, 'more gap')})" if len(gaps) > 1 else ""
            raise NotAssessable(f"{label}, case {case}, {seeds_in_words(missing)}: {gap}{more}")

    def _scores_of(self, name: str, runs: Runs) -> list[ScoreRow]:
        """The scores of an entrant's runs that the part means."""
        part, parameters, paths = self._part, self._parameters[entrant_in(name)], {run.path for run in runs}
        axes = [axis for axis in part.where if axis in parameters or axis not in self._all_parameters]
        scores = [score for score in self._fulfilling(axes) if score.path in paths]
        if part.axis:
            scores = [score for score in scores if part.axis in score.at]
            if any(isinstance(score.at[part.axis], str) for score in scores):
                raise NotAssessable(f"{part.axis} is not a number everywhere")
        if not scores:
            raise NotAssessable(f"{name} has no {part.metric}{self._restriction()}")
        for score in scores:
            is_contended = score.timing and score.run.contended
            if is_contended or math.isnan(score.value):
                why = "was timed beside another run" if is_contended else f"has no value of {part.metric} (NaN)"
                run = score.run
                raise NotAssessable(f"{name} {why} in case {run.case}, seed {run.seed} ({run.status})")
        return scores

    def _restriction(self) -> str:
        part = self._part
        where = f" where {spelled(part.where)}" if part.where else ""
        along = " along the budget" if part.is_along_the_budget else f" along {part.x}" if part.x else ""
        return f"{along}{where} at tier {self._tier}"

    def _frame(self, scores: Sequence[ScoreRow]) -> "pd.DataFrame":
        """The scores [n] as `Side` wants them: with the columns `cell` and `x` (0 where there is no axis).

        A cell is named by its case and by its point. A case that is a place on the axis is named by its other places
        instead, so that the cases along the axis form one cell.
        """
        import pandas as pd

        axis = self._part.axis
        names = {case: self._cell_name(case) for case in {score.run.case for score in scores}}
        cells = []
        for score in scores:
            point = [_spelled(name, value) for name, value in sorted(score.point) if name not in (axis, SPENT)]
            cells.append(", ".join([names[score.run.case], *point]))
        return pd.DataFrame(scores, columns=ScoreRow._fields).assign(
            cell=cells,
            x=[float(score.at[axis]) if axis else 0.0 for score in scores],
            **{name: [getattr(score.run, name) for score in scores] for name in ("seed", "case", "status", "path")},
        )

    def _cell_name(self, case: str) -> str:
        """What the cell of a case is called, given the places that its records fix."""
        axis, places = self._part.axis, [run.at for run in self._runs if run.case == case]
        if axis in self._all_parameters or not all(axis in place for place in places):
            return f"case {case}"
        agreed = {name: value for name, value in sorted(places[0].items()) if name != axis}
        words = [
            _spelled(name, value) for name, value in agreed.items() if all(place.get(name) == value for place in places)
        ]
        return ", ".join(words) or "all cases"


def _gap(run: RunRow | None) -> str:
    """Why a run has no scores, "" if it has."""
    if run is None:
        return "no record"
    if run.status in SCORED:
        return ""
    return f"{run.status} ({run.error})" if run.error else run.status


def _spelled(axis: str, value: float | str) -> str:
    return f"{axis} = {f'{value:g}' if isinstance(value, float) else value}"
