"""Running one job in this process: whatever happens, it ends in one record."""

import sys
import traceback
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Literal, TypeAlias, get_args

import numpy as np
from filelock import Timeout

from harness.claims.items import reads_items
from harness.core import limits
from harness.core.entrant import Entrant
from harness.core.errors import BadOutput, Diverged
from harness.core.run import Run
from harness.core.seeds import Streams
from harness.core.task import Problem, Score, Task
from harness.records.record import Costs, Failure, Record, RecordedScore, RunStatus, thinned
from harness.records.store import Store
from harness.registry.find import load_entrant, load_task
from harness.registry.headers import HARNESS, Header
from harness.runs.job import Job
from harness.runs.watch import Watch

JobStatus: TypeAlias = RunStatus | Literal["busy", "done"]
"""What became of a job: a record of that status was written; or another process runs it (`busy`), or has run it
since it was planned (`done`)."""

JOB_STATUSES: Mapping[str, JobStatus] = {name: name for name in (*get_args(RunStatus), "busy", "done")}
"""The statuses by their names."""

LONGEST_TRACEBACK = 4000
NOTICEABLE_CORES = 0.5
"""A run is flagged as contended if other processes used more cores than this: its timings then depend on them."""


def execute(job: Job) -> JobStatus:
    """Run a job in this process and write its record, holding the lock of its place."""
    store = Store(job.results)
    lock = store.lock(job.spec)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return "busy"
    with lock:
        stored = store.read(job.spec.place)
        if stored is not None and stored.key == job.spec.key and stored.finished != job.seen:
            return "done"
        attempt = _Attempt(job)
        record = attempt.run()
        store.write(record, attempt.items, attempt.handle.kept)
    return record.status


def record_crash(job: Job, status: RunStatus, failure: Failure, started: datetime) -> None:
    """Write the record of a run whose process ended without one, unless another process has locked its place or has
    written its record since `started`."""
    store = Store(job.results)
    try:
        with store.lock(job.spec).acquire(timeout=0):
            stored = store.read(job.spec.place)
            if stored is None or stored.finished < started.isoformat():
                store.write(job.record(status, started, failure=failure))
    except Timeout:
        return


class _Attempt:
    """One attempt at a job, with the parts of its record that are known so far."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.started = datetime.now(UTC)
        self.items: dict[str, np.ndarray] = {}
        self.scores: list[RecordedScore] = []
        self.entrant: Entrant | None = None
        self.problem: Problem | None = None
        self.handle = Run(
            settings=job.resolved.settings,
            budget=job.spec.budget,
            streams=Streams(job.spec.task, job.spec.seed),
            device=job.environment.device,
            # No curve of a tuning trial: measuring it would take a large share of the short training.
            ticks=job.resolved.ticks if job.spec.split == "test" else 0,
        )

    def run(self) -> Record:
        """Set up, train and measure. Returns the record, whichever way this ends."""
        base_mb = limits.resident_mb()
        watch = Watch(self.job.header.root)
        neighbours = limits.Neighbours()
        status: RunStatus = "ok"
        failure = None
        try:
            self._train_and_measure()
        except Diverged as error:
            status, failure = "diverged", Failure(type="Diverged", message=str(error))
            self._score_at_chance()
        except KeyboardInterrupt:
            status, failure = "interrupted", Failure(type="KeyboardInterrupt", message="interrupted from the keyboard")
        except BaseException as error:
            # `SystemExit` included: an entrant that exits has failed.
            status = "oom" if _is_out_of_memory(error) else "error"
            failure = _failure(error, self.job.header)
        if status not in ("ok", "diverged"):
            self.scores, self.items = [], {}
        problem, seconds = self.problem, self.handle.clocks.seconds
        return self.job.record(
            status,
            self.started,
            failure=failure,
            parameters=self.entrant.parameters if self.entrant else None,
            scores=tuple(self.scores),
            # Nobody looks at a trial's curve, and validation scores are not part of it.
            curve=thinned(self.handle.curve) if self.job.spec.split == "test" else (),
            spent=self.handle.spent,
            produced=problem.produced if problem else "",
            chance=problem.chance_on(self.job.spec.split) if problem else {},
            artefacts=self.handle.artefacts,
            unlisted=watch.unlisted({*self.job.code, *self.job.bundled}),
            costs=Costs(
                setup_s=seconds["setup"],
                shared_s=self.handle.shared_s,
                train_s=seconds["train"],
                eval_s=seconds["eval"],
                peak_mb=max(0.0, limits.peak_mb() - base_mb),
                weights=self.entrant.weights() if self.entrant else 0,
                contended=self.job.contended or neighbours.cores() > NOTICEABLE_CORES,
            ),
        )

    def _train_and_measure(self) -> None:
        job, handle, clocks = self.job, self.handle, self.handle.clocks
        if job.environment.device == "cpu":
            limits.limit_memory(job.memory_mb)
        task = load_task(job.card, job.header.home)
        entrant = self.entrant = load_entrant(job.header)(**job.spec.parameters)
        limits.set_threads(job.environment.threads)
        limits.seed_globals(handle.seed("global"))
        with clocks.on("setup"):
            problem = self.problem = self._problem(task)

        def validate() -> dict[str, float]:
            with limits.global_state_kept():
                scores = list(task.measure(entrant, problem.valid, handle.for_measuring()))
            return {f"valid_{score.metric}": score.value for score in scores if not score.at}

        handle.measure_validation = validate
        if job.spec.budget.total:
            with clocks.on("train"):
                entrant.fit(problem.train, handle)
        with clocks.on("eval"):
            for score in task.measure(entrant, getattr(problem, job.spec.split), handle.for_measuring()):
                self._take(score)
        if not self.scores:
            raise BadOutput(f"task {job.spec.task} measured nothing for {job.spec.label}")

    def _problem(self, task: Task[Entrant]) -> Problem:
        """The problem. That of a tuning trial has no test split, since tuning must not use it."""
        problem = task.problem(self.job.spec.case, self.handle)
        if self.job.spec.split == "test":
            return problem
        if problem.valid is None:
            raise BadOutput(f"case {self.job.spec.case} has no validation split to tune on; tune on another case")
        return replace(problem, test=None)

    def _take(self, score: Score) -> None:
        if score.metric not in self.job.card.metrics:
            raise BadOutput(f"task {self.job.spec.task} measured '{score.metric}', which its card does not have")
        if not np.isfinite(score.value):
            where = dict(score.at) or f"the {self.job.spec.split} split"
            raise BadOutput(f"{score.metric} is {score.value} at {where}")
        name = ""
        if score.items is not None and self._keeps_items(score):
            name = "|".join([score.metric, *(f"{axis}={value}" for axis, value in sorted(score.at.items()))])
            self.items[name] = score.items
        self.scores.append(RecordedScore(**{**score._asdict(), "value": float(score.value), "items": name}))

    def _keeps_items(self, score: Score) -> bool:
        """Whether a claim reads the scores of the items; nothing else reads them."""
        spec = self.job.spec
        axes = {**self.job.resolved.case.at, **spec.chosen, **score.at}
        return any(reads_items(part, spec, score.metric, axes) for part in self.job.claims)

    def _score_at_chance(self) -> None:
        chances = {name: metric.chance for name, metric in self.job.card.metrics.items()}
        chances.update(self.problem.chance_on(self.job.spec.split) if self.problem else {})
        self.items = {}
        self.scores = [
            RecordedScore(metric=name, value=chance, n_used=0, n_expected=0)
            for name, chance in chances.items()
            if chance is not None
        ]


def _failure(error: BaseException, header: Header) -> Failure:
    text = "".join(traceback.format_exception(error))
    for folder in (HARNESS.parent, header.home.root.parent, header.root.parent):
        text = text.replace(str(folder), ".")
    text = text.replace(sys.prefix, "<python>")
    message = str(error) if not isinstance(error, SystemExit) else f"the entrant exited with status {error.code}"
    return Failure(type=type(error).__name__, message=message, traceback=text[-LONGEST_TRACEBACK:])


def _is_out_of_memory(error: BaseException) -> bool:
    # Torch's allocator for the processor raises a plain `RuntimeError`.
    return isinstance(error, MemoryError) or "can't allocate memory" in str(error) or "out of memory" in str(error)
