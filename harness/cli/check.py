"""`harness check`: whether what is committed holds together; an entrant's conformance; a task's golden scores."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.executing import Limit

if TYPE_CHECKING:
    from harness.registry.find import Registry
    from harness.registry.headers import Header

What = Annotated[list[str] | None, typer.Argument(help="Plug-in files, entrants or tasks. Default: what needs no run.")]
Golden = Annotated[bool, typer.Option("--golden", help="Write the golden scores (smoke.json) of the named tasks.")]
Accept = Annotated[
    bool,
    typer.Option(
        "--accept",
        help="Let rewritten code of the named entrants, or of all of the named tasks, keep its records if its smoke "
        "scores are the golden ones bit for bit.",
    ),
]


def command(what: What = None, limit: Limit = None, golden: Golden = False, accept: Accept = False) -> None:
    """Check entrants, tasks, or (without arguments) that everything committed holds together.

    Without arguments nothing runs: tasks, entrants, claims and figures are read, and of golden scores the keys and
    the defaults. A plug-in file or an entrant is run twice at the smoke tier and checked for conformance. A task is run
    once at the smoke tier, and its scores are compared with the golden ones.
    """
    from harness.core.errors import UserError
    from harness.registry.find import find

    names = what or []
    registry = find([Path(name) for name in names if name.endswith(".py")])
    tasks = [name for name in names if name in registry.tasks]
    headers = _headers(registry, [name for name in names if name not in tasks])
    if golden and (accept or headers or not tasks):
        raise UserError("--golden writes the scores of whole tasks: harness check --golden TASK...")
    if accept and not names:
        raise UserError("--accept needs names of entrants or tasks: harness check --accept NAME...")
    if golden:
        good = _write_golden(registry, tasks)
    elif accept:
        good = _accept(registry, tasks, headers)
    elif names:
        good = all(
            [*[_conform(registry, header, limit) for header in headers], *[_compare(registry, t) for t in tasks]]
        )
    else:
        good = _check_unrun(registry)
    if not good:
        raise typer.Exit(1)


def _headers(registry: "Registry", names: list[str]) -> list["Header"]:
    """The entrants of plug-in files and of names; an unknown name is a `UserError`."""
    from harness.core.suggest import unknown

    known = {name for _, name in registry.entrants}
    for name in names:
        if not name.endswith(".py") and name not in known:
            raise unknown("task or entrant", name, known | {*registry.tasks})
    paths = {Path(name).resolve() for name in names}
    return [header for header in registry.entrants.values() if header.name in names or header.path in paths]


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
    return _report(problems, [] if problems else [told])


def _write_golden(registry: "Registry", tasks: list[str]) -> bool:
    from harness.checks.compare import renew_golden

    return _report([], (f"wrote {renew_golden(registry, task)}" for task in tasks))


def _accept(registry: "Registry", tasks: list[str], headers: list["Header"]) -> bool:
    from harness.checks.compare import accept
    from harness.checks.golden import own_entrants

    wanted = {task: own_entrants(registry, task) for task in tasks}
    for header in headers:
        wanted.setdefault(header.task, []).append(header.name)
    good = [_report(*accept(registry, task, list(dict.fromkeys(names)))) for task, names in wanted.items()]
    return all(good)


def _check_unrun(registry: "Registry") -> bool:
    from harness.checks.compare import golden_problems
    from harness.claims.paper import paper_problems
    from harness.figures.checked import figure_problems

    golden = [problem for task in registry.tasks for problem in golden_problems(registry, task)]
    problems = [*registry.problems, *golden, *paper_problems(registry), *figure_problems(registry)]
    count = f"{len(registry.tasks)} tasks, {len(registry.entrants)} entrants"
    return _report(problems, [] if problems else [f"{count}: golden scores, claims and figures hold together"])


def _report(problems: Iterable[str], told: Iterable[str]) -> bool:
    """Say what is wrong on standard error and what is good on standard output; whether nothing is wrong."""
    for line in told:
        typer.echo(line)
    good = True
    for problem in problems:
        typer.secho(problem, err=True, fg="red")
        good = False
    return good
