"""The site in a real browser: Chromium, from a folder and from a web host."""

import functools
import http.server
import json
import shutil
import threading
from collections.abc import Callable, Iterator
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harness.cli.session import open_session
from harness.tables.build import View
from harness.tables.differences import paired_differences

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page, Request

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: apt-get install chromium"),
    pytest.mark.skipif(find_spec("playwright") is None, reason="no playwright here: pip install playwright"),
]

PAGES = (
    "index.html",
    "claims.html",
    "compare.html",
    "word_similarity-small.html",
    "retrieval-quick.html",
    "entrant/word_similarity-flyvec.html",
    "guide/index.html",
    "docs/architecture.html",
)
WIDTHS = (1400, 820, 390)


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as player:
        browser = player.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def host(site: Path) -> Iterator[str]:
    """The site on a web host of this machine."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *words: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(site)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def _failure(request: "Request") -> list[str]:
    """Why a request failed; nothing where the page was left before it came back."""
    return [] if request.failure == "net::ERR_ABORTED" else [f"{request.url}: {request.failure}"]


@pytest.fixture
def visit(browser: "Browser", site: Path) -> Iterator[Callable[..., "Page"]]:
    """Opens a page of the site, by default from its folder; the test fails if it complains."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def open_page(address: str, base: str = "", width: int = 1400, **facts: Any) -> "Page":
        context = browser.new_context(viewport={"width": width, "height": 900}, **facts)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(f"{address}: {message.text}"))
        page.on("pageerror", lambda error: complaints.append(f"{address}: {error}"))
        page.on("requestfailed", lambda request: complaints.extend(_failure(request)))
        page.goto(f"{base or site.as_uri()}/{address}")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


def rows(page: "Page", table: str = "word_similarity-small") -> list[str]:
    """The entrants that a table shows, in order."""
    found: list[str] = page.eval_on_selector_all(
        f"[id='{table}'] tbody tr:not([hidden]) th a", "links => links.map(link => link.textContent)"
    )
    return found


@pytest.mark.parametrize("address", PAGES)
def test_pages_work_from_a_folder_and_from_a_host_and_no_request_leaves(
    visit: Callable[..., "Page"], host: str, site: Path, address: str
) -> None:
    for base in (site.as_uri(), host):
        page = visit(address, base)
        asked: list[str] = []
        page.on("request", lambda request, asked=asked: asked.append(request.url))
        page.reload()
        page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
        page.wait_for_load_state("load")
        assert asked
        assert [url for url in asked if not url.startswith(base)] == []


def test_without_a_script_every_row_and_claim_is_there(visit: Callable[..., "Page"]) -> None:
    plain = visit("word_similarity-small.html", java_script_enabled=False)
    assert plain.locator("input, button").count() == 0, "nothing is offered that does not work"
    with_script = visit("word_similarity-small.html")
    assert plain.locator("table.scores tbody tr").count() == len(
        with_script.query_selector_all("table.scores tbody tr")
    )
    claims = visit("claims.html", java_script_enabled=False)
    assert claims.locator("article.claim").first.is_visible()
    assert visit("compare.html", java_script_enabled=False).locator(".nojs a").first.is_visible()


def test_a_column_is_sorted_in_both_directions(visit: Callable[..., "Page"]) -> None:
    page = visit("word_similarity-small.html")
    section = page.locator("[id='word_similarity-small']")
    before = rows(page)
    button = section.locator("thead button").nth(1)
    column = "[id='word_similarity-small'] tbody tr:not([hidden]) td:nth-child(2)"
    values = "cells => cells.map(cell => cell.dataset.v).filter(Boolean).map(Number)"
    button.click()
    falling = page.eval_on_selector_all(column, values)
    assert falling == sorted(falling, reverse=True)
    assert len(falling) > 5
    button.click()
    assert page.eval_on_selector_all(column, values) == sorted(falling)
    button.click()
    assert rows(page) == before


def test_rows_are_found_and_kinds_and_columns_left_out(visit: Callable[..., "Page"]) -> None:
    page = visit("word_similarity-small.html")
    section = page.locator("[id='word_similarity-small']")
    section.locator("input[type=search]").fill("flyvec, ppmi")
    found = rows(page)
    assert found
    assert all("flyvec" in label or "ppmi" in label for label in found)
    section.locator("input[type=search]").fill("")
    section.locator("summary", has_text="Kinds").click()
    section.locator(".menu label", has_text="baseline").locator("input").uncheck()
    assert rows(page)
    assert "ppmi" not in rows(page)
    section.locator("summary", has_text="Columns").click()
    column = section.locator("thead th").nth(1)
    section.locator(".menu").nth(1).locator("input").first.uncheck()
    assert not column.is_visible()


def test_a_permalink_shows_what_was_chosen(visit: Callable[..., "Page"]) -> None:
    page = visit("word_similarity-small.html")
    section = page.locator("[id='word_similarity-small']")
    section.locator("input[type=search]").fill("vec")
    section.locator("thead button").nth(1).click()
    chosen = rows(page)
    address = page.evaluate("location.hash")
    again = visit("word_similarity-small.html" + address)
    assert rows(again) == chosen
    assert again.locator("[id='word_similarity-small'] input[type=search]").input_value() == "vec"


def test_a_table_is_copied_as_it_is_shown(visit: Callable[..., "Page"], host: str) -> None:
    page = visit("word_similarity-small.html", host, permissions=["clipboard-read", "clipboard-write"])
    section = page.locator("[id='word_similarity-small']")
    section.locator("input[type=search]").fill("flyvec")
    section.locator("button", has_text="Copy as Markdown").click()
    page.wait_for_function("navigator.clipboard.readText().then(text => text.startsWith('|'))")
    lines = page.evaluate("navigator.clipboard.readText()").splitlines()
    assert len(lines) == 2 + len(rows(page)) + 2, "a header, a rule, the entrants, chance and ceiling"
    assert {line.count(" | ") for line in lines} == {lines[0].count(" | ")}
    section.locator("button", has_text="Copy as LaTeX").click()
    page.wait_for_function("navigator.clipboard.readText().then(text => text.startsWith('\\\\begin'))")
    text = page.evaluate("navigator.clipboard.readText()")
    assert text.count("\\\\\n") == 1 + len(rows(page)) + 2
    assert "word_" not in text.replace("\\_", ""), "signs of LaTeX are escaped"


def test_copying_works_from_a_folder(visit: Callable[..., "Page"]) -> None:
    page = visit("entrant/word_similarity-flyvec.html")
    page.locator("summary", has_text="BibTeX").click()
    button = page.locator(".with-copy button")
    button.click()
    page.wait_for_function("document.querySelector('.with-copy button').textContent === 'copied'")


def test_claims_are_filtered_and_the_filter_is_in_the_address(visit: Callable[..., "Page"]) -> None:
    page = visit("claims.html")
    every = page.locator("article.claim:visible").count()
    page.get_by_label("tier").select_option("small")
    page.get_by_label("verdict").select_option("reproduced")
    some = page.locator("article.claim:visible").count()
    assert 0 < some < every
    shown = page.eval_on_selector_all(
        "article.claim:not([hidden]) details:not([hidden])", "parts => parts.map(part => part.dataset.verdict)"
    )
    assert set(shown) == {"reproduced"}
    again = visit("claims.html" + page.evaluate("location.hash"))
    assert again.locator("article.claim:visible").count() == some


def test_a_mark_of_the_board_leads_to_its_claim(visit: Callable[..., "Page"]) -> None:
    page = visit("index.html")
    mark = page.locator("a.mark").first
    place = (mark.get_attribute("href") or "").partition("#")[2]
    mark.click()
    page.wait_for_url("**/claims.html#*")
    assert page.locator(f"[id='{place}']").is_visible()


def test_the_statistics_of_the_page_are_those_of_the_harness(visit: Callable[..., "Page"], results: Path) -> None:
    session = open_session(results, ["word_similarity"], ["small"])
    view = View(tier="small")
    table = session.tables("word_similarity", view, session.expected("word_similarity", view, any_key=True))[-1]
    assert all(column.case for column in table.columns), "without a mean, each column is compared"
    expected = paired_differences(table, table.rows[0].label)
    page = visit(f"compare.html#word_similarity-small?table={table.name}")
    page.wait_for_selector("#compare h2")
    found = page.evaluate(
        """name => {
            const table = TENFOLD["word_similarity-small"].tables.find(one => one.name === name);
            const quantiles = document.getElementById("compare").dataset.quantiles.split(" ").map(Number);
            return table.rows.slice(1).flatMap(other =>
                TENFOLD_STATISTICS.differences(table, [table.rows[0], other], quantiles));
        }""",
        table.name,
    )
    by_pair = {(pair["over"], pair["column"]): pair for pair in found}
    compared = [pair for pair in expected if pair.p == pair.p]
    assert compared
    for pair in compared:
        other = by_pair[pair.opponent, pair.column]
        assert other["design"] == pair.design
        assert other["values"] == pytest.approx(pair.values)
        assert other["p"] == pytest.approx(pair.p)
        assert other["interval"] == pytest.approx(list(pair.interval), rel=1e-8)
    adjusted = page.evaluate("TENFOLD_STATISTICS.holm([0.04, NaN, 0.01, 0.03])")
    assert [adjusted[0], *adjusted[2:]] == pytest.approx([0.06, 0.03, 0.06])


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("address", PAGES)
def test_no_page_scrolls_sideways(visit: Callable[..., "Page"], address: str, width: int) -> None:
    page = visit(address, width=width)
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= width


def test_the_dark_page_is_dark_and_shows_dark_figures(visit: Callable[..., "Page"]) -> None:
    page = visit("word_similarity-small.html", color_scheme="dark")
    image = page.locator("figure img").first
    image.scroll_into_view_if_needed()
    page.wait_for_function("image => image.complete && image.naturalWidth > 0", arg=image.element_handle())
    assert image.evaluate("image => image.currentSrc").endswith("-dark.svg")
    red, green, blue = page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)")
    assert max(red, green, blue) < 40


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("address", PAGES)
def test_nothing_serious_is_found_by_axe(visit: Callable[..., "Page"], address: str, scheme: str) -> None:
    if find_spec("axe_playwright_python") is None:
        pytest.skip("no axe-core here: pip install axe-playwright-python")
    page = visit(address, color_scheme=scheme, bypass_csp=True)
    page.evaluate((files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8"))
    found = page.evaluate("axe.run(document, {resultTypes: ['violations'], preload: false})")
    serious = [
        (violation["id"], violation["help"], [node["html"][:160] for node in violation["nodes"][:3]])
        for violation in found["violations"]
        if violation["impact"] in ("serious", "critical")
    ]
    assert serious == [], json.dumps(serious, indent=1)
