"""Grids in markup for people: Markdown, LaTeX (booktabs) and HTML, a page that needs nothing else."""

import re
from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING

from tabulate import tabulate

from harness.tables.grid import Entry, Grid

if TYPE_CHECKING:
    from jinja2 import Template

_CODE = re.compile(r"`([^`]*)`")
_MINUS = re.compile(r"(?<!\w)-(?=\d)")
_TEX = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        **{sign: f"\\{sign}" for sign in "&%$#_{}"},
        "±": r"$\pm$",
        "≈": r"$\approx$",
        "†": r"$\dagger$",
        "↑": r"$\uparrow$",
        "↓": r"$\downarrow$",
        "<": r"\textless{}",
        ">": r"\textgreater{}",
    }
)


def to_markdown(grids: Sequence[Grid]) -> str:
    """The grids one below the other, each under a heading."""
    return "\n".join(_markdown(grid) for grid in grids)


def to_latex(grids: Sequence[Grid]) -> str:
    """A `table` environment a grid, for the package booktabs."""
    return "\n".join(_latex(grid) for grid in grids)


def to_html(grids: Sequence[Grid]) -> str:
    """A whole page, light or dark as its reader prefers."""
    return template("page.html").render(grids=grids, title=grids[0].title)


def to_html_section(grids: Sequence[Grid]) -> str:
    """The part of the page that holds the grids, for a page of one's own with `style.css`."""
    return template("grids.html").render(grids=grids)


def _markdown(grid: Grid) -> str:
    rows = [[_in_markdown(entry) for entry in row] for row in grid.rows]
    sides = ["left" if i < grid.words else "right" for i in range(len(grid.headers))]
    body = tabulate(
        rows, [_in_markdown(entry) for entry in grid.headers], tablefmt="pipe", disable_numparse=True, colalign=sides
    )
    parts = [f"### {grid.title}", body, " ".join(grid.caption), "\n".join(f"- {note}" for note in grid.notes)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _in_markdown(entry: Entry) -> str:
    text = entry.text.replace("|", "\\|")
    return (f"**{text}**" if entry.style == "best" else text) + (f" *{entry.aside}*" if entry.aside else "")


def _latex(grid: Grid) -> str:
    body = [" & ".join(map(_in_latex, row)) + r" \\" for row in grid.rows]
    if grid.references:
        body.insert(len(body) - grid.references, r"\midrule")
    caption = [" ".join(grid.caption)] if grid.caption else []
    lines = [
        r"\begin{table}",
        r"\centering",
        rf"\caption{{{_tex(grid.title)}}}",
        rf"\begin{{tabular}}{{{'l' * grid.words}{'r' * (len(grid.headers) - grid.words)}}}",
        r"\toprule",
        " & ".join(map(_in_latex, grid.headers)) + r" \\",
        r"\midrule",
        *body,
        r"\bottomrule",
        r"\end{tabular}",
        *(rf"\par\footnotesize {_with_code(text, _tex, _tex_code)}" for text in (*caption, *grid.notes)),
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def _in_latex(entry: Entry) -> str:
    text = _tex(entry.text)
    aside = rf" \emph{{{_tex(entry.aside)}}}" if entry.aside else ""
    return (rf"\textbf{{{text}}}" if entry.style == "best" else text) + aside


def _tex(text: str) -> str:
    return _MINUS.sub("$-$", text.translate(_TEX))


def _tex_code(text: str) -> str:
    return rf"\texttt{{{_tex(text)}}}"


def _with_code(text: str, plain: Callable[[str], str], code: Callable[[str], str]) -> str:
    """A text whose parts in backticks are written as code."""
    return "".join(code(part) if i % 2 else plain(part) for i, part in enumerate(_CODE.split(text)))


@cache
def template(name: str) -> "Template":
    """A template of this package; `with_code` is a filter that writes backticks as code, all else is escaped."""
    import jinja2
    from markupsafe import Markup, escape

    def with_code(text: str) -> Markup:
        return Markup(_with_code(text, lambda part: str(escape(part)), lambda part: f"<code>{escape(part)}</code>"))

    # Only files of this package are ever loaded.
    pages = jinja2.Environment(
        loader=jinja2.PackageLoader("harness.tables"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
    )
    pages.filters["with_code"] = with_code
    return pages.get_template(name)
