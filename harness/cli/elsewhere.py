"""What `--on` names: the executor for other machines, and what it would do."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from harness.cli.options import duration
from harness.cli.session import warn
from harness.core.words import counted
from harness.records.record import Environment
from harness.runs.executors.engine import check_address, connect, open_to_others, require_engine
from harness.runs.job import Job

if TYPE_CHECKING:
    from harness.runs.executors.cluster import ClusterExecutor


@dataclass(frozen=True)
class Elsewhere:
    """How some runs would be done on other machines: at most so many at a time, in so many seconds. `exclusive` counts
    the runs by case that are alone on their machine; `lacking` says what workers lack; `unplaced` has the runs that no
    worker can do, with the reason."""

    on: str
    runs_at_a_time: int
    machines: int
    seconds: float
    exclusive: Mapping[str, int]
    lacking: Sequence[str]
    unplaced: Mapping[str, str]

    @property
    def facts(self) -> dict[str, Any]:
        """All of it as plain values."""
        return asdict(self)

    @property
    def lines(self) -> Iterator[str]:
        """All of it for people."""
        places = f"{counted(self.runs_at_a_time, 'run')} at a time on {counted(self.machines, 'machine')}"
        yield f"on {self.on}: {places}, about {duration(self.seconds)}"
        for case, count in self.exclusive.items():
            yield f"alone on one machine, after all others: {case} ({counted(count, 'run')})"
        yield from self.lacking
        reasons = Counter(self.unplaced.values())
        yield from (f"not done: {counted(count, 'run')}: {why}" for why, count in reasons.items())


def plan_elsewhere(on: str, due: Sequence[Job], device: str, threads: int, most: int) -> Elsewhere:
    """How runs would be done on what `on` names. Workers of a scheduler are asked; nothing is submitted to SLURM."""
    require_engine()
    from harness.runs.executors.placing import planned_s

    if is_slurm(on):
        from harness.runs.executors.slurm import check_limits, read_options

        slurm = read_options(on)
        check_limits(due, slurm)
        lacking: list[str] = []
        offers = slurm.offers(Environment(device=device, threads=threads))
    else:
        with open_cluster(on, due, device, threads, most) as cluster:
            found, lacking = cluster.offers(due)
        offers = list(found.values())
    seconds, left = planned_s(due, offers, most)
    at_a_time = sum(offer.runs for offer in offers)
    return Elsewhere(
        on=on,
        runs_at_a_time=min(at_a_time, most) if most else at_a_time,
        machines=len({offer.machine for offer in offers}),
        seconds=seconds,
        exclusive=dict(Counter(f"{job.spec.task}/{job.spec.case}" for job in due if job.resolved.case.exclusive)),
        lacking=lacking,
        unplaced={job.spec.place: why or "there is no worker" for job, why in left},
    )


def is_slurm(on: str) -> bool:
    """Whether `--on` names SLURM."""
    return on == "slurm" or on.startswith("slurm:")


@contextmanager
def open_cluster(on: str, jobs: Sequence[Job], device: str, threads: int, most: int) -> "Iterator[ClusterExecutor]":
    """The executor that does jobs on what `on` names, at most so many at a time (0: as many as its workers do). Raises
    `UserError` if it names nothing that can be used."""
    require_engine()
    from harness.runs.executors.cluster import ClusterExecutor

    if is_slurm(on):
        from harness.runs.executors.slurm import check_limits, open_slurm, read_options

        slurm = read_options(on)
        check_limits(jobs, slurm)
        with open_slurm(slurm, jobs[0].results) as connect_to_it:
            yield ClusterExecutor(connect_to_it, device, threads, most, slurm.patience_minutes * 60)
    else:
        check_address(on)
        warn(filter(None, [open_to_others(on)]))
        yield ClusterExecutor(partial(connect, on), device, threads, most)
