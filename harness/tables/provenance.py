"""What a table or figure was made from: data, seeds, budget, machines, commits, and a digest that tells it is stale."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

from harness.core.canonical import digest
from harness.tables.columns import Layout
from harness.tables.results import RunRow
from harness.tables.table import Provenance


def provenance_of(layout: Layout, subject: tuple[str, ...]) -> Provenance:
    """The provenance of a table about `subject`: its task, tier, metric and whatever else chose its records."""
    scores = [
        [path, position.case, [list(pair) for pair in position.at], None if math.isnan(score.value) else score.value]
        for position, by_path in layout.scores.items()
        for path, score in by_path.items()
    ]
    return provenance(layout.runs, scores, subject)


def provenance(runs: Sequence[RunRow], shown: Sequence[Any], subject: Iterable[Any]) -> Provenance:
    """The provenance of what is `shown` of runs, plain values without NaN; `subject` is what chose them."""
    budgets = {run.case: f"{run.budget:,} {run.unit}" for run in runs}
    alike = len(set(budgets.values())) == 1
    return Provenance(
        version=runs[0].version,
        data=_distinct(name for run in runs for name in _data_names(run.data)),
        seeds=tuple(sorted({run.seed for run in runs})),
        budget=_distinct(budgets.values()) if alike else tuple(f"{case} {text}" for case, text in budgets.items()),
        devices=_distinct(f"{run.device}, {run.threads} thread{'s' * (run.threads > 1)}" for run in runs),
        commits=_distinct(run.commit[:10] + " (dirty)" * run.dirty for run in runs if run.commit),
        records=len(runs),
        digest=digest([*subject, [_identity(run) for run in runs], list(shown)])[:16],
    )


def _identity(run: RunRow) -> list[str | int | float]:
    return [run.path, run.key, run.status, run.error, run.weights, run.trials, run.train_s]


def _data_names(data: str) -> Iterable[str]:
    """The names in a spec's data: `name:digest,...`, or `generated:generator`."""
    if data.startswith("generated:"):
        return [f"{data.partition(':')[2]} (generator)"]
    return [part.partition(":")[0] for part in data.split(",")]


def _distinct(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(texts)))
