"""Builds the whole site: every file by its address. The same material gives the same bytes."""

from collections.abc import Iterator, Sequence
from typing import TypeAlias

from harness.site import compare
from harness.site.addresses import BOARD, CLAIMS, COMPARE, data_file, entrant_page, run_page, task_page
from harness.site.board import board
from harness.site.claims import claims
from harness.site.downloads import downloads
from harness.site.drawn import Drawing
from harness.site.entrants import EntrantPages
from harness.site.guide import GuidePage, guide, texts
from harness.site.material import Material
from harness.site.rendering import Link, Pages, assets
from harness.site.runs import RunFacts, run
from harness.site.tasks import task

File: TypeAlias = tuple[str, bytes]
"""The address of a file and its content."""


def build(material: Material, drawing: Drawing) -> Iterator[File]:
    """The address and the content of every file of the site, its figures among them. Pages without figures come first,
    while these are still being drawn."""
    written_guide = list(guide(texts()))
    pages = Pages(_navigation(written_guide))
    facts: dict[str, RunFacts] = {}
    yield from assets().items()
    yield from _runs(material, pages, facts)
    yield from _entrants(EntrantPages(material, facts), pages)
    drawn = drawing.finish()
    for chapter in material.chapters:
        place = task_page(chapter.card.task, chapter.tier)
        yield place, pages.page("task.html", place, **task(material, chapter, drawn))
        yield from downloads(chapter)
        yield compare.data_of(chapter)
    yield from ((data_file(name), content) for name, content in drawn.files.items())
    yield CLAIMS, pages.page("claims.html", CLAIMS, papers=claims(material))
    yield COMPARE, pages.page("compare.html", COMPARE, chapters=material.chapters, quantiles=compare.quantiles())
    for of_guide in written_guide:
        yield of_guide.address, pages.page("guide.html", of_guide.address, page=of_guide, pages=written_guide)
    newest = max((of_run.finished for of_run in facts.values()), default="")[:10]
    yield BOARD, pages.page("index.html", BOARD, **board(material), newest=newest, runs=len(facts))


def _runs(material: Material, pages: Pages, facts: dict[str, RunFacts]) -> Iterator[File]:
    """The page of every run; `facts` is filled with what other pages need of it, by its path."""
    rows = {row.path: row for of_task in material.scored.values() for row in of_task.runs}
    written: set[str] = set()
    for stored in material.records():
        row = rows.get(stored.spec.place)
        if row is None:  # It was written since the scored table was made.
            continue
        origin = stored.content["origin"]
        facts[row.path] = RunFacts(row, stored.content["finished"], origin["title"], origin["code"])
        # A parameter that is set to its default is another label of the same run.
        if row.key not in written:
            written.add(row.key)
            place = run_page(row.key)
            yield (
                place,
                pages.page("run.html", place, task=material.cards[row.task], **run(row, stored, material.items)),
            )


def _entrants(entrants: EntrantPages, pages: Pages) -> Iterator[File]:
    for of_task, name in entrants.names():
        place = entrant_page(of_task, name)
        yield place, pages.page("entrant.html", place, **entrants.page(of_task, name))


def _navigation(of_guide: Sequence[GuidePage]) -> list[Link]:
    """The pages that every page leads to."""
    contents = [Link("Guide", of_guide[0].address)] if of_guide else []
    return [Link("Board", BOARD), Link("Claims", CLAIMS), Link("Compare", COMPARE), *contents]
