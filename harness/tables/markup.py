"""Text tables in markup: Markdown and HTML."""

import re
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from tabulate import tabulate

from harness.tables.text import TextCell, TextTable

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

_CODE = re.compile(r"`([^`]*)`")
_MARKS = re.compile(r"[|*<`]|(?<!\w)_|_(?!\w)")
"""What Markdown does not take for itself in plain text."""


def to_markdown(tables: Sequence[TextTable]) -> str:
    """The tables one below the other, each under a heading."""
    return "\n".join(map(_markdown, tables))


def to_html(tables: Sequence[TextTable]) -> str:
    """A whole page, light or dark as its reader prefers, that needs no other file."""
    return templates("harness.tables").get_template("page.html").render(tables=tables, title=tables[0].title)


def _markdown(table: TextTable) -> str:
    rows = [[_in_markdown(cell) for cell in row] for row in (table.headers, *table.rows)]
    sides = ["left" if i < table.words else "right" for i in range(len(table.headers))]
    body = tabulate(rows[1:], rows[0], tablefmt="pipe", disable_numparse=True, colalign=sides)
    parts = [
        f"### {_plain(table.title)}",
        body,
        " ".join(table.caption),
        "\n".join(f"- {note}" for note in table.notes),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _plain(text: str) -> str:
    """Plain text, of which Markdown takes nothing for itself."""
    return _MARKS.sub(r"\\\g<0>", text)


def _in_markdown(cell: TextCell) -> str:
    text = _plain(cell.text)
    return (f"**{text}**" if cell.style == "best" else text) + (f" *{cell.aside}*" if cell.aside else "")


@cache
def templates(package: str) -> "Environment":
    """The templates of a package. Text is escaped; the filter `with_code` writes what stands in backticks as code."""
    import jinja2

    # Only files of the package are ever loaded.
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader(package),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters["with_code"] = with_code
    return environment


def with_code(text: str) -> "Markup":
    """A text for a page, with what stands in backticks as code."""
    from markupsafe import Markup, escape

    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(text))))
