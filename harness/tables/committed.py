"""Tables as committed files: written, and checked against the records that they were made from."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from harness.tables.formats import FORMATS, render
from harness.tables.table import Table


def write_tables(folder: Path, tables: Sequence[Table], form: str = "markdown") -> list[Path]:
    """Write each table to `<folder>/<name><suffix>` and return the paths."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = {folder / f"{table.name}{FORMATS[form].suffix}": render([table], form) for table in tables}
    for path, text in texts.items():
        path.write_text(text, encoding="utf-8")
    return list(texts)


def check_tables(folder: Path, tables: Sequence[Table]) -> list[str]:
    """What is wrong with the files of these tables, a line each; empty if each of them is what the records give.

    Every format in which a table's file is there is checked. It may be absent in all formats, stale (made from other
    records), or edited (made from these records, but not their text). A file for which the records give no table is
    left over; those of other views (`metric`, `by`, `where`) are checked with these views alone.
    """
    return [line for table in tables for line in _check(folder, table)] + list(_left_over(folder, tables))


def _check(folder: Path, table: Table) -> Iterator[str]:
    files = {form: folder / f"{table.name}{entry.suffix}" for form, entry in FORMATS.items()}
    there = {form: path for form, path in files.items() if path.is_file()}
    if not there:
        yield f"{files['markdown']} is not there; write it: {_remedy(table, 'markdown')}"
    for form, path in there.items():
        text = path.read_text(encoding="utf-8")
        if text == render([table], form):
            continue
        digest = table.provenance.digest
        if digest in text:
            yield f"{path} was edited, or tables are written otherwise now; write it anew: {_remedy(table, form)}"
        else:
            yield f"{path} is stale: not made from these records (digest {digest}); {_remedy(table, form)}"


def _left_over(folder: Path, tables: Sequence[Table]) -> Iterator[str]:
    names = {table.name for table in tables}
    subjects = {f"{table.task}-{table.tier}" for table in tables}
    suffixes = {entry.suffix for entry in FORMATS.values()}
    for path in sorted(folder.glob("*-*")):
        task, tier, *view = path.stem.split("-")
        is_table = path.suffix in suffixes and f"{task}-{tier}" in subjects
        if is_table and path.stem not in names and not {"metric", "by", "where"} & set(view):
            yield f"{path} is left over: the records give no such table; delete it"


def _remedy(table: Table, form: str) -> str:
    return f"harness table --task {table.task} --tier {table.tier} --format {form} --write"
