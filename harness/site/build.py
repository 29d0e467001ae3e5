"""Builds the whole site: every file by its address. The same material gives the same bytes."""

from collections.abc import Iterator, Sequence

from harness.records.record import Stored
from harness.records.scored import RunRow
from harness.site import compare
from harness.site.addresses import BOARD, CLAIMS, COMPARE, data_file, entrant_page, run_page, task_page
from harness.site.board import board
from harness.site.claims import authors_of, claims
from harness.site.downloads import downloads
from harness.site.drawn import Drawn
from harness.site.entrants import EntrantPages, bibtex
from harness.site.guide import GuidePage, guide, texts
from harness.site.material import Material
from harness.site.rendering import Link, Pages, assets
from harness.site.runs import RunFacts, run
from harness.site.tasks import task


def build(material: Material, drawn: Drawn) -> Iterator[tuple[str, bytes]]:
    """The address and the content of every file of the site, given the figures' files."""
    written_guide = list(guide(texts()))
    pages = Pages(_navigation(written_guide))
    rows = {row.path: row for chapter in material.scored.values() for row in chapter.runs}
    facts: dict[str, RunFacts] = {}
    written: set[str] = set()
    yield from assets().items()
    for stored in material.records():
        row = rows.get(stored.spec.place)
        if row is None:
            continue
        facts[row.path] = _facts(row, stored)
        # A parameter that is set to its default is another label of the same run.
        if row.key not in written:
            written.add(row.key)
            place = run_page(row.key)
            yield place, pages.page("run.html", place, task=material.cards[row.task], **run(row, stored))
    entrants = EntrantPages(material, facts)
    for of_task, name in entrants.names():
        place = entrant_page(of_task, name)
        yield (
            place,
            pages.page("entrant.html", place, **entrants.page(of_task, name), bibtex=bibtex, authors_of=authors_of),
        )
    for chapter in material.chapters:
        place = task_page(chapter.card.task, chapter.tier)
        yield place, pages.page("task.html", place, **task(material, chapter, drawn))
        yield from downloads(chapter)
        yield compare.data_of(chapter)
    yield from ((data_file(name), content) for name, content in drawn.files.items())
    yield CLAIMS, pages.page("claims.html", CLAIMS, **claims(material))
    yield COMPARE, pages.page("compare.html", COMPARE, chapters=material.chapters, quantiles=compare.quantiles())
    for of_guide in written_guide:
        yield of_guide.address, pages.page("guide.html", of_guide.address, page=of_guide, pages=written_guide)
    newest = max((run_facts.finished for run_facts in facts.values()), default="")[:10]
    yield BOARD, pages.page("index.html", BOARD, **board(material, newest), runs=len(facts))


def _navigation(of_guide: Sequence[GuidePage]) -> list[Link]:
    """The pages that every page leads to."""
    contents = [Link("Guide", of_guide[0].address)] if of_guide else []
    return [Link("Board", BOARD), Link("Claims", CLAIMS), Link("Compare", COMPARE), *contents]


def _facts(row: RunRow, stored: Stored) -> RunFacts:
    origin = stored.content["origin"]
    return RunFacts(row, stored.content["finished"], origin["title"], origin["code"])
