"""`harness check`: whether what is committed holds together; an entrant's conformance; a task's golden scores."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.executing import Limit

if TYPE_CHECKING:
    from harness.registry.find import Registry
    from harness.registry.headers import Header

What = Annotated[
    list[str] | None,
    typer.Argument(help="Plug-in files, names of entrants, names of tasks. Default: all that can be checked unrun."),
]
Golden = Annotated[
    bool, typer.Option("--golden", help="Write the golden smoke scores of the named tasks (smoke.json).")
]
Accept = Annotated[
    bool,
    typer.Option(
        "--accept",
        help="Accept the rewritten code of the named entrants, or of all of the named tasks, if every smoke score is "
        "the golden one bit for bit: their records stay valid.",
    ),
]


def command(what: What = None, limit: Limit = None, golden: Golden = False, accept: Accept = False) -> None:
    """Check entrants, tasks, or (without arguments) that everything committed holds together.

    Without arguments nothing runs: the registry, golden scores' keys, papers' claims and figures are read, in seconds.
    A plug-in file or an entrant is run twice at the smoke tier, and checked for conformance. A task is run once at the
    smoke tier, and its scores are compared with the golden ones in its `smoke.json`.
    """
    from harness.core.errors import UserError
    from harness.core.suggest import unknown
    from harness.registry.find import find

    if golden and accept:
        raise UserError("give --golden or --accept, not both")
    names = what or []
    files = [Path(name) for name in names if name.endswith(".py")]
    registry = find(files)
    tasks = [name for name in names if name in registry.tasks]
    given = {name for name in names if not name.endswith(".py")} - {*tasks}
    paths = {path.resolve() for path in files}
    chosen = [header for header in registry.entrants.values() if header.name in given or header.path in paths]
    if unmet := given - {header.name for header in chosen}:
        raise unknown("task or entrant", min(unmet), {*registry.tasks, *(name for _, name in registry.entrants)})
    if golden:
        good = _write_golden(registry, tasks, chosen)
    elif accept:
        good = _accept(registry, tasks, chosen)
    elif not names:
        good = _check_unrun(registry)
    else:
        good = all([*(_conform(registry, header, limit) for header in chosen), *(_compare(registry, t) for t in tasks)])
    if not good:
        raise typer.Exit(1)


def _conform(registry: "Registry", header: "Header", limit: float | None) -> bool:
    from harness.checks.conformance import conform

    typer.secho(f"{header.task} {header.name} ({header.place})", bold=True)
    good = True
    for finding in conform(registry, header, limit):
        good &= not finding.problem
        mark = typer.style("ok  ", fg="green") if not finding.problem else typer.style("fail", fg="red")
        typer.echo(f"  {mark} {finding.check}{': ' + finding.problem if finding.problem else ''}")
    return good


def _compare(registry: "Registry", task: str) -> bool:
    from harness.checks.compare import check_scores

    problems, told = check_scores(registry, task)
    return _report(problems, told if told and not problems else "")


def _write_golden(registry: "Registry", tasks: list[str], chosen: list["Header"]) -> bool:
    from harness.checks.compare import renew_golden
    from harness.core.errors import UserError

    if chosen or not tasks:
        raise UserError("--golden writes the scores of whole tasks; name tasks: harness check --golden TASK...")
    for task in tasks:
        typer.echo(f"wrote {renew_golden(registry, task)}")
    return True


def _accept(registry: "Registry", tasks: list[str], chosen: list["Header"]) -> bool:
    from harness.checks.accepting import accept
    from harness.checks.golden import own_entrants
    from harness.core.errors import UserError

    if not chosen and not tasks:
        raise UserError("--accept needs names of entrants or of tasks: harness check --accept NAME...")
    wanted = {task: own_entrants(registry, task) for task in tasks}
    for header in chosen:
        wanted.setdefault(header.task, []).append(header.name)
    good = True
    for task, names in wanted.items():
        refused, accepted = accept(registry, task, list(dict.fromkeys(names)))
        good &= _report(refused, *accepted)
    return good


def _check_unrun(registry: "Registry") -> bool:
    from harness.checks.compare import golden_problems
    from harness.claims.paper import paper_problems
    from harness.figures.checked import figure_problems

    problems = [*registry.problems]
    for task in registry.tasks:
        problems += golden_problems(registry, task)
    problems += [*paper_problems(registry), *figure_problems(registry)]
    count = f"{len(registry.tasks)} tasks, {len(registry.entrants)} entrants"
    return _report(problems, "" if problems else f"{count}: golden scores, claims and figures hold together")


def _report(problems: Iterable[str], *told: str) -> bool:
    """Say what is good on standard output and what is wrong on standard error; whether nothing is wrong."""
    for line in filter(None, told):
        typer.echo(line)
    good = True
    for problem in problems:
        typer.secho(problem, err=True, fg="red")
        good = False
    return good
