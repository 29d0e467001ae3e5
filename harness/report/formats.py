"""The formats that a table is written in."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from harness.report.grid import grids_of
from harness.report.markup import to_html, to_latex, to_markdown
from harness.report.table import Table
from harness.report.values import to_csv, to_json
from harness.suggest import unknown


class Format(NamedTuple):
    """How a table is written, and the suffix of its file."""

    suffix: str
    write: Callable[[Table], str]


FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        "markdown": Format(".md", lambda table: to_markdown(grids_of(table))),
        "latex": Format(".tex", lambda table: to_latex(grids_of(table))),
        "html": Format(".html", lambda table: to_html(grids_of(table))),
        "csv": Format(".csv", to_csv),
        "json": Format(".json", to_json),
    }
)


def render(table: Table, form: str) -> str:
    """The table in one of the `FORMATS`, ending in a line break; another name is a `UserError`. The same table gives
    the same bytes."""
    if form not in FORMATS:
        raise unknown("format", form, FORMATS)
    return FORMATS[form].write(table)
