"""`harness site`: the leaderboard as a folder of pages, from stored records alone."""

import os
from pathlib import Path
from typing import Annotated

import typer

from harness.cli.options import Json, Plugins, Results, Tasks, Tiers, print_json, tier_name
from harness.core.spec import TIERS

Out = Annotated[Path | None, typer.Option("--out", help="Folder to write to. Default: `site` in the results.")]
Check = Annotated[bool, typer.Option("--check", help="Write nothing; fail if the site is not of these records.")]


def command(
    task: Tasks = None,
    tier: Tiers = None,
    plugin: Plugins = None,
    results: Results = None,
    out: Out = None,
    check: Check = False,
    as_json: Json = False,
) -> None:
    """Write the leaderboard: the board of claims, every table, figure, entrant and run, as pages that open from a
    folder or from any web host and need no network; at the end, print how the claims of each paper came out."""
    from harness.cli.gathering import chapters_of, gather
    from harness.cli.session import open_session, warn
    from harness.core.errors import UserError
    from harness.site.build import build
    from harness.site.drawn import Drawing
    from harness.site.folder import check_site, owned, write_site
    from harness.site.verdicts import board

    session = open_session(results, task, [tier_name(text) for text in tier or TIERS], plugin, for_files=True)
    folder = out or session.store.root / "site"
    owned(folder)  # A folder that is not ours is refused before the work.
    chapters = chapters_of(session)
    if not chapters:
        warn(session.store.problems)
        raise UserError(f"no records in {session.store.root} for this; `harness run --tier quick` makes some")
    # Claims are judged while the figures are drawn.
    with Drawing([figure for chapter in chapters for figure in chapter.figures], _cores()) as drawing:
        material = gather(session, chapters)
        files = dict(build(material, drawing))
    warn(session.store.problems)
    problems = list(check_site(folder, files, f"harness site --out {folder}")) if check else []
    warn(problems)
    if not check:
        write_site(folder, files)
    if as_json:
        print_json({"site": str(folder), "files": len(files), "problems": problems})
    elif not check:
        typer.echo(f"The leaderboard is made, {len(files):,} files: open {folder / 'index.html'}")
        for name in material.tiers:
            typer.echo(f"\nClaims at tier {name}\n\n{board(material.verdicts[name])}")
    if problems:
        raise typer.Exit(1)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
