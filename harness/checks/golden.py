"""Golden smoke scores: what every entrant of a task scored at the smoke tier, compared with what it scores now.

A run's key does not contain the source of the task and of the harness, for which the task's version stands, nor the
card's default settings. Golden scores show when the version must be raised: when scores change although the keys of
their runs do not, or when a default changes.
"""

import json
import re
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from harness.checks.golden_file import (
    FILE,
    TOLERANCE,
    Golden,
    defaults,
    golden_command,
    golden_file,
    read_golden,
    run_name,
)
from harness.checks.smoke import run_smoke, smoke_specs, untimed_scores
from harness.core.card import Card
from harness.core.errors import UserError
from harness.records.environment import describe_environment
from harness.records.record import SCORED
from harness.registry.accepted import accept_code
from harness.registry.find import Registry
from harness.registry.headers import HARNESS
from harness.runs.executors.local import check_load

MOST_LINES = 5


def own_entrants(registry: Registry, task: str) -> list[str]:
    """The entrants that a task's golden scores cover: all but plug-ins. If there are none, it is a `UserError`."""
    names = [name for name, header in registry.of_task(task).items() if header.kind != "plugin"]
    if not names:
        raise UserError(f"{task}: its package brings no entrant whose scores could be golden")
    return names


def measure(registry: Registry, task: str, entrants: Sequence[str]) -> Golden:
    """The smoke scores of some entrants of a task with the present code. A run that fails is a `UserError`."""
    with tempfile.TemporaryDirectory() as folder:
        records = run_smoke(registry, task, entrants, Path(folder), workers=check_load(0, 1))
    for record in records:
        if record.status not in SCORED and record.failure:
            raise UserError(f"{task}: {run_name(record.spec)}: {record.status}: {record.failure.text}")
    here = describe_environment()
    return Golden(
        about=f"Golden smoke scores, written by `{golden_command(task)}`.",
        version=registry.card(task).version,
        packages=here.packages,
        processor=f"{here.processor}{_model()}",
        defaults=defaults(registry.card(task)),
        code={record.spec.entrant: record.spec.code for record in records},
        keys={run_name(record.spec): record.key for record in records},
        scores={run_name(record.spec): untimed_scores(record) for record in records},
    )


def _model() -> str:
    """The numbers that tell processors of the same name apart, where the system says them: ` (family 25, model 17)`."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return ""
    numbers = dict(re.findall(r"^(cpu family|model)\s*: (\d+)$", lines, flags=re.MULTILINE))
    return f" (family {numbers['cpu family']}, model {numbers['model']})" if len(numbers) == 2 else ""


def golden_problems(registry: Registry, task: str) -> list[str]:
    """A line for each sign, visible without running anything, that a task's golden scores are not those of the present
    code. Only the tasks of this distribution must have golden scores."""
    if registry.homes[task].root != HARNESS and not golden_file(registry, task).exists():
        return []
    card, command = registry.card(task), golden_command(task)
    try:
        golden = read_golden(registry, task)
    except UserError as error:
        return [str(error)]
    if golden.version != card.version:
        return [f"{task}: {FILE} is of version {golden.version}, the card of version {card.version}: `{command}`"]
    problems = changed_defaults(golden, card)
    if not problems and (names := sorted(golden.defaults.keys() ^ defaults(card).keys())):
        problems = [f"{task}: new on the card or gone from it: {', '.join(names)}: `{command}`"]
    return [*problems, *_changed_runs(registry, golden, task)]


def check_scores(registry: Registry, task: str) -> tuple[list[str], list[str]]:
    """Run a task's smoke tier and compare its scores with the golden ones. Returns the problems, a line each; and, if
    there are none, a line that says what was compared and how closely. Missing golden scores are a `UserError`."""
    golden, command = read_golden(registry, task), golden_command(task)
    if problems := golden_problems(registry, task):
        return problems, []
    now = measure(registry, task, own_entrants(registry, task))
    how = "bit for bit"
    if not golden.is_exact_for(now):
        how = f"{TOLERANCE}: {FILE} is from {golden.machine}, this is {now.machine}; `{command}` makes it exact here"
    problems = changed_scores(task, golden, now)
    return problems, [] if problems else [f"{task}: {now.size}, {how}"]


def renew_golden(registry: Registry, task: str) -> str:
    """Write a task's golden scores and say what was written. Raises a `UserError` where the version must be raised
    first: scores changed while the keys of their runs did not, or a default changed."""
    card, path = registry.card(task), golden_file(registry, task)
    before = read_golden(registry, task) if path.exists() else None
    now = measure(registry, task, own_entrants(registry, task))
    if before is not None:
        now = now.model_copy(update={"amplified": before.amplified})
    if before is not None and before.version == card.version:
        wrong = [*changed_defaults(before, card), *changed_scores(task, before, now)]
        if wrong and not before.is_exact_for(now):
            wrong.append(f"where only the machine makes the difference, delete {path} first")
        if wrong:
            raise UserError("; ".join(wrong))
    content = json.dumps(now.model_dump(mode="json"), indent=1, sort_keys=True, ensure_ascii=False)
    try:
        path.write_text(content + "\n", encoding="utf-8")
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror}") from error
    return f"{path}: {now.size}"


def accept(registry: Registry, task: str, entrants: Sequence[str]) -> tuple[list[str], list[str]]:
    """Accept the present code of entrants of a task in place of the code that their golden scores were written with, if
    every smoke score is the same bit for bit. Returns a line for each entrant that was refused, and for each that was
    not.

    `smoke.json` names the code that an entrant's records were made with, since `harness check` refuses a file that
    names other code than keys contain. Accepting rewritten code does not change the file, so that code can be rewritten
    and accepted any number of times.

    Golden scores that are missing, or from other packages or another processor, are a `UserError`.
    """
    golden, command = read_golden(registry, task), golden_command(task)
    specs = [spec for spec in smoke_specs(registry, task, entrants) if golden.differs_in_code(spec)]
    rewritten = sorted({spec.entrant for spec in specs})
    refused: list[str] = []
    accepted = [f"{name}: there is no other code to accept" for name in entrants if name not in rewritten]
    now = measure(registry, task, rewritten) if rewritten else golden
    if not golden.is_exact_for(now):
        raise UserError(
            f"{task}: code is accepted where scores are the same bit for bit, but {FILE} is from {golden.machine}, and "
            f"this is {now.machine}; `{command}` at the commit before the change writes it here"
        )
    for name in rewritten:
        if changed := golden.differences(now, [run_name(spec) for spec in specs if spec.entrant == name]):
            refused.append(f"{name}: {changed[0]} ({len(changed)} changed): its records are stale: `{command}`")
            continue
        header = registry.header(task, name)
        path = accept_code(header, golden.code[name], registry.closure(header).digest)
        accepted.append(f"{name}: every smoke score is the golden one; its records stay valid ({path})")
    return refused, accepted


def changed_scores(task: str, golden: Golden, now: Golden) -> list[str]:
    """A line that says what to do if scores changed though the keys of their runs did not; and the first of them."""
    same = [run for run, key in golden.keys.items() if now.keys.get(run) == key]
    changed = golden.differences(now, same)
    if not changed:
        return []
    what = f"{len(changed)} smoke scores changed though the keys of their runs did not"
    return [f"{task}: {what}: raise `version` in task.toml, or mend the code", *_first(changed)]


def changed_defaults(golden: Golden, card: Card) -> list[str]:
    """The defaults of the card that changed since the golden scores were written, and what to do. New or removed ones
    need no other version: if they change anything, the scores show it."""
    before, now = golden.defaults, defaults(card)
    changed = [f"{name} was {before[name]}, is {now[name]}" for name in now if before.get(name, now[name]) != now[name]]
    why = "keys leave it out, and smoke scores prove nothing about it, because the smoke tier may set it otherwise"
    advice = "raise `version` in task.toml, or restore it"
    return [f"{card.task}: {'; '.join(changed)}: {why}; {advice}"] if changed else []


def _changed_runs(registry: Registry, golden: Golden, task: str) -> Iterator[str]:
    """The differences between the planned smoke runs and the golden ones, in words."""
    specs = {run_name(spec): spec for spec in smoke_specs(registry, task, own_entrants(registry, task))}
    rewritten = {run for run, spec in specs.items() if golden.differs_in_code(spec)}
    if names := sorted({specs[run].entrant for run in rewritten}):
        yield (
            f"{task}: the code of {', '.join(names)} is not that of {FILE}. If it gives the same scores, "
            f"`harness check --accept {' '.join(names)}` keeps the records; else `{golden_command(task)}`, and they "
            "are stale"
        )
    same = {run for run, spec in specs.items() if golden.has(spec)}
    if others := sorted((specs.keys() | golden.keys.keys()) - same - rewritten):
        lines = ", ".join(_first(others))
        yield f"{task}: new, gone, or not the same run as in {FILE}: {lines}: `{golden_command(task)}`"


def _first(lines: Sequence[str]) -> list[str]:
    """The first few lines, and how many more there are."""
    more = [f"and {len(lines) - MOST_LINES} more"] if len(lines) > MOST_LINES else []
    return [*lines[:MOST_LINES], *more]
