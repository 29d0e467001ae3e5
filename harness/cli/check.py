"""`harness check`: whether what is committed holds together; an entrant's conformance; a task's golden scores."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli import options

if TYPE_CHECKING:
    from harness.registry.find import Registry
    from harness.registry.headers import Header

What = Annotated[
    list[str] | None,
    typer.Argument(help="Plug-in files, entrants or tasks. Default: all that can be checked without running anything."),
]
Golden = Annotated[bool, typer.Option("--golden", help="Write the golden scores (`smoke.json`) of the named tasks.")]
Accept = Annotated[
    bool,
    typer.Option(
        "--accept",
        help="Let rewritten code of the named entrants (of a named task: of all its entrants) keep its records, if "
        "every smoke score is the golden one bit for bit.",
    ),
]


def command(
    what: What = None,
    case: options.Cases = None,
    limit: options.Limit = None,
    golden: Golden = False,
    accept: Accept = False,
) -> None:
    """Check entrants, tasks, or (without arguments) that everything committed holds together.

    Without arguments nothing runs: tasks, entrants, claims and figures are read, and of golden scores the keys and
    the defaults. A plug-in file or an entrant is run twice at the smoke tier, or at some of its cases (`--case`), and
    checked for conformance; what fails is said first. A task is run once at the smoke tier, and its scores are compared
    with the golden ones.
    """
    from harness.checks.golden import check_scores, renew_golden
    from harness.core.errors import UserError
    from harness.registry.find import find

    names = what or []
    registry = find([Path(name) for name in names if name.endswith(".py")])
    tasks, headers = _named(registry, names)
    if case and (tasks or not headers or golden or accept):
        raise UserError("--case goes with the conformance of entrants: harness check NAME --case CASE")
    if golden:
        if accept or headers or not tasks:
            raise UserError("--golden writes the scores of whole tasks: harness check --golden TASK...")
        good = [_report([], (f"wrote {renew_golden(registry, task)}" for task in tasks))]
    elif accept:
        if not names:
            raise UserError("--accept needs names of entrants or tasks: harness check --accept NAME...")
        good = _accept(registry, tasks, headers)
    elif names:
        good = [_conform(registry, header, limit, case or ()) for header in headers]
        good += [_report(*check_scores(registry, task)) for task in tasks]
    else:
        good = [_check_committed(registry)]
    if not all(good):
        raise typer.Exit(1)


def _accept(registry: "Registry", tasks: list[str], headers: list["Header"]) -> list[bool]:
    """Accept rewritten code of entrants, and of all entrants of tasks; whether that went well, by task."""
    from harness.checks.golden import accept, own_entrants

    entrants = {task: dict.fromkeys(own_entrants(registry, task)) for task in tasks}
    for header in headers:
        entrants.setdefault(header.task, {})[header.name] = None
    return [_report(*accept(registry, task, list(names))) for task, names in entrants.items()]


def _named(registry: "Registry", names: list[str]) -> tuple[list[str], list["Header"]]:
    """The tasks that are named, and the entrants that are named or in plug-in files. An unknown name is a
    `UserError`."""
    from harness.core.suggest import check_known

    known = {*registry.tasks, *(name for _, name in registry.entrants)}
    check_known("task or entrant", [name for name in names if not name.endswith(".py")], known)
    tasks = [name for name in names if name in registry.tasks]
    others = set(names).difference(tasks)
    paths = {Path(name).resolve() for name in others}
    return tasks, [header for header in registry.entrants.values() if header.name in others or header.path in paths]


def _conform(registry: "Registry", header: "Header", limit: float | None, cases: Sequence[str]) -> bool:
    """Print each check of an entrant that fails as soon as it is made, and the others at the end; whether the entrant
    passed them all."""
    from harness.checks.conformance import conform

    typer.secho(f"{header.task} {header.name} ({header.place})", bold=True)
    good, passed = True, []
    for check, problem in conform(registry, header, limit, cases):
        if problem:
            good = False
            typer.echo(f"  {typer.style('fail', fg='red')} {check}: {problem}")
        else:
            passed.append(check)
    for check in passed:
        typer.echo(f"  {typer.style('ok  ', fg='green')} {check}")
    return good


def _check_committed(registry: "Registry") -> bool:
    from harness.checks.golden import golden_problems
    from harness.claims.paper import paper_problems
    from harness.figures.presentation import figure_problems

    golden = [problem for task in registry.tasks for problem in golden_problems(registry, task)]
    problems = [*registry.problems, *golden, *paper_problems(registry), *figure_problems(registry)]
    count = f"{len(registry.tasks)} tasks, {len(registry.entrants)} entrants"
    return _report(problems, [] if problems else [f"{count}: golden scores, claims and figures hold together"])


def _report(problems: Iterable[str], good_news: Iterable[str]) -> bool:
    """Print good news on standard output and problems on standard error; whether there are no problems."""
    for line in good_news:
        typer.echo(line)
    good = True
    for problem in problems:
        typer.secho(problem, err=True, fg="red")
        good = False
    return good
