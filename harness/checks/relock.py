"""Relocking: accept changed source after showing that it gives the same scores as the last accepted commit's."""

import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from harness.checks.locks import (
    CARD,
    LOCK,
    ProtocolLock,
    protocol,
    read_protocol_lock,
    unkeyed,
    write_protocol_lock,
)
from harness.core.card import Card
from harness.core.errors import UserError
from harness.core.spec import Spec
from harness.records.record import SCORED
from harness.records.store import Store
from harness.registry.accepted import accept_code
from harness.registry.find import Registry
from harness.registry.headers import HARNESS, Header

PROJECT = HARNESS.parent


@dataclass(frozen=True)
class _Smoke:
    """One smoke run: its spec, and its scores by metric and point."""

    spec: Spec
    scores: Mapping[str, float]


def relock_task(registry: Registry, task: str) -> str:
    """Accept a task's protocol as it stands; returns why it may be.

    Nothing was accepted before, the version was raised, or every smoke score is bit-identical to that of the last
    accepted commit; else a `UserError` names the first score that differs.
    """
    card, headers = registry.card(task), registry.of_task(task)
    now, version = protocol(card, headers), card.version
    before = read_protocol_lock(task)
    if before is None or version > before.version:
        write_protocol_lock(task, ProtocolLock(version, now.files))
        return f"{task}: version {version} accepted"
    if not before.changed(now):
        return f"{task}: nothing changed"
    commit = _last_commit(HARNESS / "tasks" / task / LOCK)
    if not commit:
        raise UserError(f"{task}: its {LOCK} was never committed, so there is nothing to compare with; commit it first")
    if changed := _changed_defaults(card, commit):
        raise UserError(
            f"{task}: {changed}: keys leave it out and the smoke tier may override it, so smoke scores prove nothing; "
            f"raise `version` in {CARD}, or set the old value at the tiers that are to keep it"
        )
    _compare(task, headers, commit, ())
    write_protocol_lock(task, ProtocolLock(version, now.files))
    return f"{task}: every smoke score is that of commit {commit[:10]}; accepted as a refactoring"


def relock_entrant(registry: Registry, header: Header) -> str:
    """Accept an entrant's code as a refactoring of what is committed, if every smoke score is bit-identical.

    Its records stay valid: in keys, the new code stands as the code that they were made with.
    """
    current = registry.closure(header).digest
    commit = _git("rev-parse", "HEAD")
    code = _compare(header.task, {header.name: header}, commit, [header.name])
    if code == current:
        return f"{header.name}: nothing changed since commit {commit[:10]}"
    accept_code(header, code, current)
    return f"{header.name}: every smoke score is that of commit {commit[:10]}; its records stay valid"


def _changed_defaults(card: Card, commit: str) -> str:
    """What a commit's card says otherwise of all that keys leave out, in words; what is new or gone shows in scores."""
    path = f"harness/tasks/{card.task}/{CARD}"
    before = unkeyed(Card.model_validate({**tomllib.loads(_git("show", f"{commit}:{path}")), "task": card.task}))
    now = unkeyed(card)
    changed = [name for name in before if name in now and before[name] != now[name]]
    return "; ".join(f"{name} was {before[name]}, is {now[name]}" for name in changed)


def _compare(task: str, headers: Mapping[str, Header], commit: str, entrants: Sequence[str]) -> str:
    """Run the smoke tier of a commit and of the working tree. Raises at the first score that differs, else returns
    what stands for the (last) entrant's code in the commit's keys."""
    with tempfile.TemporaryDirectory() as folder, _worktree(commit) as tree:
        old = _smoke(tree, task, entrants, Path(folder) / "old")
        new = _smoke(PROJECT, task, entrants, Path(folder) / "new")
    comparable = [cell for cell in old if cell in new and (entrants or old[cell].spec.code == new[cell].spec.code)]
    if not comparable:
        raise UserError(f"{task}: commit {commit[:10]} has no smoke run to compare with; raise the version instead")
    code = ""
    for cell, before in old.items():
        header = headers.get(before.spec.entrant)
        if cell not in new and header and header.cases and before.spec.case not in header.cases:
            continue  # The entrant says that it no longer takes part.
        if cell not in new:
            raise UserError(f"{cell}: commit {commit[:10]} scores it, the working tree does not; raise the version")
        if not entrants and new[cell].spec.code != before.spec.code:
            continue  # The entrant itself is another one: its scores say nothing of the protocol.
        after = new[cell].scores
        for name in sorted(before.scores.keys() | after.keys()):
            if before.scores.get(name) != after.get(name):
                raise UserError(
                    f"{cell}: {name} was {before.scores.get(name)} at commit {commit[:10]}, is {after.get(name)}: "
                    f"no refactoring; raise `version` in task.toml (or let the entrant's records become stale)"
                )
        code = before.spec.code
    return code


def _smoke(tree: Path, task: str, entrants: Sequence[str], results: Path) -> dict[str, _Smoke]:
    """Every scored smoke run of one seed in a checkout, by cell; timing metrics apart."""
    words = ["run", "--tier", "smoke", "--seeds", "1", "--task", task, "--results", str(results), "--no-table"]
    for entrant in entrants:
        words += ["--entrant", entrant]
    subprocess.run([sys.executable, "-m", "harness", *words], cwd=tree, check=False, capture_output=True)
    return {
        str(record.spec.cell): _Smoke(
            record.spec,
            {
                f"{score.metric} {dict(score.at)}": score.value
                for score in record.scores
                if not record.metrics[score.metric].timing
            },
        )
        for record in Store(results).all()
        if record.status in SCORED
    }


@contextmanager
def _worktree(commit: str) -> Iterator[Path]:
    """A checkout of a commit beside this one, for the block."""
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        _git("worktree", "add", "--detach", str(tree), commit)
        try:
            yield tree
        finally:
            _git("worktree", "remove", "--force", str(tree))


def _last_commit(path: Path) -> str:
    return _git("log", "-1", "--format=%H", "--", str(path))


def _git(*words: str) -> str:
    try:
        done = subprocess.run(["git", "-C", str(PROJECT), *words], check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise UserError(f"relocking compares with a commit and needs git and a checkout: {error}") from error
    return done.stdout.strip()
