"""Delegation of runs to workers: orders are sent, and what is delivered is filed. A run whose worker is gone is sent to
another one."""

import queue
import time
import uuid
from collections import Counter, deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from distributed import Client, Future, KilledWorker
from filelock import BaseFileLock, Timeout

from harness.core.checkpoints import remove_checkpoints
from harness.core.errors import UserError
from harness.core.words import counted
from harness.records.copies import file_record, record_in
from harness.records.form import CorruptRecord, UnusableRecord
from harness.records.record import REPEATED, Failure
from harness.records.store import Store
from harness.runs.executors import engine, member
from harness.runs.executors.base import Events
from harness.runs.executors.local import INTERRUPTED, RETRY_BUSY_S
from harness.runs.executors.orders import order_of
from harness.runs.executors.placing import Placed, Placing
from harness.runs.executors.serving import Delivery, Offer, Question
from harness.runs.job import Job
from harness.runs.known import known_status
from harness.runs.outcome import Answer, JobStatus, conclude

LOOK_S = 0.5
"""How often it is looked which workers are there, in seconds."""
ANSWER_S = 30
"""Seconds within which a worker that is there must hand over what it has done."""
ABSENCE_S = 60
"""Seconds for which a scheduler that has ended is waited for."""
UNFIT_S = 5
"""Seconds for which a worker is waited for that can do what those that are there cannot."""
MOST_LOSSES = 3
"""A run whose worker has ended so often while doing it is given up as killed."""


@dataclass
class _Sent:
    """An order on its way: when it was sent, and the lock of its place."""

    placed: Placed
    lock: BaseFileLock
    started: datetime
    clock: float = field(default_factory=time.monotonic)


class Delegation:
    """Some jobs that workers are to do: what is waiting, what was sent, and what the workers said of themselves.

    `connect` opens a connection to the scheduler, and raises a `UserError` if there is none. Where nothing goes on, and
    no worker is there, one is waited for `patience_s` seconds.
    """

    def __init__(
        self,
        connect: Callable[[], Client],
        placing: Placing,
        events: Events,
        *,
        device: str,
        threads: int,
        patience_s: float,
    ) -> None:
        self._connect, self._placing, self._events, self._patience_s = connect, placing, events, patience_s
        self._question = Question(placing.needs, device, threads, placing.preload)
        self._client = connect()
        self._ended: queue.SimpleQueue[Future[Any]] = queue.SimpleQueue()
        self._asked: dict[str, str] = {}  # addresses by the key of the question
        self._known: set[str] = set()
        self._refused: dict[str, str] = {}  # reasons by address
        self._sent: dict[str, _Sent] = {}  # by the key of the order
        self._futures: dict[str, Future[Any]] = {}
        self._busy: deque[tuple[float, Job]] = deque()
        self._losses: Counter[str] = Counter()
        self._statuses: Counter[JobStatus] = Counter()
        self._next_look = self._last_seen = self._last_progress = time.monotonic()

    def run(self) -> Counter[JobStatus]:
        """Have everything done."""
        try:
            while self._placing.waiting or self._sent or self._busy:
                self._look()
                self._send_all()
                self._receive()
                self._lose_patience()
        except KeyboardInterrupt:
            self._interrupt()
            raise
        finally:
            self._close()
        return self._statuses

    def ask_all(self) -> None:
        """Ask all workers that are there, and wait for their answers."""
        try:
            self._look()
            give_up = time.monotonic() + ANSWER_S
            while self._asked and time.monotonic() < give_up:
                self._receive()
            for address in self._asked.values():
                self._events.said(f"worker {address} does not answer: it is busy, or it has stopped")
        finally:
            self._close()

    def _look(self) -> None:
        """See which workers are there; ask those that have come, and take back what was sent to those that left."""
        if time.monotonic() < self._next_look:
            return
        self._next_look = time.monotonic() + LOOK_S
        there = self._addresses()
        if there is None:
            if self._client.status != "running" or time.monotonic() > self._last_seen + ABSENCE_S:
                self._find_scheduler()
            return
        self._last_seen = time.monotonic()
        for address in self._known - there:
            self._take_back(address, f"worker {address} has left", is_loss=True)
        for address in there - self._known:
            key = self._submit(member.ask, self._question, address)
            self._asked[key] = address
        self._known = there

    def _addresses(self) -> set[str] | None:
        """The addresses of the workers that are there; None if the scheduler has ended or does not answer in time."""
        if self._client.status != "running":
            return None
        try:
            return set(engine.ask_scheduler(self._client, "identity", n_workers=-1)["workers"])
        except OSError:
            return None

    def _find_scheduler(self) -> None:
        """The scheduler is gone: take everything back, and wait for another one at its address."""
        self._events.said(f"the scheduler has ended; waiting {ABSENCE_S:.0f} s for another one")
        for address in self._known:
            self._take_back(address, "", is_loss=False)
        self._disconnect()
        give_up = time.monotonic() + ABSENCE_S
        while True:
            try:
                self._client = self._connect()
                break
            except UserError as error:
                if time.monotonic() > give_up:
                    left = self._placing.waiting + len(self._busy)
                    what = f"{counted(left, 'run')} not done; start a scheduler, and the same command continues"
                    raise UserError(f"{error}; {what}") from error
                time.sleep(LOOK_S)
        self._known, self._refused = set(), {}
        self._last_seen = self._last_progress = time.monotonic()

    def _send_all(self) -> None:
        """Send as many orders as the workers can do now."""
        while self._busy and self._busy[0][0] <= time.monotonic():
            self._placing.put_back(self._busy.popleft()[1])
        while placed := self._placing.next():
            self._send(placed)

    def _send(self, placed: Placed) -> None:
        job = placed.job
        store = Store(job.results)
        lock = store.lock(job.spec)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            self._placing.done(placed)
            self._busy.append((time.monotonic() + RETRY_BUSY_S, job))
            return
        if (status := known_status(job, store)) is not None:
            lock.release()
            self._placing.done(placed)
            self._finish(job, status, 0.0)
            return
        contended = self._placing.is_shared(placed.machine) and not job.resolved.case.exclusive
        environment = self._placing.offers[placed.address].environment
        job = replace(job, environment=environment, contended=contended)
        sent = _Sent(Placed(job, placed.address, placed.machine), lock, datetime.now(UTC))
        self._sent[self._submit(member.do, order_of(job), placed.address)] = sent
        self._events.started(job)

    def _submit(self, function: Callable[[Any], Any], argument: object, address: str) -> str:
        """Have a worker call a function; returns the key of the call."""
        key = f"harness-{uuid.uuid4().hex}"
        options = {"workers": [address], "allow_other_workers": False, "pure": False}
        future = self._client.submit(function, argument, key=key, **options)
        self._futures[key] = future
        future.add_done_callback(self._ended.put)
        return key

    def _receive(self) -> None:
        """Take what workers have said and done; wait for it, but not for long."""
        with suppress(queue.Empty):
            self._take(self._ended.get(timeout=LOOK_S))
            while True:
                self._take(self._ended.get_nowait())

    def _take(self, future: Future[Any]) -> None:
        """Take the answer to a question, or a delivery."""
        key = str(future.key)
        self._futures.pop(key, None)
        if (address := self._asked.pop(key, None)) is not None:
            self._take_offer(address, future)
        elif (sent := self._sent.pop(key, None)) is not None:
            self._last_progress = time.monotonic()
            self._take_delivery(sent, future)

    def _take_offer(self, address: str, future: Future[Any]) -> None:
        try:
            offer: Offer = future.result(timeout=ANSWER_S)
        except Exception as error:
            if address in self._known and future.status == "error":
                self._refuse(address, _in_words(error))
            return
        self._last_progress = time.monotonic()
        self._placing.join(address, offer)
        for why in offer.lacking.values():
            self._events.said(f"worker {offer.host} ({address}): {why}")

    def _take_delivery(self, sent: _Sent, future: Future[Any]) -> None:
        try:
            delivery: Delivery = future.result(timeout=ANSWER_S)
        except Exception as error:
            if future.status == "error" and not isinstance(error, KilledWorker):
                delivery = Delivery(refusal=_in_words(error))
            else:
                self._lost(sent)
                return
        if delivery.refusal:
            self._refuse(sent.placed.address, delivery.refusal)
            self._again(sent)
        elif delivery.status == "interrupted":  # the worker ends
            self._again(sent)
        else:
            self._file(sent, delivery)

    def _file(self, sent: _Sent, delivery: Delivery) -> None:
        """File the record that was delivered, or a failure where it is not sound."""
        job, answer = sent.placed.job, Answer(status=delivery.status)
        store = Store(job.results)
        try:
            record = record_in(delivery.files, job.spec.place)
            file_record(record, delivery.files, store)
            if record.status not in REPEATED:
                remove_checkpoints(store.checkpoints, job.spec.place)
        except (CorruptRecord, UnusableRecord) as why:
            failure = Failure(type="BadOutput", message=f"the record that was delivered is {why}")
            answer = Answer(status="error", failure=failure)
        except OSError as error:
            raise UserError(f"cannot write the record {job.spec.place}: {error.strerror}") from error
        finally:
            sent.lock.release()
        self._end(sent, answer)

    def _end(self, sent: _Sent, answer: Answer) -> None:
        """What was sent has come to an end: conclude it."""
        self._placing.done(sent.placed)
        status = conclude(sent.placed.job, answer, sent.started)
        self._finish(sent.placed.job, status, time.monotonic() - sent.clock)

    def _finish(self, job: Job, status: JobStatus, seconds: float) -> None:
        if status == "busy":
            self._busy.append((time.monotonic() + RETRY_BUSY_S, job))
            return
        self._statuses[status] += 1
        self._events.finished(job, status, seconds)

    def _refuse(self, address: str, why: str) -> None:
        """Send no more orders to a worker."""
        if address not in self._refused:
            self._refused[address] = f"worker {address} {why}"
            self._events.said(f"worker {address} is not used: it {why}")
        self._placing.leave(address)

    def _take_back(self, address: str, why: str, *, is_loss: bool) -> None:
        """Take back what was sent to a worker that is gone."""
        for key in [key for key, asked in self._asked.items() if asked == address]:
            del self._asked[key]
            self._futures.pop(key).release()
        keys = [key for key, sent in self._sent.items() if sent.placed.address == address]
        for key in keys:
            self._futures.pop(key).release()
            (self._lost if is_loss else self._again)(self._sent.pop(key))
        if why:
            self._events.said(f"{why}; {counted(len(keys), 'run')} of it are done again" if keys else why)
        self._placing.leave(address)

    def _again(self, sent: _Sent) -> None:
        """Do a run again, elsewhere."""
        sent.lock.release()
        self._placing.done(sent.placed)
        self._placing.put_back(sent.placed.job)

    def _lost(self, sent: _Sent) -> None:
        """The worker of a run has ended: do the run again, unless that has happened too often."""
        job = sent.placed.job
        self._losses[job.spec.place] += 1
        if self._losses[job.spec.place] < MOST_LOSSES:
            self._again(sent)
            return
        sent.lock.release()
        message = f"{MOST_LOSSES} workers have ended while they did the run"
        self._end(sent, Answer(status="killed", failure=Failure(type="WorkerLost", message=message)))

    def _lose_patience(self) -> None:
        """Where nothing goes on and no worker can do what is left, say so of each run, and be done."""
        if self._sent or self._asked or self._busy or not self._placing.waiting:
            self._last_progress = time.monotonic()
        elif time.monotonic() > self._last_progress + (UNFIT_S if self._known else self._patience_s):
            refused = "; ".join(self._refused.values())
            for job, why in self._placing.take_waiting():
                self._events.unplaced(job, why or refused or "no worker has joined; start some with `harness work`")

    def _interrupt(self) -> None:
        """Stop everything that was sent, and record it as interrupted."""
        with suppress(Exception):
            self._client.cancel(list(self._futures.values()), force=True)
        for sent in self._sent.values():
            sent.lock.release()
            conclude(sent.placed.job, INTERRUPTED, sent.started)
        self._sent.clear()

    def _close(self) -> None:
        for sent in self._sent.values():
            sent.lock.release()
        self._disconnect()

    def _disconnect(self) -> None:
        self._futures.clear()
        with suppress(Exception):
            self._client.close(timeout=2)


def _in_words(error: Exception) -> str:
    """Why a worker could not answer."""
    if isinstance(error, UserError):
        return str(error)
    if isinstance(error, ImportError | AttributeError):
        return f"has another version of the harness ({error})"
    return f"failed ({type(error).__name__}: {error})"
