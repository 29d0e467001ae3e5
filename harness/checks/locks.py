"""Locks: the accepted digests of a task's protocol and of an entrant's code, so that neither drifts in silence."""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.core.canonical import digest
from harness.core.card import Card
from harness.core.closure import Closure, closure
from harness.registry.headers import HARNESS, Header

LOCK = "lock.toml"
CARD = "task.toml"
OUTSIDE = ("claims", "cli", "report", "executors", "stats", "tuning")
"""Folders of the harness that no score depends on."""
BESIDE = {
    *("attributes.py", "conformance.py", "environment.py", "frames.py", "headers.py", "job.py", "locks.py"),
    *("parameters.py", "plan.py", "planned.py", "record.py", "registry.py", "relock.py", "runner.py", "search.py"),
    *("staleness.py", "store.py", "tuned.py", "watch.py"),
}
"""Modules of the harness that no score depends on."""


@dataclass(frozen=True)
class ProtocolLock:
    """What was accepted last of a task's protocol: its version, and the digest of each file."""

    version: int
    files: Mapping[str, str]

    def changed(self, now: Closure) -> list[str]:
        """The files that are not what was accepted."""
        names = self.files.keys() | now.files.keys()
        return sorted(name for name in names if self.files.get(name) != now.files.get(name))


def protocol(card: Card, headers: Mapping[str, Header]) -> Closure:
    """The source of a task's protocol: what its `task.py` and its built-in entrants lead to within the harness, and
    what keys leave out of its card."""
    project = HARNESS.parent
    start = [HARNESS / "tasks" / card.task / "task.py"]
    start += [header.path for header in headers.values() if header.kind != "plugin"]
    reached = closure(start, project, skip=_is_beside)
    files = {name: meaning for name, meaning in reached.files.items() if name.startswith("harness/")}
    return Closure(project, {**files, f"harness/tasks/{card.task}/{CARD}": digest(unkeyed(card))})


def unkeyed(card: Card) -> dict[str, Any]:
    """What scores depend on in a card though keys do not say it, by name: the defaults of the settings, and what
    guessing scores and cannot be beaten."""
    found = {f"setting {name}": value for name, value in card.settings.items()}
    for name, metric in card.metrics.items():
        found |= {f"chance of {name}": metric.chance, f"ceiling of {name}": metric.ceiling}
    return found


def _is_beside(path: Path) -> bool:
    if HARNESS not in path.parents:
        return False
    parts = path.relative_to(HARNESS).parts
    return parts[0] in OUTSIDE or (len(parts) == 1 and parts[0] in BESIDE)


def read_protocol_lock(task: str) -> ProtocolLock | None:
    """The lock of a task's protocol, or None where nothing was accepted yet."""
    path = HARNESS / "tasks" / task / LOCK
    if not path.exists():
        return None
    lock = tomllib.loads(path.read_text())
    return ProtocolLock(lock["version"], lock["files"])


def write_protocol_lock(task: str, lock: ProtocolLock) -> Path:
    """Accept a protocol."""
    path = HARNESS / "tasks" / task / LOCK
    lines = [
        "# The accepted protocol: digests of the source files that its scores depend on.",
        f"# Written by `harness check --relock {task}`.",
        f"version = {lock.version}",
        "",
        "[files]",
        *(f"{json.dumps(name)} = {json.dumps(digest)}" for name, digest in sorted(lock.files.items())),
    ]
    path.write_text("\n".join(lines) + "\n")
    return path


def protocol_problem(card: Card, headers: Mapping[str, Header]) -> str:
    """What is wrong with a task's lock, and how to mend it; "" if its protocol is the accepted one."""
    task, version = card.task, card.version
    lock = read_protocol_lock(task)
    mend = f"harness check --relock {task}"
    if lock is None:
        return f"{task}: its protocol has never been accepted: {mend}"
    if lock.version != version:
        return f"{task}: version {version} has not been accepted, {lock.version} has: {mend}"
    if changed := lock.changed(protocol(card, headers)):
        return (
            f"{task}: its protocol changed ({', '.join(changed)}). If the scores change, raise `version` in task.toml; "
            f"then, or if they do not: {mend}"
        )
    return ""
