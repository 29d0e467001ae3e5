"""The formats that a table is written in (markup for people, JSON with everything, CSV with a row for each cell), and
the files of tables: written, and checked against the records that they were made from."""

import dataclasses
import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from pydantic import BaseModel

from harness.core.files import write_whole
from harness.core.suggest import check_known
from harness.records.committed import file_problems
from harness.tables.differences import Contrast, differences_as_text
from harness.tables.latex import to_latex
from harness.tables.markup import to_html, to_markdown
from harness.tables.table import Cell, Span, Table
from harness.tables.text import TextOptions, TextTable, text_tables


def to_json(value: Any) -> str:
    """Tables, or other dataclasses of the report, as one JSON document; what is not available is null."""
    return json.dumps(plain(value), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def to_csv(tables: Sequence[Table]) -> str:
    """A row for each cell, table by table: entrants by columns, then chance and ceiling. Fields that are not available
    are empty."""
    return _csv(row for table in tables for row in _csv_rows(table))


def _csv(rows: Iterable[Mapping[str, Any]]) -> str:
    import pandas as pd

    inert = [{name: _inert(value) for name, value in row.items()} for row in rows]
    # Objects, so that whole numbers stay whole in a column with empty fields.
    return pd.DataFrame(inert, dtype=object).to_csv(index=False, lineterminator="\n")


def _inert(value: Any) -> Any:
    """A field that no spreadsheet takes for a formula."""
    return f"'{value}" if isinstance(value, str) and value.startswith(("=", "+", "-", "@")) else value


def plain(value: Any) -> Any:
    """Dataclasses, named tuples, models, tuples and mappings as plain values; numbers that are not finite as None, and
    of arrays their type and shape."""
    if dataclasses.is_dataclass(value):
        fields = {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
        return {"value": plain(value.value), **fields} if isinstance(value, Cell) else fields
    if isinstance(value, Span):
        return value._asdict()
    if isinstance(value, np.ndarray):
        return {"dtype": str(value.dtype), "shape": list(value.shape)}
    if isinstance(value, BaseModel):
        return plain(value.model_dump())
    if isinstance(value, Mapping):
        return {str(name): plain(entry) for name, entry in value.items()}
    if isinstance(value, tuple | list):
        return [plain(entry) for entry in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _csv_rows(table: Table) -> Iterator[dict[str, Any]]:
    subject = {"task": table.task, "version": table.provenance.version}
    subject |= {name: getattr(table, name) for name in ("tier", "metric", "unit", "better")}
    columns = [{"column": column.name, "case": column.case, "generated": column.generated} for column in table.columns]
    for row in table.rows:
        effort = row.effort
        for column, cell in zip(columns, row.cells, strict=True):
            yield {
                **subject,
                "entrant": row.label,
                "kind": row.kind,
                "submitted": row.submitted,
                **column,
                "state": cell.state,
                "value": plain(cell.value),
                "half": plain(cell.half),
                "n": len(cell.seeds),
                "mark": cell.mark,
                "text": "; ".join(filter(None, [cell.text, *cell.flags])),
                "weights": effort.weights.most if effort.weights else None,
                "train_s": plain(effort.train_s),
                "contended": effort.contended,
                "trials": effort.trials,
                "digest": table.provenance.digest,
            }
    for reference in table.references:
        for column, value in zip(columns, reference.values, strict=True):
            of_reference = {"entrant": reference.label, "kind": "reference", "value": plain(value)}
            yield {**subject, **of_reference, **column, "digest": table.provenance.digest}


def _contrast_rows(contrast: Contrast) -> Iterator[dict[str, Any]]:
    """The paired differences of a contrast as plain values."""
    table = contrast.table
    for pair in contrast.differences:
        interval = {"low": plain(pair.interval.lo), "high": plain(pair.interval.hi)}
        subject = {name: getattr(table, name) for name in ("task", "tier", "metric", "better")}
        pairs = {name: plain(getattr(pair, name)) for name in ("method", "opponent", "column", "design", "estimate")}
        tests = {name: plain(getattr(pair, name)) for name in ("p", "adjusted", "reason")}
        yield {**subject, **pairs, **interval, **tests, "n": len(pair.values), "digest": table.provenance.digest}


class Format(NamedTuple):
    """How tables are written, and contrasts; and the suffix of a table's file."""

    suffix: str
    write: Callable[[Sequence[Table], TextOptions], str]
    write_contrasts: Callable[[Sequence[Contrast]], str]


def _as_text(suffix: str, write: Callable[[Sequence[TextTable]], str]) -> Format:
    """A format for people."""
    return Format(
        suffix,
        lambda tables, options: write(text_tables(tables, options)),
        lambda contrasts: write([differences_as_text(*contrast) for contrast in contrasts]),
    )


FORMATS: Mapping[str, Format] = {
    "markdown": _as_text(".md", to_markdown),
    "latex": _as_text(".tex", to_latex),
    "html": _as_text(".html", to_html),
    "csv": Format(
        ".csv",
        lambda tables, _: to_csv(tables),
        lambda contrasts: _csv(row for contrast in contrasts for row in _contrast_rows(contrast)),
    ),
    "json": Format(
        ".json",
        lambda tables, _: to_json(tables),
        lambda contrasts: to_json([row for contrast in contrasts for row in _contrast_rows(contrast)]),
    ),
}


def render(tables: Sequence[Table], form: str, options: TextOptions | None = None) -> str:
    """Tables as one document in one of the `FORMATS`, ending in a line break; another name is a `UserError`. The same
    tables give the same bytes. JSON is a list of them, CSV has one header; `options` are for the others."""
    check_known("format", [form], FORMATS)
    return FORMATS[form].write(tables, options or TextOptions())


def render_contrasts(contrasts: Sequence[Contrast], form: str) -> str:
    """Contrasts as one document, as `render` does; JSON and CSV have an entry for each pair."""
    check_known("format", [form], FORMATS)
    return FORMATS[form].write_contrasts(contrasts)


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
