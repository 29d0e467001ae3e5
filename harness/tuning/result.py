"""`TuningResult`: the scores of trials, which of them won, and the entry that is written of it."""

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import fmean

from harness.core.canonical import digest
from harness.core.errors import UserError
from harness.records.record import Record
from harness.records.store import Store
from harness.registry.tuned import TunedEntry
from harness.tuning.trials import Tuning

DIGITS = 6
"""Decimals of the score that is written: enough to compare. The digest covers all of them."""


@dataclass(frozen=True)
class TuningResult:
    """The stored records of an entrant's trials: for each trial one a seed, None where there is none."""

    tuning: Tuning
    records: tuple[tuple[Record | None, ...], ...]

    @staticmethod
    def of(tuning: Tuning, store: Store) -> "TuningResult":
        """The result as it is stored, whether of these trials or of earlier ones in their place."""
        records = (tuple(store.read(run.spec.place) for run in trial) for trial in tuning.trials)
        return TuningResult(tuning, tuple(records))

    @property
    def complete(self) -> bool:
        """Whether every run has its record."""
        keys = [[run.spec.key for run in trial] for trial in self.tuning.trials]
        return keys == [[record.key if record else "" for record in records] for records in self.records]

    @property
    def scores(self) -> list[float | None]:
        """The mean of the primary metric over the seeds, by trial; None where a run failed or diverged."""
        return [_mean(map(_score, records)) for records in self.records]

    @property
    def winner(self) -> int | None:
        """The trial with the best score, the earliest of equals; None if all failed.

        Where the best score is not above chance by the metric's margin, it was luck. Then the class defaults stay, if
        their trial did not fail.
        """
        job = self.tuning.job
        metric = job.card.metrics[job.resolved.primary]
        sign = 1 if metric.better == "higher" else -1
        ranked = [(sign * score, -number) for number, score in enumerate(self.scores) if score is not None]
        if not ranked:
            return None
        best, number = max(ranked)
        # Chance may depend on the data that were drawn, so the records are asked.
        finished = [record for records in self.records for record in records if record and record.status == "ok"]
        chance = _mean(record.metrics[record.primary].chance for record in finished)
        lucky = chance is not None and best - sign * chance <= (metric.margin or 0.0)
        return 0 if lucky and self.scores[0] is not None else -number

    @property
    def digest(self) -> str:
        """The digest of the trials: keys, statuses and scores."""
        return digest([[[r.key, r.status, _score(r)] if r else None for r in records] for records in self.records])

    def entry(self) -> TunedEntry | None:
        """The entry that is written of the result; None if no trial won."""
        winner, scores = self.winner, self.scores
        if winner is None or (score := scores[winner]) is None:
            return None
        job = self.tuning.job
        return TunedEntry(
            budget={job.spec.budget.unit: job.spec.budget.total},
            asked=self.tuning.asked,
            trials=len(self.tuning.trials),
            seeds=self.tuning.seeds,
            metric=job.resolved.primary,
            score=round(score, DIGITS),
            parameters=self.tuning.trials[winner][0].spec.parameters,
            digest=self.digest,
        )


def _mean(values: Iterable[float | None]) -> float | None:
    """The mean of the values; None if there are none, or if one of them is None."""
    numbers = list(values)
    known = [number for number in numbers if number is not None]
    return fmean(known) if known and len(known) == len(numbers) else None


def _score(record: Record | None) -> float | None:
    """A run's value of its primary metric, None if it failed or diverged. More than one value, or none, is a
    `UserError`: there would be nothing to choose by."""
    if record is None or record.status != "ok":
        return None
    values = [score.value for score in record.scores if score.metric == record.primary and not score.at]
    if len(values) != 1:
        raise UserError(
            f"the validation split of case {record.spec.case} of {record.spec.task} does not give one value of "
            f"'{record.primary}', so nothing can be tuned on it; tune on another case (--case)"
        )
    return values[0]
