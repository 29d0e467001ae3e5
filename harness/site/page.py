"""The page of a tier: tables, figures and verdicts in one file that needs no other."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from harness.claims.verdict import Verdict
from harness.core.canonical import digest
from harness.figures.files import creator_of, differ
from harness.figures.plot import Figure
from harness.figures.texts import TextFigure
from harness.records.committed import file_problems
from harness.site.verdicts import as_text_table, summary
from harness.tables.markup import template, to_html_section
from harness.tables.table import Table
from harness.tables.text import text_tables

_PROLOGUE = re.compile(r"^.*?(?=<svg)", re.DOTALL)
_IDENTITY = re.compile(r'(?<=\sid=")|(?<=url\(#)|(?<=xlink:href="#)')
_DIGEST = re.compile(r'<meta name="digest" content="([^"]*)">')
_DRAWN_BY = re.compile(r'<meta name="drawn-by" content="([^"]*)">')


@dataclass
class Chapter:
    """What the page says of one task beside the verdicts: its tables, its figures as SVG and those of texts, and in
    lines what is absent and why."""

    task: str
    title: str
    question: str
    tables: list[Table] = field(default_factory=list)
    figures: list[tuple[Figure, bytes]] = field(default_factory=list)
    texts: list[TextFigure] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)


def to_page(chapters: Sequence[Chapter], verdicts: Mapping[str, Sequence[Verdict]], tier: str) -> str:
    """The page: in each chapter the verdicts on the claims about its task come first, after all of them those about
    tasks without a chapter. The same chapters and verdicts give the same text."""
    from markupsafe import Markup

    claims = {chapter.task: _section(verdicts, [chapter.task], "Claims") for chapter in chapters}
    tasks = {task for of_paper in verdicts.values() for verdict in of_paper for task in verdict.claim.tasks}
    without_records = _section(verdicts, tasks - claims.keys(), "Claims about tasks without records")
    sentences = summary(verdicts)
    drawn_by = {creator_of(svg) for chapter in chapters for _, svg in chapter.figures}
    made = [table.provenance.digest for chapter in chapters for table in chapter.tables]
    made += [figure.made.digest for chapter in chapters for figure, _ in chapter.figures]
    made += [figure.made.digest for chapter in chapters for figure in chapter.texts]
    return template("report.html").render(
        title=f"Results, tier {tier}",
        digest=digest([tier, made, claims, without_records, sentences])[:16],
        drawn_by=", ".join(sorted(drawn_by)),
        summary=sentences,
        without_records=Markup(without_records),
        chapters=[
            {
                **vars(chapter),
                "claims": Markup(claims[chapter.task]),
                "tables": Markup(to_html_section(text_tables(chapter.tables))),
                "texts": [(figure, Markup(to_html_section(figure.tables))) for figure in chapter.texts],
                "figures": {figure.name: Markup(_inline(svg, figure.name)) for figure, svg in chapter.figures},
            }
            for chapter in chapters
        ],
    )


def _section(verdicts: Mapping[str, Sequence[Verdict]], tasks: Collection[str], title: str) -> str:
    """The verdicts on the claims about some tasks, "" if there are none."""
    chosen = {
        paper: [verdict for verdict in of_paper if not verdict.claim.tasks.isdisjoint(tasks)]
        for paper, of_paper in verdicts.items()
    }
    return to_html_section([as_text_table(chosen, title)]) if any(chosen.values()) else ""


def _inline(svg: bytes, name: str) -> str:
    """An SVG as an element of a page: without its prologue, its ids begun with a name that no other figure has."""
    return _IDENTITY.sub(f"{name}-", _PROLOGUE.sub("", svg.decode()))


def check_page(path: Path, page: str, remedy: str) -> Iterator[str]:
    """What is wrong with a page's file. Its text is compared only if the same version of the drawing library drew its
    figures."""

    def is_same(stored: str, given: str) -> bool:
        return _DRAWN_BY.findall(stored) != _DRAWN_BY.findall(given) or not differ(given, stored)

    return file_problems(path, page, remedy, _DIGEST.findall(page)[0], is_same)
