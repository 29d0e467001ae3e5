"""The runner: one job in, one record out, whatever happens on the way."""

import math
import sys
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
from filelock import Timeout

from harness import limits
from harness.card import Card, Resolved
from harness.clocks import Clocks
from harness.entrant import Entrant
from harness.errors import BadOutput, Diverged
from harness.headers import HARNESS, Header
from harness.record import Costs, Environment, Failure, Origin, Record, RecordedScore, Status, thinned
from harness.registry import load_entrant, load_task
from harness.run import Run
from harness.seeds import Streams
from harness.spec import Spec, Value
from harness.store import Store
from harness.task import Problem, Score, Task
from harness.watch import Watch

Outcome: TypeAlias = Status | Literal["busy", "done"]
"""What became of a job: a record of that status was written; or another process has the cell, or has done it."""

LONGEST_TRACEBACK = 4000


@dataclass(frozen=True, kw_only=True)
class Job:
    """A spec with all that it takes to run it.

    `code` is the entrant's closure; `seen` is when the record that the plan saw was finished ("" = there was none);
    `trials` is how many tuning trials chose the parameters; `contended` says whether it may run beside others;
    `limit_at_s` and `limit_at_mb` are the user's own limits.
    """

    spec: Spec
    card: Card
    header: Header
    code: Mapping[str, str]
    results: Path
    environment: Environment
    parameters: Mapping[str, Value] = field(default_factory=dict)
    trials: int = 0
    seen: str = ""
    contended: bool = False
    limit_at_s: float | None = None
    limit_at_mb: int | None = None

    @cached_property
    def resolved(self) -> Resolved:
        """What the card fixes for the job's case and tier."""
        return self.card.resolve(self.spec.tier, self.spec.case)

    @property
    def limit_s(self) -> float:
        """Wall time after which the run is stopped, in seconds: the card's or the user's, whichever is shorter."""
        return min(self.resolved.limit_s, self.limit_at_s or math.inf)

    @property
    def memory_mb(self) -> int:
        """Memory that the run may allocate, in megabytes: the card's or the user's, whichever is less."""
        return min(self.resolved.memory_mb, self.limit_at_mb or self.resolved.memory_mb)


def execute(job: Job) -> Outcome:
    """Run a job in this process and write its record. The cell's lock is held meanwhile."""
    store = Store(job.results)
    lock = store.lock(job.spec)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return "busy"
    with lock:
        there = store.read(job.spec.cell)
        if there is not None and there.key == job.spec.key and there.finished != job.seen:
            return "done"
        attempt = _Attempt(job)
        record = attempt.run()
        store.write(record, attempt.items, attempt.handle.kept)
    return record.status


def record_loss(job: Job, status: Status, failure: Failure, started: datetime) -> None:
    """Write the record of a run whose process is gone; unless another process holds or has filled the cell."""
    store = Store(job.results)
    try:
        with store.lock(job.spec).acquire(timeout=0):
            there = store.read(job.spec.cell)
            if there is None or there.finished < started.isoformat():
                store.write(_record(job, status, started, failure=failure))
    except Timeout:
        return


class _Attempt:
    """One attempt at a job, and what there is to tell of it."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.started = datetime.now(UTC)
        self.items: dict[str, np.ndarray] = {}
        self.scores: list[RecordedScore] = []
        self.entrant: Entrant | None = None
        self.problem: Problem | None = None
        self.clocks = Clocks()
        self.handle = Run(
            settings=job.resolved.settings,
            budget=job.spec.budget,
            streams=Streams(job.spec.task, job.spec.seed),
            clocks=self.clocks,
            device=job.environment.device,
            ticks=job.resolved.ticks,
        )

    def run(self) -> Record:
        """Set up, train, measure; every way this can end is a record."""
        base_mb = limits.resident_mb()
        watch = Watch(self.job.header.root)
        status: Status = "ok"
        failure = None
        try:
            self._go()
        except Diverged as error:
            status, failure = "diverged", Failure(type="Diverged", message=str(error))
            self._score_at_chance()
        except KeyboardInterrupt:
            status, failure = "interrupted", Failure(type="KeyboardInterrupt", message="interrupted from the keyboard")
        except BaseException as error:
            # SystemExit too: an entrant that exits has failed, and the others go on.
            status = "oom" if _is_out_of_memory(error) else "error"
            failure = _failure(error, self.job.header)
        if status not in ("ok", "diverged"):
            self.scores, self.items = [], {}
        problem = self.problem
        return _record(
            self.job,
            status,
            self.started,
            failure=failure,
            scores=tuple(self.scores),
            curve=thinned(self.handle.curve),
            spent=self.handle.spent,
            produced=problem.produced if problem else "",
            chance=problem.chance if problem else {},
            artefacts=self.handle.artefacts,
            unlisted=watch.unlisted(set(self.job.code)),
            costs=Costs(
                setup_s=self.clocks.seconds["setup"],
                shared_s=self.handle.shared_s,
                train_s=self.clocks.seconds["train"],
                eval_s=self.clocks.seconds["eval"],
                peak_mb=max(0.0, limits.peak_mb() - base_mb),
                weights=self.entrant.weights() if self.entrant else 0,
                contended=self.job.contended,
            ),
        )

    def _go(self) -> None:
        job = self.job
        if job.environment.device == "cpu":
            limits.limit_memory(job.memory_mb)
        task = load_task(job.card)
        self.entrant = load_entrant(job.header)(**job.parameters)
        limits.set_threads(job.environment.threads)
        limits.seed_globals(self.handle.seed("global"))
        with self.clocks.on("setup"):
            self.problem = task.problem(job.spec.case, self.handle)
        self.handle.on_tick = lambda: self._validate(task)
        if job.spec.budget.total:
            with self.clocks.on("train"):
                self.entrant.fit(self.problem.train, self.handle)
        with self.clocks.on("eval"):
            for score in self._measured(task, self.problem.test):
                self._take(score)
        if not self.scores:
            raise BadOutput(f"task {job.spec.task} measured nothing for {job.spec.label}")

    def _measured(self, task: Task[Entrant], split: Any) -> Iterator[Score]:
        assert self.entrant is not None
        yield from task.measure(self.entrant, split, self.handle.for_measuring())

    def _validate(self, task: Task[Entrant]) -> dict[str, float]:
        assert self.problem is not None
        with limits.global_state_kept():
            scores = list(self._measured(task, self.problem.valid))
        return {f"valid_{score.metric}": score.value for score in scores if not score.at}

    def _take(self, score: Score) -> None:
        if score.metric not in self.job.card.metrics:
            raise BadOutput(f"task {self.job.spec.task} measured '{score.metric}', which its card does not have")
        if not np.isfinite(score.value):
            raise BadOutput(f"{score.metric} is {score.value} at {dict(score.at) or 'the test split'}")
        name = ""
        if score.items is not None:
            name = "|".join([score.metric, *(f"{axis}={value}" for axis, value in sorted(score.at.items()))])
            self.items[name] = score.items
        self.scores.append(
            RecordedScore(
                metric=score.metric,
                value=float(score.value),
                n_used=score.n_used,
                n_expected=score.n_expected,
                at=dict(score.at),
                items=name,
            )
        )

    def _score_at_chance(self) -> None:
        chances = {name: metric.chance for name, metric in self.job.card.metrics.items()}
        chances.update(self.problem.chance if self.problem else {})
        self.items = {}
        self.scores = [
            RecordedScore(metric=name, value=chance, n_used=0, n_expected=0)
            for name, chance in chances.items()
            if chance is not None
        ]


def _record(
    job: Job,
    status: Status,
    started: datetime,
    *,
    failure: Failure | None = None,
    chance: Mapping[str, float] | None = None,
    unlisted: tuple[str, ...] = (),
    **outcome: Any,
) -> Record:
    """A job's record, from what is known before the run and its outcome."""
    resolved = job.resolved
    metrics = {
        name: metric.model_copy(update={"chance": (chance or {}).get(name, metric.chance)})
        for name, metric in job.card.metrics.items()
    }
    defaults = {name: parameter.default for name, parameter in job.header.parameters.items()}
    return Record(
        key=job.spec.key,
        spec=job.spec,
        status=status,
        failure=failure,
        parameters={**defaults, **job.parameters},
        settings=resolved.settings,
        at=resolved.case.at,
        generated=resolved.case.stand_in,
        seed_varies=job.card.seed_varies,
        primary=resolved.primary,
        metrics=metrics,
        trials=job.trials,
        origin=Origin(
            kind=job.header.kind,
            component=job.header.component,
            deterministic=job.header.deterministic,
            title=job.header.title,
            code=job.code,
            unlisted=unlisted,
        ),
        environment=job.environment,
        started=started.isoformat(),
        finished=datetime.now(UTC).isoformat(),
        **outcome,
    )


def _failure(error: BaseException, header: Header) -> Failure:
    text = "".join(traceback.format_exception(error))
    for folder, name in ((HARNESS.parent, "."), (header.root.parent, "."), (Path(sys.prefix), "<python>")):
        text = text.replace(str(folder), name)
    message = str(error) if not isinstance(error, SystemExit) else f"the entrant exited with status {error.code}"
    return Failure(type=type(error).__name__, message=message, traceback=text[-LONGEST_TRACEBACK:])


def _is_out_of_memory(error: BaseException) -> bool:
    # Torch's allocator for the processor raises a plain RuntimeError.
    return isinstance(error, MemoryError) or "can't allocate memory" in str(error) or "out of memory" in str(error)
