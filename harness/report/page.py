"""The page of a tier: tables, figures and verdicts in one file that needs nothing else."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.canonical import digest
from harness.claims.verdict import Verdict
from harness.report.board import as_grid
from harness.report.figures.files import creator_of, differ
from harness.report.figures.plot import Sheet
from harness.report.grid import grids_of
from harness.report.markup import template, to_html_section
from harness.report.table import Table

_PROLOGUE = re.compile(r"^.*?(?=<svg)", re.DOTALL)
_IDENTITY = re.compile(r'(?<=\sid=")|(?<=url\(#)|(?<=xlink:href="#)')
_META = '<meta name="{}" content="([^"]*)">'


@dataclass(frozen=True)
class Chapter:
    """What the page says of one task: its tables, its figures as SVG, and in lines what is absent and why."""

    task: str
    title: str
    question: str
    tables: Sequence[Table]
    figures: Sequence[tuple[Sheet, bytes]]
    absent: Sequence[str] = ()


def to_page(chapters: Sequence[Chapter], verdicts: Mapping[str, Sequence[Verdict]], tier: str) -> str:
    """The page. The same chapters and verdicts give the same text."""
    from markupsafe import Markup

    claims = to_html_section([as_grid(verdicts, tier)])
    drawn_by = {creator_of(svg) for chapter in chapters for _, svg in chapter.figures}
    made = [table.provenance.digest for chapter in chapters for table in chapter.tables]
    made += [sheet.made.digest for chapter in chapters for sheet, _ in chapter.figures]
    return template("report.html").render(
        title=f"Results, tier {tier}",
        digest=digest([tier, made, claims])[:16],
        drawn_by=", ".join(sorted(drawn_by)),
        claims=Markup(claims),
        chapters=[
            {
                "task": chapter.task,
                "title": chapter.title,
                "question": chapter.question,
                "tables": Markup(to_html_section([grid for table in chapter.tables for grid in grids_of(table)])),
                "figures": [
                    {"name": sheet.name, "svg": Markup(inline(svg, sheet.name))} for sheet, svg in chapter.figures
                ],
                "absent": chapter.absent,
            }
            for chapter in chapters
        ],
    )


def inline(svg: bytes, name: str) -> str:
    """An SVG as an element of a page: without its prologue, its ids begun with a name that no other figure has."""
    return _IDENTITY.sub(f"{name}-", _PROLOGUE.sub("", svg.decode()))


def check_page(path: Path, page: str, remedy: str) -> Iterator[str]:
    """What is wrong with a page's file: as with figures, its text counts only if the same library drew its figures."""
    if not path.is_file():
        yield f"{path} is not there; write it: {remedy}"
        return
    there = path.read_text(encoding="utf-8")
    if _meta(there, "digest") != _meta(page, "digest"):
        yield f"{path} is stale: not made from these records; {remedy}"
    elif _meta(there, "drawn-by") == _meta(page, "drawn-by") and differ(page, there):
        yield f"{path} was edited, or pages are written otherwise now; write it anew: {remedy}"


def _meta(page: str, name: str) -> str:
    found = re.search(_META.format(name), page)
    return found[1] if found else ""
