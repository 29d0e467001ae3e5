"""Tables as committed files: written, and checked against the records that they were made from."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from harness.core.files import write_whole
from harness.records.committed import file_problems
from harness.tables.formats import FORMATS, render
from harness.tables.table import Table


def write_tables(folder: Path, tables: Sequence[Table], form: str = "markdown") -> None:
    """Write each table to `<folder>/<name><suffix>`."""
    for table in tables:
        write_whole(folder / f"{table.name}{FORMATS[form].suffix}", render([table], form).encode())


def check_tables(folder: Path, tables: Sequence[Table]) -> Iterator[str]:
    """What is wrong with the files of these tables, a line each; nothing if each of them is what the records give.

    Every format in which a table's file exists is checked; a table without any file is named. A file for which the
    records give no table is left over; those of other views (`metric`, `by`, `where`) are checked only with these
    views.
    """
    for table in tables:
        command = f"harness table --task {table.task} --tier {table.tier} --format"
        paths = {form: folder / f"{table.name}{entry.suffix}" for form, entry in FORMATS.items()}
        for form in [form for form, path in paths.items() if path.is_file()] or ["markdown"]:
            text = render([table], form)
            yield from file_problems(paths[form], text, f"{command} {form} --write", table.provenance.digest)
    names = {table.name for table in tables}
    subjects = {f"{table.task}-{table.tier}" for table in tables}
    suffixes = {entry.suffix for entry in FORMATS.values()}
    for path in sorted(folder.glob("*-*")):
        task, tier, *view = path.stem.split("-")
        is_table = path.suffix in suffixes and f"{task}-{tier}" in subjects
        if is_table and path.stem not in names and not {"metric", "by", "where"} & set(view):
            yield f"{path} is left over: the records give no such table; delete it"
