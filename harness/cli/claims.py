"""`harness claims`: the verdicts on the papers' claims, from stored records alone."""

from pathlib import Path
from typing import Annotated

import typer

from harness.cli.options import Json, Results, Tasks, print_json, results_folder, tier_name

Tier = Annotated[str, typer.Option("--tier", help="The tier whose records are judged.")]
Write = Annotated[bool, typer.Option("--write", help="Also write the board to tables/claims-TIER.md.")]
Check = Annotated[bool, typer.Option("--check", help="Fail if the written board is not what the records say.")]


def command(
    task: Tasks = None,
    tier: Tier = "small",
    results: Results = None,
    write: Write = False,
    check: Check = False,
    as_json: Json = False,
) -> None:
    """Judge every claim on a tier's records: reproduced, contradicted, inconclusive or not assessable."""
    from harness.cli.session import Session, registry_with, warn
    from harness.records.store import Store
    from harness.site.board import as_json as board_json
    from harness.site.board import as_markdown

    registry = registry_with(None)
    store = Store(results_folder(results))
    name = tier_name(tier)
    tasks = {registry.card(task).task for task in task or registry.tasks}
    verdicts = Session(registry, store, tiers=[name], tasks=tasks).verdicts(name, tasks)
    warn(store.problems)
    text = as_markdown(verdicts, name)
    if as_json:
        print_json(board_json(verdicts, name))
    else:
        typer.echo(text)
    path = store.root / "tables" / f"claims-{name}.md"
    if check:
        _check(path, text)
    if write:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def _check(path: Path, text: str) -> None:
    from harness.core.errors import UserError

    if not path.exists() or path.read_text() != text:
        raise UserError(f"{path} is not what the records say; write it anew with --write")
