"""`harness score`: scores predictions that lie in files."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from harness.cli import options

Files = Annotated[
    list[Path], typer.Argument(help="A file of predictions, or a folder of them; several are one for each seed.")
]
Task = Annotated[str, typer.Option("--task", "-t", help="The task.")]
Case = Annotated[str, typer.Option("--case", "-c", help="The case whose test split was predicted.")]
Name = Annotated[str, typer.Option("--name", "-n", help="What tables call the predictions.")]
Labels = Annotated[
    Path | None,
    typer.Option("--qrels", help="TREC judgements of a collection of your own: scores are printed, nothing is filed."),
]
Allow = Annotated[bool, typer.Option("--allow-missing", help="Score the items that are there, if some are missing.")]
Check = Annotated[bool, typer.Option("--check", help="Only check the files against the format.")]
Replace = Annotated[bool, typer.Option("--replace", help="Replace predictions of the same name and seed.")]


def command(
    files: Files,
    task: Task,
    tier: options.Tier = "small",
    case: Case = "",
    name: Name = "",
    qrels: Labels = None,
    first_seed: options.FirstSeed = 0,
    allow_missing: Allow = False,
    check: Check = False,
    replace: Replace = False,
    results: options.Results = None,
    as_json: options.Json = False,
) -> None:
    """Score predictions with the task's own metrics on its own test split, and file them beside the entrants.

    The records are marked as predictions wherever they are shown, and no claim uses them. Nothing is filed unless all
    files are sound. `harness export` writes what is to be predicted, with a description of the format.
    """
    from harness.cli.session import registry_with
    from harness.core.errors import UserError
    from harness.predictions import scoring
    from harness.records.store import Store

    registry, store = registry_with(None), Store(options.results_folder(results))
    if qrels is not None:
        outside = {
            path: scoring.score_outside(registry, task, path, qrels, allow_missing=allow_missing) for path in files
        }
        _show({path: [each._asdict() for each in scores] for path, scores in outside.items()}, as_json=as_json)
        return
    if not case or not (name or check):
        raise UserError("say what was predicted and what to call it: --case CASE --name NAME; or --case CASE --check")
    asked = scoring.question(registry, task, options.tier_name(tier), case)
    if not check:
        scoring.check_name(registry, task, name)
    records = {
        path: scoring.score(asked, path, name, seed, store, allow_missing=allow_missing)
        for seed, path in enumerate(files, first_seed)
    }
    if not check:
        scoring.file(store, list(records.values()), is_replacing=replace)
    _show({path: [each.model_dump() for each in record.scores] for path, record in records.items()}, as_json=as_json)
    if check:
        typer.echo("sound; nothing was filed", err=True)


def _show(scores: Mapping[Path, Sequence[Mapping[str, Any]]], *, as_json: bool) -> None:
    """Print the scores of each file."""
    if as_json:
        names = ("metric", "at", "value", "n_used", "n_expected")
        options.print_json(
            {str(path): [{name: each[name] for name in names} for each in of_file] for path, of_file in scores.items()}
        )
        return
    for path, of_file in scores.items():
        typer.echo(f"{path}:")
        for each in of_file:
            at = "".join(f", {axis} = {value}" for axis, value in each["at"].items())
            typer.echo(f"  {each['metric']}{at}: {each['value']:.6g} ({each['n_used']:,} of {each['n_expected']:,})")
