"""The outcome of trials: their scores, which of them won, and what is written of it."""

from dataclasses import dataclass
from statistics import fmean

from harness.core.canonical import digest
from harness.core.card import Metric
from harness.core.errors import UserError
from harness.records.record import Record
from harness.records.store import Store
from harness.registry.tuned import TunedEntry
from harness.tuning.trials import Tuning

DIGITS = 6
"""Of the score that is written: enough to compare. The digest has all."""


@dataclass(frozen=True)
class TuningResult:
    """What became of an entrant's trials: for each its records by seed, None where there is none."""

    tuning: Tuning
    records: tuple[tuple[Record | None, ...], ...]

    @staticmethod
    def of(tuning: Tuning, store: Store) -> "TuningResult":
        """The outcome as it is stored, be it of these trials or of earlier ones in their place."""
        return TuningResult(
            tuning, tuple(tuple(store.read(run.job.spec.cell) for run in trial.runs) for trial in tuning.trials)
        )

    @property
    def complete(self) -> bool:
        """Whether every run has its record."""
        return all(
            record is not None and record.key == run.job.spec.key
            for trial, records in zip(self.tuning.trials, self.records, strict=True)
            for run, record in zip(trial.runs, records, strict=True)
        )

    @property
    def scores(self) -> list[float | None]:
        """The mean of the primary metric over the seeds, by trial; None where a run failed or diverged."""
        metric = self.tuning.resolved.primary
        return [_mean([_score(record, metric) for record in records]) for records in self.records]

    @property
    def winner(self) -> int | None:
        """The trial with the best score, the earliest of equals; None if all failed.

        The best that is not above chance by the metric's margin won by luck: then the class defaults stay, if their
        trial did not fail.
        """
        sign = 1 if self._metric.better == "higher" else -1
        ranked = [(sign * score, -number) for number, score in enumerate(self.scores) if score is not None]
        if not ranked:
            return None
        best, number = max(ranked)
        lucky = self._chance is not None and best - sign * self._chance <= (self._metric.margin or 0.0)
        return 0 if lucky and self.scores[0] is not None else -number

    @property
    def digest(self) -> str:
        """The digest of the trials: keys, statuses and scores."""
        metric = self.tuning.resolved.primary
        return digest(
            [[[r.key, r.status, _score(r, metric)] if r else None for r in records] for records in self.records]
        )

    def entry(self) -> TunedEntry | None:
        """What is written of the outcome; None if no trial won."""
        if self.winner is None:
            return None
        tuning, score = self.tuning, self.scores[self.winner]
        assert score is not None
        return TunedEntry(
            budget={tuning.budget.unit: tuning.budget.total},
            asked=tuning.asked,
            trials=len(tuning.trials),
            seeds=tuning.seeds,
            metric=tuning.resolved.primary,
            score=round(score, DIGITS),
            parameters=tuning.trials[self.winner].runs[0].job.spec.parameters,
            digest=self.digest,
        )

    @property
    def _metric(self) -> Metric:
        return self.tuning.card.metrics[self.tuning.resolved.primary]

    @property
    def _chance(self) -> float | None:
        """What guessing scores, on average over the records: it may depend on the data that were drawn."""
        finished = [record for records in self.records for record in records if record and record.status == "ok"]
        return _mean([record.metrics[self.tuning.resolved.primary].chance for record in finished])


def _mean(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if known and len(known) == len(values) else None


def _score(record: Record | None, metric: str) -> float | None:
    """A run's score, None if it failed or diverged. Scored otherwise than by one value of the metric, it is a
    `UserError`: there would be nothing to choose by."""
    if record is None or record.status != "ok":
        return None
    values = [score.value for score in record.scores if score.metric == metric and not score.at]
    if len(values) != 1:
        raise UserError(
            f"the validation split of case {record.spec.case} of {record.spec.task} does not give one value of "
            f"'{metric}', so nothing can be tuned on it; tune on another case (--case)"
        )
    return values[0]
