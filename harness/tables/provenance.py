"""What a table or figure was made from: data, seeds, budget, devices, commits, and a digest that tells whether a file
was made from other records."""

from collections.abc import Iterable, Sequence
from typing import Any

from harness.core.canonical import digest
from harness.core.words import counted
from harness.records.scored import RunRow
from harness.tables.table import Provenance


def provenance(runs: Sequence[RunRow], shown: Sequence[Any], subject: Iterable[Any]) -> Provenance:
    """The provenance of what is `shown` of runs, plain values without NaN; `subject` is what chose the runs."""
    budgets = {run.case: f"{run.budget:,} {run.unit}" for run in runs}
    alike = len(set(budgets.values())) == 1
    identities = [[run.path, run.key, run.status, run.error, run.weights, run.trials, run.train_s] for run in runs]
    return Provenance(
        version=runs[0].version,
        data=_distinct(name for run in runs for name in _data_names(run.data)),
        seeds=tuple(sorted({run.seed for run in runs})),
        budget=_distinct(budgets.values()) if alike else tuple(f"{case} {text}" for case, text in budgets.items()),
        devices=_distinct(f"{run.device}, {counted(run.threads, 'thread')}" for run in runs),
        commits=_distinct(run.commit[:10] + " (dirty)" * run.dirty for run in runs if run.commit),
        records=len(runs),
        digest=digest([*subject, identities, list(shown)])[:16],
    )


def _data_names(data: str) -> Iterable[str]:
    """The names in a spec's data: `name:digest,...`, or `generated:generator`."""
    if data.startswith("generated:"):
        return [f"{data.partition(':')[2]} (generator)"]
    return [part.partition(":")[0] for part in data.split(",")]


def _distinct(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(texts)))
