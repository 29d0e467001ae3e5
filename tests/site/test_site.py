"""`harness site`: pages from records alone, complete without a script, every number a link."""

import json
import re
import subprocess
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest

from harness.site.marks import OUTCOMES, Mark
from sites import failed, made, with_parameter, write_site

Command = Callable[..., "subprocess.CompletedProcess[str]"]


class Page(HTMLParser):
    """The links and the ids of a page, and the elements that its security policy forbids."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.ids: list[str] = []
        self.forbidden: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        facts = dict(attributes)
        self.links += [facts[name] or "" for name in ("href", "src", "srcset") if name in facts]
        self.ids += [facts["id"] or ""] if "id" in facts else []
        if (tag == "script" and "src" not in facts) or tag == "style" or {"style", "onclick", "onload"} & facts.keys():
            self.forbidden.append(self.get_starttag_text() or tag)


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[str, Page]:
    """Every page by its address."""
    return {path.relative_to(site).as_posix(): Page(path) for path in sorted(site.rglob("*.html"))}


def test_every_link_leads_somewhere(site: Path, pages: dict[str, Page]) -> None:
    dead = []
    for address, page in pages.items():
        for link in page.links:
            if link.startswith(("https://", "http://")):
                continue
            path, _, place = unquote(link).partition("#")
            target = ((site / address).parent / path).resolve() if path else (site / address).resolve()
            place = place.partition("?")[0]
            if not target.is_file():
                dead.append((address, link))
            elif place and target.suffix == ".html" and target.name != "compare.html":
                other = pages[target.relative_to(site.resolve()).as_posix()]
                dead += [] if place in other.ids else [(address, link)]
    assert dead == []


def test_the_ids_of_a_page_are_unique(pages: dict[str, Page]) -> None:
    assert [address for address, page in pages.items() if len(page.ids) != len(set(page.ids))] == []


def test_no_page_has_a_script_or_a_style_of_its_own(pages: dict[str, Page]) -> None:
    assert [line for page in pages.values() for line in page.forbidden] == []


def test_nothing_is_loaded_from_elsewhere(site: Path) -> None:
    for path in (*site.rglob("*.html"), site / "site.css", site / "site.js"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"""(?:src|srcset)=["']?(?:https?:)?//|url\(|@import|<link[^>]+https?:""", text), path


def test_from_a_cell_to_the_command_in_three_clicks(site: Path, pages: dict[str, Page]) -> None:
    task = (site / "word_similarity-quick.html").read_text()
    cell = re.findall(r'<td class="number[^>]*><a href="(entrant/word_similarity-flyvec.html)#([^"]+)"', task)
    assert cell
    entrant, place = cell[0]
    row = re.search(f'<tr id="{re.escape(place)}">.*?</tr>', (site / entrant).read_text(), re.DOTALL)
    assert row
    run = re.findall(r'href="\.\./(run/[0-9a-f]{32}\.html)"', row[0])
    assert len(run) == 3, "a link for each seed"
    assert "harness run --task word_similarity --tier quick" in (site / run[0]).read_text()


def test_every_record_has_its_page(site: Path, results: Path) -> None:
    records = {json.loads(path.read_text())["record"]["key"] for path in (results / "records").glob("*/*/*/*/*.json")}
    assert records
    assert {path.stem for path in (site / "run").iterdir()} == records


def test_the_board_has_a_mark_for_every_claim_that_records_tell_of(site: Path, harness: Command, results: Path) -> None:
    board = (site / "index.html").read_text()
    said = json.loads(harness("claims", "--tier", "small", "--json", "--results", results).stdout)["claims"]
    claims = [(claim["outcome"].replace(" ", "-"), claim["claim"]) for claim in said if claim["paper"] == "flyvec"]
    (row,) = re.findall(r'aria-label="flyvec, claims at tier small">(.*?)</ul>', board, re.DOTALL)
    assert re.findall(r'class="mark ([\w-]+)" href="claims.html#flyvec.(\w+)"', row) == claims
    assert 'aria-label="ance, claims at tier small"' not in board, "nothing of it was run there"


def test_every_outcome_has_its_own_mark() -> None:
    style = (Path(__file__).resolve().parents[2] / "harness/site/assets/site.css").read_text()
    for outcome in OUTCOMES:
        kinds = ["rehearsal-for", "rehearsal-against"] if outcome == "rehearsal" else [outcome.replace(" ", "-")]
        assert all(f".mark.{kind} " in style for kind in kinds), f"site.css draws no mark for {outcome}"
    assert Mark("reproduced", "R", "reproduced").meaning


def test_the_csv_is_what_the_table_verb_prints(site: Path, harness: Command, results: Path) -> None:
    for task, tier in (("retrieval", "quick"), ("word_similarity", "small")):
        words = ("table", "--task", task, "--tier", tier, "--format", "csv", "--results", results)
        assert (site / f"data/{task}-{tier}.all.csv").read_text() == harness(*words).stdout.removesuffix("\n")


def test_claims_are_said_in_words_with_their_reasons(site: Path) -> None:
    page = (site / "claims.html").read_text()
    assert "Negatives from the retriever&#39;s own refreshed index" in page
    assert page.count('<article class="claim"') == page.count('class="permalink"')


def test_figures_are_loaded_late_and_have_dark_ones(site: Path) -> None:
    page = (site / "word_similarity-small.html").read_text()
    images = re.findall(r"<img [^>]+>", page)
    assert images
    assert all('loading="lazy"' in image and 'alt="' in image and 'width="' in image for image in images)
    assert page.count('media="(prefers-color-scheme: dark)"') == len(images)
    light, dark = (site / f"data/word_similarity-small-correlation{kind}.svg" for kind in ("", "-dark"))
    assert "#ffffff" in light.read_text()
    assert "#ffffff" not in dark.read_text()
    assert light.with_suffix(".png").read_bytes().startswith(b"\x89PNG")


def test_pages_are_small(site: Path) -> None:
    assert (site / "index.html").stat().st_size < 100_000
    assert {path.name: size for path in site.rglob("*.html") if (size := path.stat().st_size) > 600_000} == {}


def test_the_same_records_give_the_same_bytes_and_check_tells_what_was_changed(
    site: Path, results: Path, tmp_path: Path
) -> None:
    again = tmp_path / "again"
    assert write_site(results, again, "--task", "retrieval").returncode == 0
    twice = tmp_path / "twice"
    assert write_site(results, twice, "--task", "retrieval").returncode == 0
    names = {path.relative_to(again) for path in again.rglob("*") if path.is_file()}
    assert names == {path.relative_to(twice) for path in twice.rglob("*") if path.is_file()}
    assert [name for name in names if (again / name).read_bytes() != (twice / name).read_bytes()] == []

    (again / "claims.html").write_text("edited")
    (again / "retrieval-quick.html").unlink()
    before = {path: path.stat().st_mtime_ns for path in again.rglob("*")}
    done = write_site(results, again, "--task", "retrieval", "--check")
    assert done.returncode == 1
    assert "claims.html is not what the records give" in done.stderr
    assert "retrieval-quick.html is not there" in done.stderr
    assert before == {path: path.stat().st_mtime_ns for path in again.rglob("*")}, "nothing is written"
    assert write_site(results, twice, "--task", "retrieval", "--check").returncode == 0


HOSTILE = '<img src=x onerror="alert(1)">&{{ 7 * 7 }}"\''


def test_text_of_records_is_escaped(tmp_path: Path) -> None:
    results = made(tmp_path / "results", lambda record: [with_parameter(record, HOSTILE)])
    done = write_site(results, tmp_path / "site")
    assert done.returncode == 0, done.stderr
    pages = list((tmp_path / "site").rglob("*.html"))
    assert any("&lt;img src=x" in path.read_text() for path in pages)
    for path in pages:
        assert "<img src=x" not in path.read_text(), path
        assert "&{49}" not in path.read_text(), path
    assert all(re.fullmatch(r"[\w.@,=+-]+", path.name) for path in (tmp_path / "site").rglob("*")), "no odd names"


@pytest.mark.parametrize("kind", ["failures only", "one seed", "no items"])
def test_a_store_with_little_in_it_has_its_site(tmp_path: Path, kind: str) -> None:
    changes = {
        "failures only": lambda record: [failed(record)],
        "one seed": lambda record: [record] if record.spec.seed == 0 else [],
        "no items": lambda record: [
            record.model_copy(
                update={"scores": tuple(score.model_copy(update={"items": ""}) for score in record.scores)}
            )
        ],
    }
    results = made(tmp_path / "results", changes[kind])
    done = write_site(results, tmp_path / "site")
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    page = (tmp_path / "site/word_similarity-quick.html").read_text()
    if kind == "failures only":
        assert "error 3/3" in page
        assert "&lt;b&gt;it&lt;/b&gt; broke" in page
    else:
        assert re.search(r'data-v="0\.\d+"', page)


def test_an_empty_store_is_one_line(verb: Command, tmp_path: Path) -> None:
    done = verb("site", "--results", "nothing", "--out", "pages")
    assert done.returncode == 2
    assert done.stderr == "harness: no records in nothing for this; `harness run --tier quick` makes some\n"
    assert not (tmp_path / "pages").exists()


def test_a_picture_of_the_board_is_written_and_checked(verb: Command, tmp_path: Path) -> None:
    assert verb("claims", "--tier", "smoke", "--write").returncode == 0
    picture = tmp_path / "results/tables/claims-smoke.svg"
    assert picture.read_text().count('class="not-assessable"') > 100
    assert verb("claims", "--tier", "smoke", "--check").returncode == 0
    picture.write_text(picture.read_text().replace("smoke", "small"))
    done = verb("claims", "--tier", "smoke", "--check")
    assert done.returncode == 1
    assert "claims-smoke.svg is not what the records say" in done.stderr
