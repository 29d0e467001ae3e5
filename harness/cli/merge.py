"""`harness merge`: files the records of bundles and of other stores."""

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from harness.cli import options

Sources = Annotated[list[Path], typer.Argument(help="Bundles, and folders of results; several at once.")]
Reports = Annotated[
    list[Path] | None,
    typer.Option("--report", help="A report of `harness verify` on one of the bundles, by you or whom you trust."),
]
Own = Annotated[bool, typer.Option("--own", help="The folders are of your own machines: their records are not marked.")]


def command(
    source: Sources,
    report: Reports = None,
    own: Own = False,
    plugin: options.Plugins = None,
    results: options.Results = None,
) -> None:
    """Merge records into the folder of results: all of them, or none if something does not fit.

    Tables mark rows of merged records as `verified n of m`, where a report says so, or as `self-reported`. Nothing is
    run, and no record that is there is replaced.
    """
    from harness.cli.session import registry_with
    from harness.core.errors import UserError
    from harness.core.words import counted
    from harness.records.store import Store
    from harness.submissions.bundle import unpack
    from harness.submissions.merge import from_bundle, from_folder, merge
    from harness.submissions.report import read_report

    reports = {found.digest: found for found in map(read_report, report or ())}
    target, registry = Store(options.results_folder(results)), registry_with(plugin)
    with tempfile.TemporaryDirectory() as folder:
        sources = [
            from_folder(path, registry, is_own=own)
            if path.is_dir()
            else from_bundle(unpack(path, Path(folder, str(number))), reports)
            for number, path in enumerate(source)
        ]
        if unused := reports.keys() - {each.bundle.digest for each in sources if each.bundle}:
            raise UserError(f"a report is on none of these bundles: digest {sorted(unused)[0]}; nothing is merged")
        for each, new in merge(target, sources):
            mark = f", {each.filing.mark}" if each.filing else ""
            typer.echo(f"{each.name}: {counted(len(each.records), 'record')}, {new} of them new{mark}")
