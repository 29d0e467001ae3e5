"""Whether the present code gives a task's golden smoke scores.

A run's key leaves out the source of the task and of the harness, for which the task's version stands, and those values
of the card that each tier may set otherwise. The comparison keeps that honest: other scores under the same keys, and
other defaults, are wrong until the version is raised.
"""

import json
from collections.abc import Iterator, Sequence

from harness.checks.golden import (
    FILE,
    WITHIN,
    Golden,
    cell_of,
    defaults,
    golden_file,
    measure,
    own_entrants,
    read_golden,
    write_golden,
    writing,
)
from harness.checks.smoke import smoke_specs
from harness.core.card import Card
from harness.core.errors import UserError
from harness.registry.find import Registry
from harness.registry.headers import HARNESS

MOST_LINES = 5


def golden_problems(registry: Registry, task: str) -> list[str]:
    """What shows without a run that a task's golden scores are not those of the present code, a line each. Only the
    tasks of this distribution must have golden scores."""
    card = registry.card(task)
    try:
        golden = read_golden(registry, task)
    except UserError as error:
        return [str(error)]
    if golden is None:
        return [missing(registry, task)] if registry.homes[task].root == HARNESS else []
    if golden.version != card.version:
        return [f"{task}: {FILE} is of version {golden.version}, the card of version {card.version}: `{writing(task)}`"]
    return [*changed_defaults(golden, card), *_changed_names(golden, card), *_changed_runs(registry, golden, task)]


def missing(registry: Registry, task: str) -> str:
    """That a task has no golden scores, and what to do."""
    path = golden_file(registry, task)
    return f"{path} is not there: `{writing(task)}` writes it; scores must be equal to it here, elsewhere {WITHIN}"


def check_scores(registry: Registry, task: str) -> tuple[list[str], str]:
    """Run a task's smoke tier and compare its scores with the golden ones: what is wrong, a line each, and in words
    what was compared and how closely."""
    problems = golden_problems(registry, task)
    golden = None if problems else read_golden(registry, task)
    if golden is None:
        return problems or [missing(registry, task)], ""
    now = measure(registry, task, own_entrants(registry, task))
    told = f"{task}: {sum(len(cell.scores) for cell in now.cells.values())} smoke scores of {len(now.code)} entrants"
    if golden.same_place(now):
        return changed_scores(task, golden, now), f"{told}, bit for bit"
    elsewhere = f"{FILE} was written with {golden.place}, this is {now.place}; `{writing(task)}` makes it exact here"
    return changed_scores(task, golden, now), f"{told}, {WITHIN}: {elsewhere}"


def renew_golden(registry: Registry, task: str) -> str:
    """Write a task's golden scores and say what was written. Raises a `UserError` where the version must be raised
    first: scores changed while the keys of their runs did not, or a default changed."""
    card, before = registry.card(task), read_golden(registry, task)
    now = measure(registry, task, own_entrants(registry, task))
    if before is not None and before.version == card.version:
        wrong = [*changed_defaults(before, card), *changed_scores(task, before, now)]
        if wrong and not before.same_place(now):
            wrong.append(f"where only the machine makes the difference, delete {golden_file(registry, task)} first")
        if wrong:
            raise UserError("; ".join(wrong))
    path = write_golden(registry, task, now)
    return f"{path}: {sum(len(cell.scores) for cell in now.cells.values())} scores of {len(now.code)} entrants"


def changed_scores(task: str, golden: Golden, now: Golden) -> list[str]:
    """What to do where scores changed though the keys of their runs did not, and the first of these scores: a line
    each. Where `now` is from other packages or another processor, only what is beyond the tolerance counts."""
    exact = golden.same_place(now)
    cells = [name for name, cell in golden.cells.items() if name in now.cells and now.cells[name].key == cell.key]
    changed = [
        f"{name}: {line}" for name in cells for line in golden.cells[name].differences(now.cells[name], exact=exact)
    ]
    if not changed:
        return []
    more = [f"and {len(changed) - MOST_LINES} more"] if len(changed) > MOST_LINES else []
    what = f"{len(changed)} smoke scores changed though the keys of their runs did not"
    return [f"{task}: {what}: raise `version` in task.toml, or mend the code", *changed[:MOST_LINES], *more]


def changed_defaults(golden: Golden, card: Card) -> list[str]:
    """The card's defaults that are others than those of the golden scores, and what to do: one line, or none."""
    before, now = golden.defaults, _plain_defaults(card)
    common = [name for name in before if name in now]
    changed = [f"{name} was {before[name]}, is {now[name]}" for name in common if before[name] != now[name]]
    if not changed:
        return []
    why = "keys leave it out, and smoke scores prove nothing about it, because the smoke tier may set it otherwise"
    return [f"{card.task}: {'; '.join(changed)}: {why}; raise `version` in task.toml, or restore it"]


def _changed_names(golden: Golden, card: Card) -> Iterator[str]:
    """The defaults that are new on the card or gone from it. What they do shows in the scores."""
    if names := sorted(golden.defaults.keys() ^ _plain_defaults(card).keys()):
        yield f"{card.task}: new on the card or gone from it: {', '.join(names)}: `{writing(card.task)}`"


def _plain_defaults(card: Card) -> dict[str, object]:
    """The card's defaults as they are after they were written and read."""
    plain: dict[str, object] = json.loads(json.dumps(defaults(card)))
    return plain


def _changed_runs(registry: Registry, golden: Golden, task: str) -> Iterator[str]:
    """How the smoke runs that are planned differ from the golden ones."""
    specs = {cell_of(spec): spec for spec in smoke_specs(registry, task, own_entrants(registry, task))}
    rewritten = {name for name, spec in specs.items() if golden.differs_in_code(spec)}
    if names := sorted({specs[name].entrant for name in rewritten}):
        yield (
            f"{task}: the code of {', '.join(names)} is not that of {FILE}. If it gives the same scores, "
            f"`harness check --accept {' '.join(names)}` keeps the records; else `{writing(task)}`, and they are stale"
        )
    kept = {name for name, spec in specs.items() if golden.has(spec)}
    if others := sorted((specs.keys() | golden.cells.keys()) - kept - rewritten):
        yield f"{task}: {_few(others)}: new, gone, or not the same run as in {FILE}: `{writing(task)}`"


def _few(names: Sequence[str]) -> str:
    more = f" and {len(names) - MOST_LINES} more" if len(names) > MOST_LINES else ""
    return ", ".join(names[:MOST_LINES]) + more
