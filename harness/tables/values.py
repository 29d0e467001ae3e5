"""Tables as values for machines: JSON with all there is, CSV with a row a cell; numbers in full precision."""

import csv
import dataclasses
import io
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from pydantic import BaseModel

from harness.tables.table import Cell, Span, Table


def to_json(value: Any) -> str:
    """Tables, or other dataclasses of the report, as one JSON document; what is not available is null."""
    return json.dumps(plain(value), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def to_csv(tables: Sequence[Table]) -> str:
    """A row a cell, table by table: entrants by columns, then chance and ceiling. What is not available is empty."""
    out = io.StringIO()
    rows = [row for table in tables for row in _cells(table)]
    writer = csv.DictWriter(out, rows[0].keys(), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def plain(value: Any) -> Any:
    """Dataclasses, named tuples, models, tuples and mappings as plain values; numbers that are not finite as None, and
    of arrays their type and shape."""
    if isinstance(value, Cell):
        return {"value": plain(value.value), **_fields(value)}
    if dataclasses.is_dataclass(value):
        return _fields(value)
    if isinstance(value, Span):
        return value._asdict()
    if isinstance(value, np.ndarray):
        return {"dtype": str(value.dtype), "shape": list(value.shape)}
    if isinstance(value, BaseModel):
        return plain(value.model_dump())
    if isinstance(value, Mapping):
        return {str(name): plain(one) for name, one in value.items()}
    if isinstance(value, tuple | list):
        return [plain(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _fields(value: Any) -> dict[str, Any]:
    return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}


def _cells(table: Table) -> Iterator[dict[str, Any]]:
    subject = {
        "task": table.task,
        "version": table.provenance.version,
        "tier": table.tier,
        "metric": table.metric,
        "unit": table.unit,
        "better": table.better,
    }
    for row in table.rows:
        effort = row.effort
        for column, cell in zip(table.columns, row.cells, strict=True):
            yield {
                **subject,
                "entrant": row.label,
                "kind": row.kind,
                "column": column.name,
                "case": column.case,
                "generated": column.generated,
                "state": cell.state,
                "value": plain(cell.value),
                "half": plain(cell.half),
                "n": len(cell.seeds),
                "mark": cell.mark,
                "text": "; ".join([*([cell.text] if cell.text else []), *cell.flags]),
                "weights": effort.weights.most if effort.weights else None,
                "train_s": plain(effort.train_s),
                "contended": effort.contended,
                "trials": effort.trials,
                "digest": table.provenance.digest,
            }
    for reference in table.references:
        for column, value in zip(table.columns, reference.values, strict=True):
            yield {
                **subject,
                "entrant": reference.label,
                "kind": "reference",
                "column": column.name,
                "case": column.case,
                "generated": column.generated,
                "value": plain(value),
                "digest": table.provenance.digest,
            }
