"""Whether the present code gives a task's golden smoke scores, and what may be changed while it does.

A run's key leaves out the source of the task and of the harness, for which the task's version stands, and those values
of the card that each tier may set otherwise. The comparison keeps that honest: other scores under the same keys, and
other defaults, are wrong until the version is raised.
"""

from collections.abc import Iterator, Sequence

from harness.checks.golden import (
    FILE,
    TOLERANCE,
    Golden,
    defaults,
    golden_command,
    golden_file,
    measure,
    own_entrants,
    read_golden,
    run_name,
    write_golden,
)
from harness.checks.smoke import smoke_specs
from harness.core.card import Card
from harness.core.errors import UserError
from harness.registry.accepted import accept_code
from harness.registry.find import Registry
from harness.registry.headers import HARNESS

MOST_LINES = 5


def golden_problems(registry: Registry, task: str) -> list[str]:
    """What shows without a run that a task's golden scores are not those of the present code, a line each. Only the
    tasks of this distribution must have golden scores."""
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


def check_scores(registry: Registry, task: str) -> tuple[list[str], str]:
    """Run a task's smoke tier and compare its scores with the golden ones: what is wrong, a line each, and in words
    what was compared and how closely. Without golden scores it is a `UserError`."""
    golden, command = read_golden(registry, task), golden_command(task)
    if problems := golden_problems(registry, task):
        return problems, ""
    now = measure(registry, task, own_entrants(registry, task))
    how = "bit for bit"
    if not golden.is_exact_for(now):
        how = f"{TOLERANCE}: {FILE} is from {golden.machine}, this is {now.machine}; `{command}` makes it exact here"
    return changed_scores(task, golden, now), f"{task}: {now.size}, {how}"


def renew_golden(registry: Registry, task: str) -> str:
    """Write a task's golden scores and say what was written. Raises a `UserError` where the version must be raised
    first: scores changed while the keys of their runs did not, or a default changed."""
    card, path = registry.card(task), golden_file(registry, task)
    before = read_golden(registry, task) if path.exists() else None
    now = measure(registry, task, own_entrants(registry, task))
    if before is not None and before.version == card.version:
        wrong = [*changed_defaults(before, card), *changed_scores(task, before, now)]
        if wrong and not before.is_exact_for(now):
            wrong.append(f"where only the machine makes the difference, delete {path} first")
        if wrong:
            raise UserError("; ".join(wrong))
    return f"{write_golden(registry, task, now)}: {now.size}"


def accept(registry: Registry, task: str, entrants: Sequence[str]) -> tuple[list[str], list[str]]:
    """Let the present code of entrants of a task stand, in keys, for the code that their golden scores were written
    with, if every smoke score is the same bit for bit. Returns what was refused and what was accepted, a line each.

    The code that an entrant's records were made with is the one that `smoke.json` names, for `harness check` refuses a
    file that names another one than keys have. The file keeps it when rewritten code is accepted, so that code can be
    rewritten and accepted again and again.

    Golden scores that are not there, or from other packages or another processor, are a `UserError`.
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
    """What to do where scores changed though the keys of their runs did not, and the first of these scores."""
    same = [run for run, key in golden.keys.items() if now.keys.get(run) == key]
    changed = golden.differences(now, same)
    if not changed:
        return []
    what = f"{len(changed)} smoke scores changed though the keys of their runs did not"
    return [f"{task}: {what}: raise `version` in task.toml, or mend the code", *_first(changed)]


def changed_defaults(golden: Golden, card: Card) -> list[str]:
    """The card's defaults that are others than those of the golden scores, and what to do. What is new on the card or
    gone from it needs no other version, because what it does shows in the scores."""
    before, now = golden.defaults, defaults(card)
    changed = [f"{name} was {before[name]}, is {now[name]}" for name in now if before.get(name, now[name]) != now[name]]
    why = "keys leave it out, and smoke scores prove nothing about it, because the smoke tier may set it otherwise"
    advice = "raise `version` in task.toml, or restore it"
    return [f"{card.task}: {'; '.join(changed)}: {why}; {advice}"] if changed else []


def _changed_runs(registry: Registry, golden: Golden, task: str) -> Iterator[str]:
    """How the smoke runs that are planned differ from the golden ones."""
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
