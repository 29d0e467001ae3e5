"""`harness claims`: the verdicts on the papers' claims, from stored records alone."""

from typing import Annotated

import typer

from harness.cli.options import FirstSeed, Json, Results, Seeds, Tasks, print_json, tier_name

Tier = Annotated[str, typer.Option("--tier", help="The tier whose records are judged.")]
Write = Annotated[bool, typer.Option("--write", help="Also write them to tables/claims-TIER.md, and a picture, .svg.")]
Check = Annotated[bool, typer.Option("--check", help="Fail if the written verdicts are not what the records say.")]


def command(
    task: Tasks = None,
    tier: Tier = "small",
    seeds: Seeds = None,
    first_seed: FirstSeed = 0,
    results: Results = None,
    write: Write = False,
    check: Check = False,
    as_json: Json = False,
) -> None:
    """Judge every claim on a tier's records: reproduced, smaller, contradicted, inconclusive or not assessable."""
    from harness.cli.session import open_session, warn
    from harness.core.files import write_whole
    from harness.records.committed import file_problems
    from harness.site.picture import picture
    from harness.site.verdicts import as_json as verdicts_as_json
    from harness.site.verdicts import as_markdown

    name = tier_name(tier)
    session = open_session(results, task, [name])
    try:
        verdicts = session.verdicts(name, seeds, first_seed)
    finally:
        warn(session.store.problems)
    text = as_markdown(verdicts, name, session.registry.tasks)
    if as_json:
        print_json(verdicts_as_json(verdicts, name))
    else:
        typer.echo(text)
    files = {".md": text, ".svg": picture(verdicts, name)}
    paths = {session.store.root / "tables" / f"claims-{name}{suffix}": written for suffix, written in files.items()}
    remedy = f"harness claims --tier {name} --write"
    problems = [line for path, told in paths.items() for line in file_problems(path, told, remedy)] if check else []
    warn(problems)
    if write:
        for path, told in paths.items():
            write_whole(path, told.encode())
    if problems:
        raise typer.Exit(1)
