"""A worker of the engine: a process that joins a scheduler and does the runs that it is sent."""

import asyncio
import math
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from distributed import Status, get_worker
from distributed import Worker as EngineWorker
from distributed.comm.addressing import get_address_host
from distributed.utils import get_ip

from harness.core.errors import UserError
from harness.core.words import counted
from harness.runs.executors.engine import CONNECT_S, connect_within, security_for
from harness.runs.executors.orders import Order
from harness.runs.executors.serving import Delivery, Offer, Question, Worker

_ALIVE = (Status.running, Status.paused, Status.closing_gracefully)


class Member(EngineWorker):
    """The engine's worker, which listens at one port alone: without the web page that others open."""

    def __init__(self, address: str, worker: Worker, **options: Any) -> None:
        self.runs_worker = worker
        super().__init__(address, nthreads=worker.runs, memory_limit=0, **options)

    def start_http_server(self, *_: Any, **__: Any) -> None:
        """Opens no port."""


def ask(question: Question) -> Offer:
    """Called on a worker: what it has."""
    return _worker().runs_worker.offer(question)


def do(order: Order) -> Delivery:
    """Called on a worker: do a run. It is stopped when nobody wants it any more, or the worker closes."""
    member = _worker()
    key = member.get_current_task()

    def is_interrupted() -> bool:
        task = member.state.tasks.get(key)
        return member.status not in _ALIVE or task is None or task.state != "executing"

    return member.runs_worker.do(order, is_interrupted)


def _worker() -> Member:
    member = get_worker()
    if not isinstance(member, Member):
        raise UserError("is no worker of `harness work`")
    return member


@dataclass(frozen=True)
class Membership:
    """How a worker joins: the scheduler's address; the address to listen at, by default (None) that by which this
    machine reaches the scheduler; and the worker's name, by default its address."""

    address: str
    host: str | None = None
    name: str | None = None


def serve(membership: Membership, worker: Worker, wait_s: float, said: Callable[[str], None]) -> None:
    """Be a worker of the scheduler at an address, until a signal ends it, or the worker's time is over. A scheduler
    that is not there, or ends, is waited for; `UserError` if it has not come after `wait_s` seconds. `said` is told
    what happens."""
    while True:
        connect_within(membership.address, wait_s).close()
        try:
            if asyncio.run(_session(membership, worker, said)):
                return
        except (RuntimeError, OSError) as error:
            raise UserError(f"cannot join {membership.address}: {error.__cause__ or error}") from error
        said(f"the scheduler at {membership.address} has ended; waiting {wait_s:.0f} s for another one")


async def _session(membership: Membership, worker: Worker, said: Callable[[str], None]) -> bool:
    """Be a worker for as long as the scheduler is there. Returns whether the worker is to end."""
    end = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, end.set)
    left_s = None if math.isinf(worker.ends) else worker.ends - time.monotonic()
    # Without an address the engine would listen at all of this machine's.
    address, listen = membership.address, membership.host or get_ip(get_address_host(membership.address))
    options = {"host": listen, "security": security_for(address), "name": membership.name}
    async with Member(
        address, worker, death_timeout=CONNECT_S, local_directory=str(worker.folder), **options
    ) as member:
        said(f"{member.address} does {counted(worker.runs, 'run')} at a time for {address}")
        waits = [asyncio.ensure_future(wait) for wait in (end.wait(), member.finished())]
        done, _ = await asyncio.wait(waits, timeout=left_s, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()
        return waits[0] in done or not done
