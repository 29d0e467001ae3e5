"""`harness export`: what is to be predicted, and the predictions of entrants."""

from pathlib import Path
from typing import Annotated

import typer

from harness.cli import options

Task = Annotated[str, typer.Option("--task", "-t", help="The task.")]
Case = Annotated[str, typer.Option("--case", "-c", help="The case. Default, for predictions: all.")]
Out = Annotated[Path, typer.Option("--out", "-o", help="The folder to write, which must be empty or absent.")]
Entrant = Annotated[
    str, typer.Option("--predictions", help="Instead: the predictions that the runs of this row have kept.")
]
Split = Annotated[
    str, typer.Option("--split", help="The split that is predicted: `test`, the only one that is scored.")
]
Seed = Annotated[int, typer.Option("--seed", min=0, help="The seed whose test split is asked for.")]


def command(
    task: Task,
    out: Out,
    tier: options.Tier = "small",
    case: Case = "",
    predictions: Entrant = "",
    split: Split = "test",
    seed: Seed = 0,
    results: options.Results = None,
) -> None:
    """Write what is to be predicted: inputs without labels, the names of the items, the format, and an example.

    `harness score` takes what you predict. With `--predictions` it writes what entrants predicted, in the same format:
    `harness run --keep-predictions` keeps it.
    """
    from harness.cli.session import registry_with
    from harness.core.errors import UserError
    from harness.core.words import counted
    from harness.predictions.exporting import inputs_of, kept_files, write_files
    from harness.predictions.scoring import question
    from harness.records.store import Store
    from harness.site.guide import texts

    if split != "test":
        raise UserError(f"--split {split}: predictions are scored on the test split alone; leave --split out")
    registry, name = registry_with(None), options.tier_name(tier)
    if predictions:
        registry.card(task)
        store = Store(options.results_folder(results), is_only_read=True)
        files = dict(kept_files(store, task, name, case, predictions))
    elif case:
        page = texts().get(f"guide/predictions/{task}.md", "")
        files = dict(inputs_of(question(registry, task, name, case), seed, page))
    else:
        raise UserError("say what is to be predicted: --case CASE; or whose predictions you want: --predictions ROW")
    write_files(out, files)
    typer.echo(f"{out}: {counted(len(files), 'file')}")
