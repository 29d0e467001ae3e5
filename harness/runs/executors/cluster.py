"""The executor for many machines.

The machine that gives the command holds the locks of the places, as a run's process does elsewhere, and alone writes to
the store. It chooses a worker for each run (`placing.py`), and sends it an order (`delegation.py`); the engine carries
orders and deliveries, and says which workers are there.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from distributed import Client

from harness.runs.executors.base import SILENT, Events
from harness.runs.executors.delegation import Delegation
from harness.runs.executors.placing import Placing
from harness.runs.executors.serving import Offer
from harness.runs.job import Job
from harness.runs.outcome import JobStatus


@dataclass
class ClusterExecutor:
    """Runs jobs on the workers of a scheduler, at most `most` at a time (0: as many as they do).

    `connect` opens a connection to the scheduler, and raises a `UserError` if there is none. Where no worker is there,
    one is waited for `patience_s` seconds; where those that are there cannot do what is left, for a few seconds. Then
    the runs that are left are unplaced.
    """

    connect: Callable[[], Client]
    device: str = "cpu"
    threads: int = 1
    most: int = 0
    patience_s: float = 60.0
    _placing: Placing = field(default_factory=Placing, init=False, repr=False)

    @property
    def workers(self) -> int:
        """How many runs the workers do at a time, at least 1."""
        return max(1, self._placing.runs)

    def run(self, jobs: Iterable[Job], events: Events = SILENT) -> dict[JobStatus, int]:
        """Run every job, the longest first, and return how many had each status; see `Executor`."""
        self._placing = Placing(self.most)
        self._placing.add(jobs)
        return dict(self._delegation(events).run()) if self._placing.waiting else {}

    def offers(self, jobs: Iterable[Job]) -> tuple[dict[str, Offer], list[str]]:
        """What the workers that are there have, by address; and in words what they lack for some jobs."""
        self._placing, noted = Placing(self.most), _Noted()
        self._placing.add(jobs)
        self._delegation(noted).ask_all()
        return self._placing.offers, noted.lines

    def _delegation(self, events: Events) -> Delegation:
        return Delegation(
            self.connect,
            self._placing,
            events,
            device=self.device,
            threads=self.threads,
            patience_s=self.patience_s,
        )


class _Noted(Events):
    """Keeps the lines that are said."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def said(self, line: str) -> None:
        self.lines.append(line)
