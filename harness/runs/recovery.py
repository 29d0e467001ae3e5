"""Recovery of long trainings: which checkpoints a run may go on from."""

import hashlib
from contextlib import suppress
from functools import cache
from pathlib import Path

from harness.core.canonical import digest
from harness.registry.headers import HARNESS
from harness.runs.job import Job


def identity(job: Job) -> str:
    """The digest of all on which it depends whether a run's scores are the same, bit for bit: its key, the source of
    the harness and of the task, which keys leave out, and the machine."""
    machine = job.environment.model_dump(exclude={"commit", "dirty"})
    sources = [source_digest(root) for root in (HARNESS, job.header.home.root)]
    return digest({"key": job.spec.key, "sources": sources, "machine": machine})


@cache
def source_digest(folder: Path) -> str:
    """The digest of all Python files below a folder that can be read, as they were when this process first asked for
    it."""
    state = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        with suppress(OSError):
            content = path.read_bytes()
            state.update(path.relative_to(folder).as_posix().encode() + b"\0" + content + b"\0")
    return state.hexdigest()[:32]
