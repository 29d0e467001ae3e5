"""`harness submit`: a bundle of an entrant's records and its source, which others can verify."""

from pathlib import Path
from typing import Annotated

import typer

from harness.cli import options

Entrant = Annotated[str, typer.Option("--entrant", "-e", help="The entrant, without parameters.")]
Task = Annotated[str, typer.Option("--task", "-t", help="Its task, where entrants of several tasks have its name.")]
Out = Annotated[Path, typer.Option("--out", "-o", help="The bundle to write, a zip file.")]
TrainedOn = Annotated[
    str, typer.Option("--trained-on", help="What it was trained on beside the task's data: `nothing else`, or what.")
]


def command(
    entrant: Entrant,
    out: Out,
    task: Task = "",
    tier: options.Tiers = None,
    plugin: options.Plugins = None,
    results: options.Results = None,
    trained_on: TrainedOn = "",
) -> None:
    """Write a bundle: the records of an entrant with all seeds, its source, and the trials that chose its parameters.

    Whoever has the harness can then verify it (`harness verify`) and file it beside other results (`harness merge`).
    """
    from harness.cli.session import open_planner, warn
    from harness.core.spec import TIERS
    from harness.runs.selection import Given
    from harness.submissions.bundle import pack
    from harness.submissions.contents import contents_of
    from harness.submissions.manifest import sha256
    from harness.submissions.submit import check_submittable, files_in, find_entrant, manifest_of, records_of

    tiers = [options.tier_name(name) for name in tier or TIERS]
    planner = open_planner(results, plugin)
    registry, store = planner.registry, planner.store
    header = find_entrant(registry, entrant, task)
    card = registry.card(header.task)
    contents = contents_of(planner, header, tiers)
    warn(f"left out: {place}: {why}" for place, why in contents.foreign)
    check_submittable(contents, card, header, store, Given(results, plugin or ()))
    records = records_of(contents, store)
    files = files_in(contents, records, header, registry, store)
    manifest = manifest_of(header, card, records, files, trained_on)
    pack(out, manifest, files)
    typer.echo(f"{out}: {len(records)} records of {entrant} on {header.task}, digest {sha256(manifest.to_bytes())}")
    typer.echo(f"trained on {manifest.trained_on.text}")
