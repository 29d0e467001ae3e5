"""The formats that a table is written in: markup for people, JSON with everything, CSV with a row for each cell."""

import csv
import dataclasses
import io
import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
from pydantic import BaseModel

from harness.core.suggest import check_known
from harness.tables.markup import to_html, to_latex, to_markdown
from harness.tables.table import Cell, Span, Table
from harness.tables.text import text_tables


def to_json(value: Any) -> str:
    """Tables, or other dataclasses of the report, as one JSON document; what is not available is null."""
    return json.dumps(plain(value), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def to_csv(tables: Sequence[Table]) -> str:
    """A row for each cell, table by table: entrants by columns, then chance and ceiling. Fields that are not available
    are empty."""
    out = io.StringIO()
    rows = [row for table in tables for row in _csv_rows(table)]
    writer = csv.DictWriter(out, rows[0].keys(), lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _inert(value) for name, value in row.items()} for row in rows)
    return out.getvalue()


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


class Format(NamedTuple):
    """How a table is written, and the suffix of its file."""

    suffix: str
    write: Callable[[Sequence[Table]], str]


FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        "markdown": Format(".md", lambda tables: to_markdown(text_tables(tables))),
        "latex": Format(".tex", lambda tables: to_latex(text_tables(tables))),
        "html": Format(".html", lambda tables: to_html(text_tables(tables))),
        "csv": Format(".csv", to_csv),
        "json": Format(".json", to_json),
    }
)


def render(tables: Sequence[Table], form: str) -> str:
    """Tables as one document in one of the `FORMATS`, ending in a line break; another name is a `UserError`. The same
    tables give the same bytes. JSON is a list of them, CSV has one header."""
    check_known("format", [form], FORMATS)
    return FORMATS[form].write(tables)
