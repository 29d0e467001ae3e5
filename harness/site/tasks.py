"""The page of a task at a tier: its tables, its figures, and what is absent."""

from typing import Any, NamedTuple

from harness.figures.files import TEXT
from harness.figures.plot import Figure
from harness.site.addresses import CLAIMS, COMPARE, anchor, data_file, task_page
from harness.site.drawn import Drawn, dark_name
from harness.site.marks import mark_of
from harness.site.material import Chapter, Material
from harness.site.rendering import Link
from harness.site.tables import table_view
from harness.tables.differences import differences_as_text, paired_differences
from harness.tables.table import Table
from harness.tables.text import TextTable


class FigureView(NamedTuple):
    """A figure: the addresses of its files, its size in pixels, and its description."""

    name: str
    title: str
    about: str
    svg: str
    dark: str
    png: str
    width: int
    height: int


def task(material: Material, chapter: Chapter, drawn: Drawn) -> dict[str, Any]:
    """What the page of a chapter shows; `drawn` has its figures' files."""
    card, tier = chapter.card, chapter.tier
    others = [other for other in material.tiers if other != tier and material.chapter(card.task, other)]
    verdicts = [
        (mark_of(verdict), verdict.claim.says or verdict.claim.id, f"{CLAIMS}#{anchor(paper, verdict.claim.id)}")
        for paper, of_paper in material.verdicts[tier].items()
        for verdict in of_paper
        if any(part.task == card.task and part.is_about(tier) for part in verdict.claim.parts)
    ]
    return {
        "chapter": chapter,
        "others": [Link(other, task_page(card.task, other)) for other in others],
        "verdicts": verdicts,
        "tables": list(map(table_view, chapter.tables)),
        "further": list(map(table_view, chapter.shown[len(chapter.tables) :])),
        "large": list(map(table_view, chapter.large)),
        "metrics": {table.metric: card.metrics[table.metric].about for table in chapter.every_table},
        "differences": [text for table in chapter.tables if (text := _differences(table))],
        "figures": [_figure(figure, drawn) for figure in chapter.figures],
        "texts": [(figure, data_file(f"{figure.name}.{TEXT}")) for figure in chapter.texts],
        "compare": f"{COMPARE}#{chapter.name}",
    }


def _differences(table: Table) -> TextTable | None:
    """The paired differences of a table's methods; None without any."""
    differences = paired_differences(table)
    return differences_as_text(table, differences) if differences else None


def _figure(figure: Figure, drawn: Drawn) -> FigureView:
    width, height = drawn.sizes[figure.name]
    return FigureView(
        name=figure.name,
        title=figure.declared.title,
        about=f"{figure.declared.about} {figure.reading}".strip(),
        svg=data_file(f"{figure.name}.svg"),
        dark=data_file(dark_name(figure.name)),
        png=data_file(f"{figure.name}.png"),
        width=width,
        height=height,
    )
