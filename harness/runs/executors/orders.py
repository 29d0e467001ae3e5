"""Orders: what a machine is told so that it does a run for another one, and what it must have for that."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Literal, NamedTuple, TypeAlias

from harness.core.canonical import digest
from harness.core.errors import UserError
from harness.data.fetch import locate
from harness.registry.find import Registry, find
from harness.registry.headers import HARNESS, Header
from harness.runs.executors.local import check_device
from harness.runs.job import Job
from harness.runs.plan import data_identity
from harness.runs.recovery import source_digest

Kind: TypeAlias = Literal["harness", "task", "entrant", "data", "device"]


_READING = Lock()
"""Is held while source is read: Python's parser fails where several threads use it at once."""


class Need(NamedTuple):
    """What a run needs of the machine that does it: source of a digest, data files of a task, a data set, a device."""

    kind: Kind
    name: str
    digest: str = ""


@dataclass(frozen=True)
class Order:
    """A job for another machine. `files` are those of a plug-in, by name below the folder that bounds its code; other
    entrants, and tasks, are installed there."""

    job: Job
    needs: frozenset[Need]
    files: Mapping[str, bytes]


def order_of(job: Job) -> Order:
    """The order that has another machine do a job. Raises `UserError` if a file of a plug-in cannot be read."""
    header = job.header
    try:
        files = {name: (header.root / name).read_bytes() for name in job.code} if header.kind == "plugin" else {}
    except OSError as error:
        raise UserError(f"cannot read {error.filename} of plug-in {header.name}: {error.strerror}") from error
    return Order(job, needs_of(job), files)


def needs_of(job: Job) -> frozenset[Need]:
    """What a machine needs to do a job."""
    header, case = job.header, job.resolved.case
    needs = {Need("harness", "harness", source_digest(HARNESS))}
    if header.home.root != HARNESS:
        needs.add(Need("task", job.spec.task, source_digest(header.home.root)))
    if case.bundled:
        needs.add(Need("task", f"{job.spec.task}/{case.id}", job.spec.data))
    if header.kind != "plugin":
        needs.add(Need("entrant", f"{job.spec.task}/{header.name}", digest(dict(job.code))))
    needs |= {Need("data", name) for name in case.data}
    if job.environment.device != "cpu":
        needs.add(Need("device", job.environment.device))
    return frozenset(needs)


def lacking(needs: Iterable[Need]) -> dict[Need, str]:
    """What this machine lacks of some needs: by need, a line that says so and what to do."""
    with _READING:
        return {need: why for need in needs if (why := _why_lacking(need))}


def here(order: Order, results: Path) -> Job:
    """The job of an order as this machine does it, into a folder of results, where the files of a plug-in lie beside
    the records. Raises `UserError` if the machine lacks what the order needs, and `OSError`."""
    for why in lacking(order.needs).values():
        raise UserError(why)
    job, header = order.job, order.job.header
    with _READING:
        registry = _registry()
    if header.kind == "plugin":
        root = results / "plugin" / header.root.name
        for name, data in order.files.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_bytes(data)
        placed = replace(header, root=root, path=root / header.path.relative_to(header.root))
    else:
        placed = registry.header(job.spec.task, header.name)
    placed = replace(placed, home=registry.homes[job.spec.task])
    return replace(job, header=placed, results=results, seen="")


@cache
def _registry() -> Registry:
    """The installed tasks and entrants, as they were when this process first asked."""
    return find()


def _why_lacking(need: Need) -> str:
    """Why this machine lacks a need, in words; "" if it has it."""
    try:
        return next(_differences(need), "")
    except UserError as error:
        return str(error)


def _differences(need: Need) -> Iterator[str]:
    repair = "bring both to the same version"
    match need.kind:
        case "harness":
            if source_digest(HARNESS) != need.digest:
                yield f"has another harness source; {repair}"
        case "task" if "/" in need.name:
            task, _, case = need.name.partition("/")
            card = _registry().card(task)
            found = next((entry for entry in card.cases if entry.id == case), None)
            if found is None or data_identity(found, _registry().homes[task].folder) != need.digest:
                yield f"has other data files of {task} ({case}); {repair}"
        case "task":
            _registry().card(need.name)
            if source_digest(_registry().homes[need.name].root) != need.digest:
                yield f"has another source of the task {need.name}; {repair}"
        case "entrant":
            if _code_digest(_installed(need.name)) != need.digest:
                yield f"has another source of {need.name}; {repair}"
        case "data":
            locate(need.name)
        case "device":
            check_device(need.name)


def _installed(name: str) -> Header:
    task, _, entrant = name.partition("/")
    return _registry().header(task, entrant)


def _code_digest(header: Header) -> str:
    # The copy of the registry has no closures yet, so that files which have changed meanwhile are read again.
    return digest(dict(replace(_registry()).closure(header).files))
