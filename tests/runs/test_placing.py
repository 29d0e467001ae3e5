"""Which worker does which job: what it has, how long it will be there, and who is alone."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from harness.records.record import Environment
from harness.records.store import Store
from harness.registry.find import find
from harness.runs.executors.orders import Need
from harness.runs.executors.placing import Placed, Placing, planned_s
from harness.runs.executors.serving import Offer
from harness.runs.job import Job
from harness.runs.plan import Planner
from harness.runs.selection import Selection


@pytest.fixture(scope="module")
def jobs() -> list[Job]:
    """Eight jobs of one entrant, planned to take equally long."""
    selection = Selection(tier="smoke", tasks=["word_similarity"], cases=["atlas"], entrants=["ppmi"], seeds=8)
    return Planner(find(), Store(Path("absent")), read=False).plan(selection).runs


def offer(machine: str = "a", runs: int = 2, lacking: dict[Need, str] | None = None, left_s: float = 1e9) -> Offer:
    return Offer(machine, machine, runs, Environment(), lacking or {}, left_s)


def placing(jobs: list[Job], offers: dict[str, Offer], most: int = 0) -> Placing:
    made = Placing(most)
    made.add(jobs)
    for address, each in offers.items():
        made.join(address, each)
    return made


def exclusive(job: Job) -> Job:
    case = job.resolved.case.model_copy(update={"exclusive": True, "id": "timed"})
    return replace(job, resolved=job.resolved.model_copy(update={"case": case}), spec=replace(job.spec, case="timed"))


def all_placed(placing: Placing) -> Iterator[Placed]:
    while placed := placing.next():
        yield placed


def test_every_worker_has_as_many_runs_as_it_does_at_a_time(jobs: list[Job]) -> None:
    busy = placing(jobs, {"one": offer("a", 2), "two": offer("b", 3)})
    assert sorted(placed.address for placed in all_placed(busy)) == ["one"] * 2 + ["two"] * 3
    assert busy.waiting == 3


def test_no_more_than_the_most_are_placed(jobs: list[Job]) -> None:
    assert len(list(all_placed(placing(jobs, {"one": offer(runs=8)}, most=3)))) == 3


def test_the_longest_job_is_placed_first(jobs: list[Job]) -> None:
    longer = replace(jobs[5], resolved=jobs[5].resolved.model_copy(update={"expect_s": 1000.0}))
    first = placing([*jobs[:5], longer], {"one": offer()}).next()
    assert first
    assert first.job is longer


def test_exclusive_jobs_come_last_and_each_is_alone_on_one_machine(jobs: list[Job]) -> None:
    shared, timed = jobs[:2], [exclusive(job) for job in jobs[2:]]
    busy = placing([*timed, *shared], {"one": offer("a", 2), "two": offer("a", 2)})
    first = list(all_placed(busy))
    assert [placed.job.spec.case for placed in first] == ["atlas"] * 2
    for placed in first:
        busy.done(placed)
    busy.join("three", offer("b", 2))
    used = []
    while (placed := busy.next()) is not None:
        assert busy.next() is None  # not even on the other machine: the case is bound to one
        used.append(placed.machine)
        busy.done(placed)
    assert len(used) == len(timed)
    assert len(set(used)) == 1


def test_exclusive_jobs_go_on_elsewhere_when_their_machine_has_left(jobs: list[Job]) -> None:
    busy = placing([exclusive(job) for job in jobs[:2]], {"one": offer("a")})
    placed = busy.next()
    assert placed
    busy.leave("one")
    busy.done(placed)
    busy.put_back(placed.job)
    assert busy.next() is None
    busy.join("two", offer("b"))
    again = busy.next()
    assert again
    assert (again.machine, again.job) == ("b", placed.job)


def test_a_worker_that_lacks_something_or_ends_too_soon_is_given_nothing(jobs: list[Job]) -> None:
    need = next(need for need in placing(jobs, {}).needs if need.kind == "harness")
    lacks = offer("poor", lacking={need: "has another harness source"})
    busy = placing(jobs[:1], {"lacks": lacks, "ends": offer("short", left_s=jobs[0].limit_s - 1)})
    assert busy.next() is None
    ((job, why),) = busy.take_waiting()
    assert job is jobs[0]
    assert "poor: has another harness source" in why
    assert f"but the run may take {jobs[0].limit_s:.0f} s" in why
    assert busy.waiting == 0


def test_the_planned_time_is_that_of_the_schedule(jobs: list[Job]) -> None:
    each = jobs[0].expect_s
    assert planned_s(jobs, [offer("a", 3)]) == (pytest.approx(3 * each), [])
    assert planned_s(jobs, [offer("a", 3)], most=2)[0] == pytest.approx(4 * each)
    timed = [exclusive(job) for job in jobs[:3]]
    assert planned_s([*timed, *jobs[3:5]], [offer("a", 2)])[0] == pytest.approx(4 * each)
    assert len(planned_s(jobs, [])[1]) == len(jobs)
