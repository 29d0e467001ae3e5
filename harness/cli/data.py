"""`harness data`: the data sets: list, fetch, verify, where."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli import options

if TYPE_CHECKING:
    from rich.progress import TaskID

    from harness.data.transfer import Progress

app = typer.Typer(no_args_is_help=True, help="Data sets: list them, get them, verify them, and say where they are.")

Names = Annotated[list[str] | None, typer.Argument(help="Data sets. Default: all.")]
Chosen = Annotated[list[str], typer.Argument(help="Data sets.")]


@app.command("list", epilog="Example: `harness data list --json`")
def list_(as_json: options.Json = False) -> None:
    """List the data sets: whether they are here, their size and their licence."""
    from harness.data.catalogue import amount, catalogue
    from harness.data.fetch import status

    entries = catalogue()
    if as_json:
        options.print_json({name: {**entry.model_dump(), "status": status(name)} for name, entry in entries.items()})
        return
    for name, entry in entries.items():
        typer.echo(f"{name:16} {status(name):14} {amount(entry.size):>9}  {entry.title} ({entry.licence})")


@app.command(epilog="Example: `harness data fetch scifact medquad`")
def fetch(names: Chosen) -> None:
    """Get data sets from the mirror, or else from their public address, and verify them."""
    from harness.data import fetch as fetching

    for name in names:
        with _progress() as progress:
            folder = fetching.fetch(name, progress, partial(_waiting, name))
        typer.echo(f"{name}: verified, in {folder}")


def _waiting(name: str) -> None:
    typer.echo(f"{name}: another process fetches it; waiting until it has ended", err=True)


@contextmanager
def _progress() -> "Iterator[Progress]":
    """A bar for each file on a terminal, with speed and time left; nothing elsewhere."""
    from rich.console import Console
    from rich.progress import DownloadColumn, TransferSpeedColumn
    from rich.progress import Progress as Bars

    columns = (*Bars.get_default_columns(), DownloadColumn(), TransferSpeedColumn())
    bars = Bars(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty())
    known: dict[str, TaskID] = {}

    def show(file: str, done: int, total: int) -> None:
        if file not in known:
            known[file] = bars.add_task(file, total=total or None)
        bars.update(known[file], completed=done)

    with bars:
        yield show


@app.command(epilog="Example: `harness data verify`")
def verify(names: Names = None) -> None:
    """Compare the files and the content of data sets that are here with the catalogue's digests."""
    from harness.data import fetch as fetching

    for name in names or _present():
        fetching.verify(name)
        typer.echo(f"{name}: files and content are the catalogue's")


@app.command(epilog="Example: `harness data where scifact`")
def where(names: Names = None) -> None:
    """Print the folder of each data set. If one is absent, the error names the command that gets it."""
    from harness.data.fetch import locate

    for name in names or _present():
        typer.echo(f"{name}: {locate(name)}")


def _present() -> list[str]:
    from harness.data.catalogue import catalogue
    from harness.data.fetch import status

    return [name for name in catalogue() if status(name) != "absent"]
