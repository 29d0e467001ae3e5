"""Smoke runs: those of the first seed, with no parameter set from outside."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from harness.core.spec import Spec
from harness.records.environment import describe_environment
from harness.records.record import Record, RecordedScore
from harness.records.store import Store
from harness.registry.find import Registry
from harness.runs.executors.local import LocalExecutor
from harness.runs.plan import Planner
from harness.runs.selection import Selection


def smoke_specs(registry: Registry, task: str, entrants: Sequence[str]) -> list[Spec]:
    """The smoke runs of some entrants of a task; nothing runs."""
    plan = Planner(registry, Store(Path()), read=False).plan(_selection(task, entrants))
    return [run.spec for run in plan.runs]


def run_smoke(
    registry: Registry,
    task: str,
    entrants: Sequence[str],
    results: Path,
    *,
    workers: int = 1,
    limit_s: float | None = None,
    cases: Sequence[str] = (),
    keeps_predictions: bool = False,
) -> list[Record]:
    """Do the smoke runs of some entrants of a task, in some cases (none = all), and return their records, in order of
    path. Each run is stopped after the tier's limit, or after `limit_s` where that is shorter. An unknown case is a
    `UserError`."""
    store = Store(results)
    plan = Planner(registry, store, describe_environment()).plan(_selection(task, entrants, cases))
    LocalExecutor(workers).run(
        replace(run, limit_s=min(run.limit_s, limit_s or run.limit_s), keeps_predictions=keeps_predictions)
        for run in plan.runs
    )
    return list(store.all())


def _selection(task: str, entrants: Sequence[str], cases: Sequence[str] = ()) -> Selection:
    return Selection(tier="smoke", tasks=[task], cases=cases, entrants=entrants, seeds=1)


def untimed_scores(record: Record) -> dict[str, float]:
    """All scores of a record but its timings, by metric and point of measurement: `code_spearman (k=4, set=atlas)`."""
    return {_named(score): score.value for score in record.scores if not record.metrics[score.metric].timing}


def _named(score: RecordedScore) -> str:
    point = [f"{axis}={value if isinstance(value, str) else f'{value:g}'}" for axis, value in sorted(score.at.items())]
    return f"{score.metric} ({', '.join(point)})" if point else score.metric
