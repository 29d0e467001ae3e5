"""Running one job in this process: whatever happens, it ends in one record."""

import os
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
from filelock import Timeout

from harness.core import limits
from harness.core.canonical import canonical
from harness.core.checkpoints import Checkpoints, UnusableCheckpoint, remove_checkpoints
from harness.core.entrant import Entrant
from harness.core.errors import BadOutput, Diverged
from harness.core.predictions import kept_predictions, noted
from harness.core.run import Run
from harness.core.seeds import Streams
from harness.core.task import Problem, Score, Task
from harness.core.withheld import Withheld
from harness.records.record import REPEATED, Costs, Failure, Record, RecordedScore, RunStatus, thinned
from harness.records.store import Store
from harness.registry.find import load_entrant, load_predictions, load_task
from harness.runs.job import Job
from harness.runs.known import keeps_items, known_status
from harness.runs.outcome import Answer, JobStatus, described, is_out_of_memory
from harness.runs.watch import Watch

NOTICEABLE_CORES = 0.5
"""A run is flagged as contended if other processes used more cores than this: its timings then depend on them."""


def execute(job: Job, identity: str) -> str:
    """Run a job in this process, and file its record while holding the lock of its place. The training goes on from a
    checkpoint of the same `identity`, if there is one. Returns an `Answer` as JSON, also where that fails: then it says
    why."""
    try:
        answer = Answer(status=_execute(job, identity))
    except BaseException as error:
        answer = Answer(status="error", failure=described(error, job.header))
    return answer.model_dump_json()


def _execute(job: Job, identity: str) -> JobStatus:
    process, store = os.getpid(), Store(job.results)
    lock = store.lock(job.spec)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return "busy"
    with lock:
        if (status := known_status(job, store)) is not None:
            return status
        if job.environment.device == "cpu":
            limits.limit_memory(job.memory_mb)
        checkpoints = Checkpoints(store.checkpoints, job.spec.place, identity, job.checkpoint_s)
        try:
            attempt = _Attempt(job, checkpoints)
            record = attempt.run()
        except UnusableCheckpoint as why:
            checkpoints.put_all_aside(str(why))
            attempt = _Attempt(job, checkpoints)
            record = attempt.run()
        if os.getpid() == process:  # not a copy of this process, which the entrant has forked
            store.write(record, attempt.items, attempt.handle.kept)
            if record.status not in REPEATED:
                remove_checkpoints(store.checkpoints, job.spec.place)
    return record.status


class _Attempt:
    """One attempt at a job, with the parts of its record that are known so far."""

    def __init__(self, job: Job, checkpoints: Checkpoints | None = None) -> None:
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
            checkpoints=checkpoints,
        )

    def run(self) -> Record:
        """Set up, train and measure. Returns the record, whichever way this ends. Raises only `UnusableCheckpoint`, if
        the training cannot go on from its checkpoint."""
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
        except UnusableCheckpoint:
            raise
        except BaseException as error:
            # `SystemExit` and `KeyboardInterrupt` included: an interrupt from the keyboard does not reach this process.
            failure = described(error, self.job.header)
            status = "oom" if is_out_of_memory(failure) else "error"
        if status not in ("ok", "diverged"):
            self.scores, self.items = [], {}
        try:
            return self._record(status, failure, watch, neighbours, base_mb)
        except Exception:
            if failure is None:
                raise
            # The run had failed before what its entrant says made a record impossible: the first failure is the cause.
            return self.job.record(status, self.started, failure=failure)

    def _record(
        self, status: RunStatus, failure: Failure | None, watch: Watch, neighbours: limits.Neighbours, base_mb: float
    ) -> Record:
        """The record with all that the entrant and the handle say, which may be anything."""
        problem, seconds = self.problem, self.handle.clocks.seconds
        return self.job.record(
            status,
            self.started,
            failure=failure,
            parameters=_checked_parameters(self.entrant) if self.entrant else None,
            scores=tuple(self.scores),
            # Nobody looks at a trial's curve, and validation scores are not part of it.
            curve=thinned(self.handle.curve) if self.job.spec.split == "test" else (),
            spent=self.handle.spent,
            resumed=self.handle.resumed,
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
        task = load_task(job.card, job.header.home)
        entrant = self.entrant = load_entrant(job.header)(**job.spec.parameters)
        limits.set_threads(job.environment.threads)
        limits.seed_globals(handle.seed("global"))
        with clocks.on("setup"):
            problem = self._problem(task)
            # Training must not come across what it is tested on, not even by accident.
            test = Withheld(problem.test)
            problem = self.problem = replace(problem, test=None)

        def validate() -> dict[str, float]:
            with limits.global_state_kept():
                scores = list(task.measure(entrant, problem.valid, handle.for_measuring()))
            return {f"valid_{score.metric}": score.value for score in scores if not score.at}

        handle.measure_validation = validate
        if job.spec.budget.total:
            with clocks.on("train"):
                entrant.fit(problem.train, handle)
        with clocks.on("setup"):
            split = test.value() if job.spec.split == "test" else problem.valid
            del test
        form = load_predictions(job.card, job.header.home, handle.settings) if job.keeps_predictions else None
        with clocks.on("eval"), noted(entrant, form.methods if form else ()) as answers:
            for score in task.measure(entrant, split, handle.for_measuring()):
                self._take(score)
        if not self.scores:
            raise BadOutput(f"task {job.spec.task} measured nothing for {job.spec.label}")
        if job.keeps_predictions:
            for name, data in kept_predictions(form, job.resolved.case, answers, replace(problem, test=split)).items():
                handle.keep(name, data)

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
        if score.items is not None and keeps_items(self.job, score.metric, score.at):
            name = "|".join([score.metric, *(f"{axis}={value}" for axis, value in sorted(score.at.items()))])
            self.items[name] = score.items
        self.scores.append(RecordedScore(**{**score._asdict(), "value": float(score.value), "items": name}))

    def _score_at_chance(self) -> None:
        chances = {name: metric.chance for name, metric in self.job.card.metrics.items()}
        chances.update(self.problem.chance_on(self.job.spec.split) if self.problem else {})
        self.items = {}
        self.scores = [
            RecordedScore(metric=name, value=chance, n_used=0, n_expected=0)
            for name, chance in chances.items()
            if chance is not None
        ]


def _checked_parameters(entrant: Entrant) -> Mapping[str, Any]:
    """An entrant's parameters. `BadOutput` names one that a record cannot hold."""
    for name, value in entrant.parameters.items():
        try:
            canonical(value)
        except (TypeError, ValueError, RecursionError) as error:
            what = f"parameter {name} became a {type(value).__name__} that a record cannot hold ({error})"
            raise BadOutput(f"{what}; leave parameters as they were set") from error
    return entrant.parameters
