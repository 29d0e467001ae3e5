"""The formats that a table is written in."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from harness.core.suggest import unknown
from harness.tables.grid import Grid, grids_of
from harness.tables.markup import to_html, to_latex, to_markdown
from harness.tables.table import Table
from harness.tables.values import to_csv, to_json


class Format(NamedTuple):
    """How a table is written, and the suffix of its file."""

    suffix: str
    write: Callable[[Sequence[Table]], str]


FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        "markdown": Format(".md", lambda tables: to_markdown(_grids(tables))),
        "latex": Format(".tex", lambda tables: to_latex(_grids(tables))),
        "html": Format(".html", lambda tables: to_html(_grids(tables))),
        "csv": Format(".csv", to_csv),
        "json": Format(".json", to_json),
    }
)


def render(tables: Sequence[Table], form: str) -> str:
    """Tables as one document in one of the `FORMATS`, ending in a line break; another name is a `UserError`. The same
    tables give the same bytes. JSON is a list of them, CSV has one header."""
    if form not in FORMATS:
        raise unknown("format", form, FORMATS)
    return FORMATS[form].write(tables)


def _grids(tables: Sequence[Table]) -> list[Grid]:
    return [grid for table in tables for grid in grids_of(table)]
