"""Running a sample of a bundle's runs again, and comparing the records."""

import hashlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np

from harness.checks.golden_file import ABSOLUTE, RELATIVE, TOLERANCE
from harness.core.words import counted
from harness.records.record import Environment, Record, RecordedScore
from harness.records.scored import SPENT, VALIDATION
from harness.records.store import Store
from harness.runs.job import Job
from harness.submissions.items import items_of

Outcome: TypeAlias = Literal["same", "close", "differs"]
"""`same`: bit for bit; `close`: within the tolerance, where no more can be asked."""

MOST_DIFFERENCES = 3


class Comparison(NamedTuple):
    """A run and its repetition: what became of the comparison, and the differences in words."""

    place: str
    outcome: Outcome
    differences: tuple[str, ...] = ()


def draw(places: Sequence[str], digest: str, nonce: str, count: int) -> list[str]:
    """The places of the runs to repeat, `count` or all. Nobody who made the bundle could know them, as the verifier
    chose the nonce after that; anybody can draw them again, from the bundle's digest and the nonce."""

    def rank(place: str) -> str:
        return hashlib.sha256(f"{digest} {nonce} {place}".encode()).hexdigest()

    return sorted(sorted(places, key=rank)[:count])


def again(job: Job, results: Path, environment: Environment) -> Job:
    """The job that repeats a run, in another store."""
    return replace(job, results=results, environment=environment, state="missing", why="", seen="")


def compare(reported: Record, stored: Store, repeated: Store) -> Comparison:
    """Compare a record with that of its repetition.

    Statuses, numbers of items and weights must be equal. Scores, those of items and of the validation curve included,
    must be equal bit for bit where both runs name the same packages, processor and device, and elsewhere within the
    tolerance of golden scores; so, too, on accelerators and for entrants that are not deterministic. Times are never
    compared.
    """
    place = reported.spec.place
    record = repeated.read(place)
    if record is None:
        return Comparison(place, "differs", ("it was not run again",))
    exactly = _is_alike(reported, record)
    found = list(_differences(reported, record, exactly=exactly))
    if not found:
        found = list(_item_differences(reported, record, stored, repeated, exactly=exactly))
    if found and not exactly:
        found.append(f"compared {TOLERANCE}, as the two runs are not of the same kind of machine")
    more = [f"and {len(found) - MOST_DIFFERENCES} more"] if len(found) > MOST_DIFFERENCES else []
    outcome: Outcome = "differs" if found else "same" if exactly else "close"
    return Comparison(place, outcome, (*found[:MOST_DIFFERENCES], *more))


def _is_alike(one: Record, other: Record) -> bool:
    """Whether two runs of equal code must give equal numbers: those of a deterministic entrant on the same kind of
    processor with the same packages."""

    def machine(record: Record) -> list[Any]:
        environment = record.environment
        return [environment.packages, environment.processor, environment.device, environment.threads]

    return machine(one) == machine(other) and one.environment.device == "cpu" and one.origin.deterministic


def _differences(reported: Record, repeated: Record, *, exactly: bool) -> Iterator[str]:
    """How two records of a run differ in what its key decides."""
    if reported.status != repeated.status:
        failure = f" ({repeated.failure.text})" if repeated.failure else ""
        yield f"it ended as '{reported.status}', now as '{repeated.status}'{failure}"
        return
    for what, was, is_ in (
        ("the number of weights", reported.costs.weights, repeated.costs.weights),
        ("what was drawn of the budget", reported.spent, repeated.spent),
        ("its parameters", dict(reported.parameters), dict(repeated.parameters)),
        *([("the data that its seed drew", reported.produced, repeated.produced)] if exactly else []),
        *([("what its run kept", reported.kept, repeated.kept)] if exactly else []),
    ):
        if was != is_:
            yield f"{what} was {was}, is {is_}"
    before, after = _numbers(reported), _numbers(repeated)
    for name in sorted(before.keys() | after.keys()):
        was, is_ = before.get(name, math.nan), after.get(name, math.nan)
        if not _is_close(was, is_, exactly=exactly):
            yield f"{name} was {_said(was)}, is {_said(is_)}"


def _said(value: float) -> str:
    return "absent" if math.isnan(value) else f"{value:.10g}"


def _numbers(record: Record) -> dict[str, float]:
    """The numbers of a record that are compared, by what they are."""
    numbers: dict[str, float] = {}
    for score in record.scores:
        if not record.metrics[score.metric].timing:
            where = "".join(f", {axis} {value}" for axis, value in sorted(score.at.items()))
            numbers[f"{score.metric}{where}"] = score.value
            numbers[f"{score.metric}{where}, items used"] = score.n_used
            numbers[f"{score.metric}{where}, items expected"] = score.n_expected
            numbers[f"{score.metric}{where}, chance"] = _chance(record, score)
    for point in record.curve:
        for name, value in point.items():
            metric = record.metrics.get(name.removeprefix(VALIDATION)) if name.startswith(VALIDATION) else None
            if metric and not metric.timing:
                numbers[f"{name} after {point[SPENT]:g}"] = value
    return {name: value for name, value in numbers.items() if not math.isnan(value)}


def _chance(record: Record, score: RecordedScore) -> float:
    chance = record.metrics[score.metric].chance if score.chance is None else score.chance
    return math.nan if chance is None else chance


def _item_differences(
    reported: Record, repeated: Record, stored: Store, again: Store, *, exactly: bool
) -> Iterator[str]:
    """How the scores of items differ that both records have: which are kept depends on the claims that are installed.
    Elsewhere than on the same kind of machine single items may be judged otherwise, so there their means are
    compared."""
    before, after = (items_of(store, record) for store, record in ((stored, reported), (again, repeated)))
    for name in sorted(before.keys() & after.keys()):
        if before[name].shape != after[name].shape:
            yield f"the scores of items '{name}' are of another number"
        elif exactly and not np.array_equal(before[name], after[name], equal_nan=True):
            changed = int(np.sum(before[name] != after[name]))
            yield f"{counted(changed, 'item')} of '{name}' have other scores"
        elif not exactly and not _is_close(float(before[name].mean()), float(after[name].mean()), exactly=False):
            yield f"the mean score of items '{name}' is another"


def _is_close(was: float, is_: float, *, exactly: bool) -> bool:
    if exactly:
        return was == is_
    return math.isclose(was, is_, rel_tol=RELATIVE, abs_tol=ABSOLUTE)
