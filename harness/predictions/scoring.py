"""Scoring files of predictions: with the task's own metrics, on the task's own test split, as a record."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from harness.core import limits
from harness.core.canonical import digest
from harness.core.card import Card, Resolved
from harness.core.entrant import Entrant
from harness.core.errors import BadOutput, UserError
from harness.core.predictions import MISSING, PredictionFormat, Replay
from harness.core.run import Run
from harness.core.seeds import Streams
from harness.core.spec import NAME, Budget, Spec, TierName
from harness.core.suggest import check_known
from harness.core.task import Problem, Score, Task
from harness.data.fetch import locate
from harness.records.environment import describe_environment
from harness.records.record import Costs, Record, RecordedScore
from harness.records.store import Store
from harness.registry.find import Registry, load_predictions, load_task
from harness.registry.headers import Header
from harness.registry.tasks import TaskHome
from harness.runs.job import Job
from harness.runs.outcome import faults
from harness.runs.plan import data_identity


@dataclass(frozen=True)
class Question:
    """What is asked of predictions: a case of a task at a tier, and the format in which they are given."""

    card: Card
    home: TaskHome
    resolved: Resolved
    task: Task[Entrant]
    format: PredictionFormat

    def run(self, seed: int) -> Run:
        """The handle of a run that draws the data of a seed."""
        streams = Streams(self.card.task, seed)
        return Run(settings=self.resolved.settings, budget=Budget(self.card.unit, 0), streams=streams)

    def problem(self, run: Run) -> Problem:
        """The problem of the case."""
        limits.set_threads(1)  # as most runs: other threads add numbers in another order
        limits.seed_globals(run.seed("global"))
        return self.task.problem(self.resolved.case.id, run)


def question(registry: Registry, task: str, tier: TierName, case: str) -> Question:
    """What is asked for a case of a task at a tier. An unknown task, tier or case, absent data, and a task or a case
    for which there are no predictions, are a `UserError`."""
    card = registry.card(task)
    check_known(f"tier of {task}", [tier], card.tiers)
    check_known(f"case of {task} at tier {tier}", [case], card.tiers[tier].cases)
    resolved, home = card.resolve(tier, case), registry.homes[task]
    for name in resolved.case.data:
        locate(name)
    form = format_of(registry, task, resolved.settings)
    if why := form.refusal(resolved.case):
        raise UserError(f"there are no predictions for {task}, case {case}: {why}")
    return Question(card, home, resolved, load_task(card, home), form)


def format_of(registry: Registry, task: str, settings: Mapping[str, Any]) -> PredictionFormat:
    """The format of a task's predictions for a case with these settings; a `UserError` for a task that takes none."""
    found = load_predictions(registry.card(task), registry.homes[task], settings)
    if found is None:
        raise UserError(f"{task} takes no predictions: there is no predictions.py beside its card")
    return found


def check_name(registry: Registry, task: str, name: str) -> None:
    """Raise `UserError` for a name that predictions cannot have: one that is no name, or that of an entrant."""
    if not NAME.fullmatch(name):
        raise UserError(f"--name '{name}' is no name for predictions; it must match {NAME.pattern}")
    if name in registry.of_task(task):
        raise UserError(f"--name {name} is the name of an entrant of {task}; give the predictions another one")


def file(store: Store, records: Sequence[Record], *, is_replacing: bool) -> None:
    """File records of predictions: all of them, or none and a `UserError` if one would take the place of a run's record
    or, unless that is asked for, of other predictions'."""
    for record in records:
        stored = store.read(record.spec.place)
        if stored is not None and stored.origin.kind != "predictions":
            raise UserError(f"{record.spec.place} is the record of a run; give the predictions another --name")
        if stored is not None and stored.key != record.key and not is_replacing:
            raise UserError(f"{record.spec.place} has other predictions; give another --name, or --replace them")
    store.make_writable()
    for record in records:
        with store.lock(record.spec):
            store.write(record)


def score(asked: Question, path: Path, name: str, seed: int, store: Store, *, allow_missing: bool = False) -> Record:
    """The record of the predictions in a file, or in a folder, on the test split of a seed. What is wrong with them is
    a `UserError` that names the file and the line."""
    started, run = datetime.now(UTC), asked.run(seed)
    files = digests(path)
    with run.clocks.on("setup"):
        problem = asked.problem(run)
    with run.clocks.on("eval"):
        replay = asked.format.read(path, problem, allow_missing=allow_missing)
        scores = measured(asked.task, asked.format, replay, run, path)
    seconds, job = run.clocks.seconds, _job(asked, name, seed, files, store)
    record = job.record(
        "ok",
        started,
        parameters={MISSING: replay.missing} if replay.missing else {},
        scores=tuple(RecordedScore(**{**each._asdict(), "items": ""}) for each in scores),
        produced=problem.produced,
        chance=problem.chance,
        artefacts=run.artefacts,
        costs=Costs(setup_s=seconds["setup"], shared_s=run.shared_s, eval_s=seconds["eval"]),
    )
    for fault in faults(record, job):
        raise UserError(f"{path}: {fault}")
    return record


def score_outside(registry: Registry, task: str, path: Path, labels: Path, *, allow_missing: bool) -> list[Score]:
    """The scores of predictions on data that is not the task's, with a file of its labels. A `UserError` where the task
    takes none."""
    card = registry.card(task)
    form = format_of(registry, task, card.settings)
    replay = form.read_outside(path, labels, allow_missing=allow_missing)
    run = Run(settings=card.settings, budget=Budget(card.unit, 0), streams=Streams(task, 0))
    return measured(load_task(card, registry.homes[task]), form, replay, run, path)


def measured(task: Task[Entrant], form: PredictionFormat, replay: Replay, run: Run, path: Path) -> list[Score]:
    """The scores of predictions, but for those on metrics that they say nothing about. Where items are missing, each
    score says how many of them would have been used."""
    silent = {**form.silent, **replay.silent}

    def scores_of(part: Replay) -> list[Score]:
        try:
            scores = list(task.measure(part.system, part.split, run.for_measuring()))
        except BadOutput as error:
            raise UserError(f"{path}: {error}") from error
        return [score for score in scores if score.metric not in silent]

    scores = scores_of(replay)
    for each in scores:
        if not np.isfinite(each.value):
            raise UserError(f"{path}: {each.metric} is {each.value} at {dict(each.at) or 'the test split'}")
    if replay.whole is None:
        return scores
    expected = {(each.metric, tuple(each.at.items())): each.n_expected for each in scores_of(replay.whole)}
    return [each._replace(n_expected=expected[each.metric, tuple(each.at.items())]) for each in scores]


def digests(path: Path) -> dict[str, str]:
    """The SHA-256 of a file, or of the files in a folder, by name. What cannot be read is a `UserError`."""
    files = sorted(entry for entry in path.iterdir() if entry.is_file()) if path.is_dir() else [path]
    try:
        return {file.name: _sha256(file) for file in files}
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}") from error


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _job(asked: Question, name: str, seed: int, files: Mapping[str, str], store: Store) -> Job:
    """Predictions as a run that did nothing but answer: their files stand for an entrant's code."""
    card, resolved = asked.card, asked.resolved
    spec = Spec(
        task=card.task,
        version=card.version,
        tier=resolved.tier,
        case=resolved.case.id,
        entrant=name,
        seed=seed,
        budget=Budget(card.unit, 0),
        code=digest(dict(files)),
        data=data_identity(resolved.case, asked.home.folder),
        settings=resolved.deviating,
    )
    header = Header(
        name=name,
        title="Predictions that were made elsewhere.",
        task=card.task,
        home=asked.home,
        kind="predictions",
        component="",
        class_name="",
        path=Path(),
        root=Path(),
        module="",
        line=0,
    )
    return Job(
        spec=spec,
        card=card,
        resolved=resolved,
        header=header,
        code=files,
        results=store.root,
        environment=describe_environment(),
        limit_s=resolved.limit_s,
        memory_mb=resolved.memory_mb,
    )
