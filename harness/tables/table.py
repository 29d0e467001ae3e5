"""The table: a row for each entrant, a column for each case or point, and in every cell a mean and its records."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, TypeAlias

from harness.claims.paper import PublishedNumber
from harness.core.canonical import digest
from harness.core.entrant import EntrantKind
from harness.core.words import counted, listed
from harness.records.scored import RunRow
from harness.stats.intervals import Interval

CellState: TypeAlias = Literal[
    "scored", "failed", "missing", "not applicable", "not measured", "not planned", "incomplete"
]
"""`missing`: a record is planned or expected and is not there; `not measured`: the run has no such score; `not
planned`: no run is asked for; `not applicable`: the entrant lacks a capability; `incomplete`: a mean over cells that
are not all scored, or that share no seed."""
Mark: TypeAlias = Literal["best", "tie", ""]

KINDS: tuple[EntrantKind, ...] = ("method", "baseline", "ablation", "plugin", "predictions", "reference")
"""The kinds of entrants in the order of their rows."""


class Span(NamedTuple):
    """The smallest and the largest of several numbers."""

    least: float
    most: float


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One entrant in one column.

    A `scored` cell has one value for each of its `seeds`; `half` is half the width of the 90 % t interval of their
    mean, NaN (n/a) for one seed, for seeds that do not vary and for counted metrics; `range` is that of the metric. Any
    other cell says in `text` why it has no value. `n_used` of `n_expected` items went into the values, all seeds
    together.
    """

    state: CellState
    text: str = ""
    seeds: tuple[int, ...] = ()
    values: tuple[float, ...] = ()
    half: float = math.nan
    range: tuple[float, float] = (-math.inf, math.inf)
    n_used: int = 0
    n_expected: int = 0
    flags: tuple[str, ...] = ()
    mark: Mark = ""
    records: tuple[str, ...] = ()

    @property
    def value(self) -> float:
        """The mean over seeds, NaN unless scored."""
        return math.fsum(self.values) / len(self.values) if self.values else math.nan

    @property
    def interval(self) -> Interval:
        """The 90 % interval of the mean, within the metric's range; it has the mean in it even where rounding puts that
        beyond the range."""
        least, most = self.range
        around = Interval(self.value - self.half, self.value + self.half)
        return around.cut(min(least, self.value), max(most, self.value))

    @property
    def is_cut(self) -> bool:
        """Whether the interval ends where the metric's range ends, and not half a width from the mean."""
        least, most = self.range
        return self.value - self.half < least or self.value + self.half > most


@dataclass(frozen=True)
class Column:
    """A case, or the point of measurement `at` in a case. The mean over cases has no case. `generated` data stands in
    for real data."""

    name: str
    case: str = ""
    at: Mapping[str, float | str] = field(default_factory=dict)
    generated: bool = False


NO_SEEDS = Span(0, 0)
"""The numbers of seeds of an entrant without a run."""


@dataclass(frozen=True, kw_only=True)
class Effort:
    """What an entrant took: numbers of weights and mean charged training seconds of its scored runs that had a budget,
    FLOPs where the task counts them, tuning trials, numbers of seeds by case. `contended` times were taken beside other
    runs."""

    weights: Span | None = None
    flops: Span | None = None
    train_s: float = math.nan
    contended: bool = False
    trials: int = 0
    seeds: Span = NO_SEEDS


@dataclass(frozen=True)
class Row:
    """One entrant; its label names the parameters that were set from outside. `component` is the class of the task
    that it descends from, or "". `submitted` says how far its records were verified if others made them, else ""."""

    label: str
    kind: EntrantKind
    component: str
    cells: tuple[Cell, ...]
    effort: Effort = Effort()
    submitted: str = ""


@dataclass(frozen=True)
class Reference:
    """The score of guessing, or the score that cannot be exceeded: a value for each column, NaN where it is unknown."""

    label: Literal["chance", "ceiling"]
    values: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """What a table or figure was made from. `budget` and `seeds_by_case` are in words: one text for all cases, or one
    for each where they differ. `digest` covers the records' keys and all that is shown of them, and so tells whether a
    file was made from other records."""

    version: int
    data: tuple[str, ...]
    seeds: tuple[int, ...]
    seeds_by_case: tuple[str, ...]
    budget: tuple[str, ...]
    devices: tuple[str, ...]
    commits: tuple[str, ...]
    records: int
    digest: str

    @staticmethod
    def of(runs: Sequence[RunRow], shown: Sequence[Any], subject: Iterable[Any]) -> "Provenance":
        """The provenance of what is `shown` of runs, plain values without NaN; `subject` is what chose the runs."""
        budgets = {run.case: f"{run.budget:,} {run.unit}" for run in runs if run.kind != "predictions"}
        seeds: dict[str, set[int]] = {}
        for run in runs:
            seeds.setdefault(run.case, set()).add(run.seed)
        identities = [[run.path, run.key, run.status, run.error, run.weights, run.trials, run.train_s] for run in runs]
        return Provenance(
            version=runs[0].version,
            data=tuple(sorted({name for run in runs for name in data_names(run.data)})),
            seeds=tuple(sorted(set().union(*seeds.values()))),
            seeds_by_case=_by_case({case: listed(own) for case, own in seeds.items()}),
            budget=_by_case(budgets),
            devices=tuple(sorted({f"{run.device}, {counted(run.threads, 'thread')}" for run in runs})),
            commits=tuple(sorted({run.commit[:10] + " (dirty)" * run.dirty for run in runs if run.commit})),
            records=len(runs),
            digest=digest([*subject, identities, list(shown)])[:16],
        )


def by_seed(cells: Sequence[Cell]) -> dict[int, tuple[float, ...]]:
    """The values of several cells, one of each, by the seeds that all of them have."""
    values = [dict(zip(cell.seeds, cell.values, strict=True)) for cell in cells]
    shared = set(values[0]).intersection(*values[1:]) if values else set()
    return {seed: tuple(own[seed] for own in values) for seed in sorted(shared)}


def _by_case(texts: Mapping[str, str]) -> tuple[str, ...]:
    """The text that all cases have, or the text of each after its name."""
    alike = len(set(texts.values())) == 1
    return tuple(set(texts.values()) if alike else (f"{case} {text}" for case, text in texts.items()))


def data_names(data: str) -> Iterable[str]:
    """The names in a spec's data: `name:digest,...`, or `generated:generator`."""
    if data.startswith("generated:"):
        return [f"{data.partition(':')[2]} (generator)"]
    return [part.partition(":")[0] for part in data.split(",")]


@dataclass(frozen=True, kw_only=True)
class Table:
    """The scores of a task's entrants on one metric at one tier. `name` is unique among a task's tables and safe as
    the name of a file; `published` are numbers that papers printed, never compared with these."""

    name: str
    task: str
    title: str
    tier: str
    metric: str
    better: Literal["higher", "lower"]
    unit: str
    exact: bool
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    references: tuple[Reference, ...]
    provenance: Provenance
    notes: tuple[str, ...] = ()
    published: tuple[PublishedNumber, ...] = ()
