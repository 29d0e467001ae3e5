"""What tables and figures are made of: the results of a task at a tier, and what a plan expects of them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple

from harness.claims.conditions import Condition, holds
from harness.core.entrant import EntrantKind
from harness.core.spec import entrant_in, set_in
from harness.records.scored import RunRow, Scored, ScoreRow, TaskScores
from harness.runs.plan import Plan


class RunsAndScores(NamedTuple):
    """Runs, and their scores on one metric."""

    runs: Sequence[RunRow]
    scores: Sequence[ScoreRow]

    def leaving_out(self, parameters: Collection[str]) -> "RunsAndScores":
        """Those of the runs that set none of these parameters from outside."""
        return RunsAndScores(
            [run for run in self.runs if run.chosen.isdisjoint(parameters)],
            [score for score in self.scores if score.run.chosen.isdisjoint(parameters)],
        )


class TaskResults:
    """The runs and the final scores of a task at a tier, in order of path. `seeds` keeps so many from `first_seed` on,
    `cases` those named, `entrants` those with such a label or of such an entrant (none = all)."""

    def __init__(
        self,
        scored: Scored,
        task: str,
        tier: str,
        seeds: int | None = None,
        cases: Collection[str] = (),
        first_seed: int = 0,
        entrants: Collection[str] = (),
    ) -> None:
        def is_kept(run: RunRow) -> bool:
            is_asked_for = first_seed <= run.seed and (seeds is None or run.seed < first_seed + seeds)
            is_named = not entrants or not {run.label, run.entrant}.isdisjoint(entrants)
            return is_asked_for and is_named and (not cases or run.case in cases)

        of_task = scored.get((task, tier), TaskScores())
        self.tier = tier
        self.runs = [run for run in of_task.runs if is_kept(run)]
        self.cases = {run.case for run in self.runs}
        self._scores = [score for score in of_task.scores if is_kept(score.run)]

    @property
    def kinds(self) -> dict[str, EntrantKind]:
        """The kind of each label with records."""
        return {run.label: run.kind for run in self.runs}

    def scores(self, metric: str, where: Mapping[str, Condition] | None = None) -> list[ScoreRow]:
        """Every final score on a metric at the points that fulfil the conditions. The chance score of a diverged run
        has no point if its case has no finished run; it fulfils all conditions."""
        scores = [score for score in self._scores if score.metric == metric]
        for axis, condition in (where or {}).items():
            scores = [
                score
                for score in scores
                if (holds(score.at[axis], condition) if axis in score.at else score.run.status == "diverged")
            ]
        return scores

    def axes(self, metric: str, cases: Collection[str]) -> set[str]:
        """The axes that the final scores on a metric lie on."""
        return {axis for score in self.scores(metric) if score.run.case in cases for axis in score.at}

    def select(
        self,
        metric: str,
        cases: Collection[str],
        column: str = "case",
        by: str | None = None,
        where: Mapping[str, Condition] | None = None,
    ) -> RunsAndScores:
        """What a table of these cases and this metric over the axis `column`, or over `by`, shows.

        With `by`, runs and scores without a place on that axis are left out. Scores that also lie on further axes are
        shown only where their case has no scores without these. A failed run has no points: it stays if others of its
        case do.
        """
        runs = [run for run in self.runs if run.case in cases]
        scores = [score for score in self.scores(metric, where) if score.run.case in cases]
        if by is not None and by != "case":
            measured = {score.run.case for score in scores if by in dict(score.point)}
            runs = [run for run in runs if by in run.at or run.case in measured]
            scores = [score for score in scores if by in score.at]
        return RunsAndScores(runs, _on_fewest_axes(scores, by or column))


def _on_fewest_axes(scores: Sequence[ScoreRow], column: str) -> list[ScoreRow]:
    """The scores that lie on as few axes beside `column` as any finished run's score of their case."""
    counts = [sum(axis != column for axis, _ in score.point) for score in scores]
    fewest: dict[str, int] = {}
    for score, count in zip(scores, counts, strict=True):
        if score.run.status == "ok":
            fewest[score.run.case] = min(count, fewest.get(score.run.case, count))
    return [score for score, count in zip(scores, counts, strict=True) if count == fewest.get(score.run.case, count)]


@dataclass(frozen=True)
class ExpectedRuns:
    """All that is planned for a task at a tier.

    `keys` has the key of every planned run by case, label and seed (a record with another key is stale; "" = any key
    will do), `kinds` the kind of every planned label, `inapplicable` why an entrant takes no part in a case, by case
    and entrant.
    """

    keys: Mapping[tuple[str, str, int], str]
    kinds: Mapping[str, EntrantKind]
    inapplicable: Mapping[tuple[str, str], str] = field(default_factory=dict)

    @cached_property
    def cells(self) -> frozenset[tuple[str, str]]:
        """The cells, by case and label, for which a run is planned."""
        return frozenset((case, label) for case, label, _ in self.keys)

    def leaving_out(self, parameters: Collection[str]) -> "ExpectedRuns":
        """What is expected without the runs that set one of these parameters from outside."""
        keys = {run: key for run, key in self.keys.items() if not set(parameters).intersection(set_in(run[1]))}
        return replace(self, keys=keys)

    def keeping(self, entrants: Collection[str]) -> "ExpectedRuns":
        """What is expected of some labels or entrants (none = all)."""
        if not entrants:
            return self
        keys = {run: key for run, key in self.keys.items() if not {run[1], entrant_in(run[1])}.isdisjoint(entrants)}
        labels = {label for _, label, _ in keys}
        kinds = {label: kind for label, kind in self.kinds.items() if label in labels}
        return replace(self, keys=keys, kinds=kinds)


def expected_of(plan: Plan, task: str, tier: str, *, any_key: bool = False) -> ExpectedRuns:
    """What a plan expects of a task's tables at a tier; with `any_key`, no record counts as stale."""
    jobs = [job for job in plan.runs if (job.spec.task, job.spec.tier) == (task, tier)]
    return ExpectedRuns(
        {(job.spec.case, job.spec.label, job.spec.seed): "" if any_key else job.spec.key for job in jobs},
        {job.spec.label: job.header.kind for job in jobs},
        {(skipped.case, skipped.entrant): skipped.why for skipped in plan.not_applicable if skipped.task == task},
    )
