"""Placing: which job is done next, and by which worker. Knows nothing of how orders travel."""

import heapq
import itertools
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from harness.runs.executors.orders import Need, needs_of
from harness.runs.executors.serving import Offer
from harness.runs.job import Job

_Case: TypeAlias = tuple[str, str]
"""A task and a case of it."""


class Placed(NamedTuple):
    """A job, the address of the worker that is to do it, and that worker's machine."""

    job: Job
    address: str
    machine: str


@dataclass
class _Member:
    """A worker that takes orders: the time at which it ends, and how many runs it does now."""

    address: str
    offer: Offer
    ends: float
    used: int = 0


@dataclass
class _Cell:
    """The waiting jobs of an entrant in a case, which all need the same; the longest first."""

    needs: frozenset[Need]
    jobs: deque[Job] = field(default_factory=deque)


@dataclass
class Placing:
    """The jobs that wait, and the workers.

    The longest job comes first. Exclusive jobs come after all others: each is alone on its machine, and all jobs of a
    case are done on one machine, so that their times can be compared. A worker is given a job only if it has what the
    job needs, and will not end before the job's limit of time. At most `most` jobs are placed at a time (0: any
    number). `clock` says the time, in seconds.
    """

    most: int = 0
    clock: Callable[[], float] = time.monotonic
    placed: int = field(default=0, init=False)
    waiting: int = field(default=0, init=False)
    _cells: dict[tuple[str, ...], _Cell] = field(default_factory=dict, init=False, repr=False)
    _members: dict[str, _Member] = field(default_factory=dict, init=False, repr=False)
    _used: dict[str, int] = field(default_factory=dict, init=False, repr=False)
    _alone: set[str] = field(default_factory=set, init=False, repr=False)
    _machine_of: dict[_Case, str] = field(default_factory=dict, init=False, repr=False)

    def add(self, jobs: Iterable[Job]) -> None:
        """Add jobs that wait."""
        for job in sorted(jobs, key=lambda job: -job.expect_s):
            self._cell(job).jobs.append(job)
            self.waiting += 1

    def join(self, address: str, offer: Offer) -> None:
        """Add a worker."""
        self._members[address] = _Member(address, offer, self.clock() + offer.left_s)

    def leave(self, address: str) -> None:
        """Take a worker away. What it does already may still come to an end."""
        member = self._members.pop(address, None)
        if member and all(other.offer.machine != member.offer.machine for other in self._members.values()):
            # The exclusive cases that were begun there go on elsewhere.
            self._machine_of = {case: name for case, name in self._machine_of.items() if name != member.offer.machine}

    @property
    def needs(self) -> frozenset[Need]:
        """What all jobs together need."""
        return frozenset().union(*(cell.needs for cell in self._cells.values()))

    @property
    def preload(self) -> tuple[str, ...]:
        """The modules that the tasks of the waiting jobs import."""
        return tuple(sorted({name for cell in self._cells.values() for name in cell.jobs[0].card.preload}))

    @property
    def runs(self) -> int:
        """How many runs all workers do at a time."""
        total = sum(member.offer.runs for member in self._members.values())
        return min(total, self.most) if self.most else total

    @property
    def offers(self) -> dict[str, Offer]:
        """What the workers have, by address."""
        return {address: member.offer for address, member in self._members.items()}

    def is_shared(self, machine: str) -> bool:
        """Whether the workers of a machine do several runs at a time."""
        return sum(member.offer.runs for member in self._members.values() if member.offer.machine == machine) > 1

    def next(self) -> Placed | None:
        """Place a job, if there is one that a worker can do now."""
        if not self.waiting or (self.most and self.placed >= self.most):
            return None
        free = [member for member in self._members.values() if member.used < member.offer.runs]
        for member in sorted(free, key=lambda member: member.used / member.offer.runs):
            machine = member.offer.machine
            if machine in self._alone:
                continue
            cell = self._longest(member, exclusive=False)
            if cell is None and not self._used.get(machine):
                cell = self._longest(member, exclusive=True)
            if cell is not None:
                self.waiting -= 1
                placed = Placed(cell.jobs.popleft(), member.address, machine)
                self._count(placed, 1)
                return placed
        return None

    def done(self, placed: Placed) -> None:
        """A job that was placed has ended, or is to be placed again later, by `put_back`."""
        self._count(placed, -1)

    def put_back(self, job: Job) -> None:
        """Let a job wait, before those of its cell."""
        self._cell(job).jobs.appendleft(job)
        self.waiting += 1

    def take_waiting(self) -> Iterator[tuple[Job, str]]:
        """Every job that waits, which is taken away, and why no worker does it; "" if there is none."""
        for cell in self._cells.values():
            while cell.jobs:
                job = cell.jobs.popleft()
                self.waiting -= 1
                yield job, self._why_not(cell, job)

    def _cell(self, job: Job) -> _Cell:
        name = (job.spec.task, job.spec.case, job.spec.entrant)
        if name not in self._cells:
            self._cells[name] = _Cell(needs_of(job))
        return self._cells[name]

    def _count(self, placed: Placed, change: int) -> None:
        self.placed += change
        self._used[placed.machine] = self._used.get(placed.machine, 0) + change
        if member := self._members.get(placed.address):
            member.used += change
        if placed.job.resolved.case.exclusive and change > 0:
            self._machine_of.setdefault(_case(placed.job), placed.machine)
            self._alone.add(placed.machine)
        elif placed.job.resolved.case.exclusive:
            self._alone.discard(placed.machine)

    def _longest(self, member: _Member, *, exclusive: bool) -> _Cell | None:
        """The cell with the longest job that a worker can do now."""
        cells = [
            cell
            for cell in self._cells.values()
            if cell.jobs
            and cell.jobs[0].resolved.case.exclusive == exclusive
            and not self._why_refused(member, cell, cell.jobs[0])
            and self._machine_of.get(_case(cell.jobs[0]), member.offer.machine) == member.offer.machine
        ]
        return max(cells, key=lambda cell: cell.jobs[0].expect_s, default=None)

    def _why_refused(self, member: _Member, cell: _Cell, job: Job) -> str:
        """Why a worker cannot do a job of a cell, in words; "" if it can."""
        lacks = member.offer.lacking
        if lacks and (missing := sorted(cell.needs & lacks.keys())):
            return f"{member.offer.host}: {lacks[missing[0]]}"
        left_s = member.ends - self.clock()
        if left_s < job.limit_s:
            return f"{member.offer.host}: ends in {left_s:.0f} s, but the run may take {job.limit_s:.0f} s (--limit)"
        return ""

    def _why_not(self, cell: _Cell, job: Job) -> str:
        reasons = dict.fromkeys(self._why_refused(member, cell, job) for member in self._members.values())
        return "; ".join(filter(None, reasons))


def _case(job: Job) -> _Case:
    return job.spec.task, job.spec.case


def planned_s(jobs: Iterable[Job], offers: Iterable[Offer], most: int = 0) -> tuple[float, list[tuple[Job, str]]]:
    """How long jobs take on workers, in seconds, if each takes as long as planned; and the jobs that no worker can do,
    with the reasons."""
    now = 0.0
    placing, order = Placing(most, clock=lambda: now), itertools.count()
    placing.add(jobs)
    for number, offer in enumerate(offers):
        placing.join(str(number), offer)
    running: list[tuple[float, int, Placed]] = []
    while True:
        while placed := placing.next():
            heapq.heappush(running, (now + placed.job.expect_s, next(order), placed))
        if not running:
            return now, list(placing.take_waiting())
        now, _, placed = heapq.heappop(running)
        placing.done(placed)
