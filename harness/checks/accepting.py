"""Accepting an entrant's rewritten code: its records stay valid because its smoke scores are the golden ones."""

from collections.abc import Sequence

from harness.checks.compare import missing
from harness.checks.golden import FILE, Golden, cell_of, measure, read_golden, writing
from harness.checks.smoke import smoke_specs
from harness.core.errors import UserError
from harness.core.spec import Spec
from harness.registry.accepted import accept_code
from harness.registry.find import Registry


def accept(registry: Registry, task: str, entrants: Sequence[str]) -> tuple[list[str], list[str]]:
    """Let the present code of entrants of a task stand, in keys, for the code that their golden scores were written
    with, if every smoke score is the same bit for bit. Returns what was refused and what was accepted, a line each.

    What their records have as their code is what `smoke.json` names: `harness check` holds, and so does its test, only
    while the two agree. Nothing else has to be asked, neither git nor a store; and because the file keeps that digest
    when code is accepted, code can be rewritten and accepted again and again.

    Raises a `UserError` if there are no golden scores, or if they are from other packages or another processor.
    """
    golden = read_golden(registry, task)
    if golden is None:
        raise UserError(missing(registry, task))
    specs = smoke_specs(registry, task, entrants)
    runs = {name: [spec for spec in specs if spec.entrant == name] for name in entrants}
    rewritten = [name for name in entrants if runs[name] and all(map(golden.differs_in_code, runs[name]))]
    same = [name for name in entrants if runs[name] and all(map(golden.has, runs[name]))]
    others = [name for name in entrants if name not in (*rewritten, *same)]
    refused = [f"{name}: its smoke runs are not those of {FILE} but for its code: `{writing(task)}`" for name in others]
    accepted = [f"{name}: nothing changed" for name in same]
    now = measure(registry, task, rewritten) if rewritten else golden
    if not golden.same_place(now):
        raise UserError(
            f"{task}: code is accepted where scores are the same bit for bit, but {FILE} was written with "
            f"{golden.place}, and this is {now.place}; `{writing(task)}` at the commit before the change writes it here"
        )
    for name in rewritten:
        changed = _changed(golden, now, runs[name])
        if changed:
            refused.append(f"{name}: {changed[0]} ({len(changed)} changed): its records are stale: `{writing(task)}`")
            continue
        header = registry.header(task, name)
        path = accept_code(header, golden.code[name], registry.closure(header).digest)
        accepted.append(f"{name}: every smoke score is the golden one; its records stay valid ({path})")
    return refused, accepted


def _changed(golden: Golden, now: Golden, specs: Sequence[Spec]) -> list[str]:
    cells = map(cell_of, specs)
    return [f"{cell}: {line}" for cell in cells for line in golden.cells[cell].differences(now.cells[cell], exact=True)]
