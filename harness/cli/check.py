"""`harness check`: a plug-in's conformance, the papers' claims, the locks; and `--relock`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.executing import Limit

if TYPE_CHECKING:
    from harness.registry.find import Registry
    from harness.registry.headers import Header

What = Annotated[
    list[str] | None,
    typer.Argument(help="Plug-in files or names of entrants. Default: the locks, the registry and the papers."),
]
Relock = Annotated[
    list[str] | None,
    typer.Option("--relock", help="Accept a task's protocol, or an entrant's code, whose smoke scores are unchanged."),
]


def command(what: What = None, limit: Limit = None, relock: Relock = None) -> None:
    """Check an entrant on its smoke run, or (without arguments) that everything committed holds together."""
    from harness.registry.find import find

    files = [Path(name) for name in what or () if name.endswith(".py")]
    registry = find(files)
    names = {name for name in what or () if not name.endswith(".py")}
    good = True
    for name in relock or ():
        _relock(registry, name)
    chosen = [
        header
        for header in registry.entrants.values()
        if header.name in names or header.path in {path.resolve() for path in files}
    ]
    if unmet := names - {header.name for header in chosen}:
        from harness.core.suggest import unknown

        raise unknown("entrant", sorted(unmet)[0], {name for _, name in registry.entrants})
    for header in chosen:
        good &= _conform(registry, header, limit)
    if not what and not relock:
        good = _check_all(registry)
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


def _relock(registry: "Registry", name: str) -> None:
    from harness.checks.relock import relock_entrant, relock_task
    from harness.core.suggest import unknown

    if name in registry.tasks:
        typer.echo(relock_task(registry, name))
        return
    headers = [header for header in registry.entrants.values() if header.name == name]
    if not headers:
        raise unknown("task or entrant", name, {*registry.tasks, *(name for _, name in registry.entrants)})
    for header in headers:
        typer.echo(relock_entrant(registry, header))


def _check_all(registry: "Registry") -> bool:
    from harness.checks.locks import protocol_problem
    from harness.claims.paper import paper_problems
    from harness.figures.checked import figure_problems

    problems = [*registry.problems]
    for task in registry.tasks:
        problem = protocol_problem(registry.card(task), registry.of_task(task))
        problems += [problem] if problem else []
    problems += [*paper_problems(registry), *figure_problems(registry)]
    for problem in problems:
        typer.secho(problem, err=True, fg="red")
    if not problems:
        typer.echo(
            f"{len(registry.tasks)} tasks, {len(registry.entrants)} entrants: locks, claims and figures hold together"
        )
    return not problems
