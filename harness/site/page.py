"""The page of a tier: tables, figures and verdicts in one file that needs nothing else."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.claims.verdict import Verdict
from harness.core.canonical import digest
from harness.figures.files import creator_of, differ
from harness.figures.plot import Figure
from harness.site.board import as_grid, summary
from harness.tables.grid import grids_of
from harness.tables.markup import template, to_html_section
from harness.tables.table import Table

_PROLOGUE = re.compile(r"^.*?(?=<svg)", re.DOTALL)
_IDENTITY = re.compile(r'(?<=\sid=")|(?<=url\(#)|(?<=xlink:href="#)')
_META = '<meta name="{}" content="([^"]*)">'


@dataclass(frozen=True)
class Chapter:
    """What the page says of one task beside the verdicts: its tables, its figures as SVG, and in lines what is absent
    and why."""

    task: str
    title: str
    question: str
    tables: Sequence[Table]
    figures: Sequence[tuple[Figure, bytes]]
    absent: Sequence[str] = ()


def to_page(chapters: Sequence[Chapter], verdicts: Mapping[str, Sequence[Verdict]], tier: str) -> str:
    """The page: in each chapter the verdicts on the claims about its task come first, after all of them those about
    tasks without a chapter. The same chapters and verdicts give the same text."""
    from markupsafe import Markup

    claims = {chapter.task: _section(verdicts, [chapter.task], "Claims") for chapter in chapters}
    others = {task for of_paper in verdicts.values() for one in of_paper for task in _about(one)} - claims.keys()
    without_records = _section(verdicts, others, "Claims about tasks without records")
    told = summary(verdicts)
    drawn_by = {creator_of(svg) for chapter in chapters for _, svg in chapter.figures}
    made = [table.provenance.digest for chapter in chapters for table in chapter.tables]
    made += [figure.made.digest for chapter in chapters for figure, _ in chapter.figures]
    return template("report.html").render(
        title=f"Results, tier {tier}",
        digest=digest([tier, made, claims, without_records, told])[:16],
        drawn_by=", ".join(sorted(drawn_by)),
        summary=told,
        without_records=Markup(without_records),
        chapters=[
            {
                "task": chapter.task,
                "title": chapter.title,
                "question": chapter.question,
                "claims": Markup(claims[chapter.task]),
                "tables": Markup(to_html_section([grid for table in chapter.tables for grid in grids_of(table)])),
                "figures": [
                    {"name": figure.name, "svg": Markup(inline(svg, figure.name))} for figure, svg in chapter.figures
                ],
                "absent": chapter.absent,
            }
            for chapter in chapters
        ],
    )


def _section(verdicts: Mapping[str, Sequence[Verdict]], tasks: Collection[str], title: str) -> str:
    """The verdicts on the claims about some tasks, "" if there are none."""
    own = {paper: [one for one in of_paper if _about(one).intersection(tasks)] for paper, of_paper in verdicts.items()}
    return to_html_section([as_grid(own, title)]) if any(own.values()) else ""


def _about(verdict: Verdict) -> set[str]:
    """The tasks that a claim is about."""
    return {part.task for part in verdict.claim.parts}


def inline(svg: bytes, name: str) -> str:
    """An SVG as an element of a page: without its prologue, its ids begun with a name that no other figure has."""
    return _IDENTITY.sub(f"{name}-", _PROLOGUE.sub("", svg.decode()))


def check_page(path: Path, page: str, remedy: str) -> Iterator[str]:
    """What is wrong with a page's file: as with figures, its text counts only if the same library drew its figures."""
    there = path.read_text(encoding="utf-8")
    if _meta(there, "digest") != _meta(page, "digest"):
        yield f"{path} is stale: not made from these records; {remedy}"
    elif _meta(there, "drawn-by") == _meta(page, "drawn-by") and differ(page, there):
        yield f"{path} was edited, or pages are written otherwise now; write it anew: {remedy}"


def _meta(page: str, name: str) -> str:
    found = re.search(_META.format(name), page)
    return found[1] if found else ""
