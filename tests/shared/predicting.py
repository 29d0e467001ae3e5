"""Scoring again what runs have kept of their predictions."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from harness.core.predictions import NONE, has_predictions
from harness.core.task import Problem, Score
from harness.predictions.exporting import kept_files, write_files
from harness.predictions.scoring import Question, measured, question
from harness.records.record import Record, RecordedScore
from harness.records.store import Store
from harness.registry.find import Registry

TOLERANCE = 1e-9

Named = Mapping[tuple[object, ...], float]


def lost_in_round_trips(registry: Registry, task: str, results: Path) -> Iterator[str]:
    """What differs between the smoke scores of all runs in a folder of results and those of the predictions that they
    have kept, exported and read again; a line each."""
    store, made = Store(results), dict[str, tuple[Question, Problem]]()
    for record in store.all():
        assert has_predictions(record.kept), f"{record.spec.place} has kept nothing"
        case = record.spec.case
        if record.status != "ok" or NONE in record.kept:
            continue
        if case not in made:
            asked = question(registry, task, "smoke", case)
            made[case] = asked, asked.problem(asked.run(record.spec.seed))
        folder = results / "exported" / case / record.spec.entrant
        files = dict(kept_files(store, task, "smoke", case, record.spec.label))
        write_files(folder, files)
        (path,) = folder.iterdir()
        yield from (f"{case} {record.spec.label}: {line}" for line in _lost(*made[case], path, record))


def _lost(asked: Question, problem: Problem, path: Path, record: Record) -> Iterator[str]:
    replay = asked.format.read(path, problem, allow_missing=False)
    scores = measured(asked.task, asked.format, replay, asked.run(record.spec.seed), path)
    before, after = _named(record.scores), _named(scores)
    yield from (f"{key} is new" for key in after.keys() - before.keys())
    silent = {**asked.format.silent, **replay.silent}
    for key, value in before.items():
        needs = record.metrics[str(key[0])].needs
        if key in after:
            if not abs(after[key] - value) <= TOLERANCE:
                yield f"{key} was {value!r}, is {after[key]!r}"
        elif key[0] not in silent and (not needs or needs in type(replay.system).capabilities()):
            yield f"{key} is gone, and nothing says why"


def _named(scores: "tuple[RecordedScore, ...] | list[Score]") -> Named:
    return {(score.metric, *sorted(score.at.items())): score.value for score in scores}
