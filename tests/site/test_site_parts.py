"""The parts of the site: addresses, marks, drawings, dark figures, the guide, the picture of the board."""

import itertools
import math
import re
from xml.etree import ElementTree

import numpy as np
import pytest

from harness.claims.claim import Claim
from harness.claims.finding import Finding
from harness.claims.paper import Citation, Paper
from harness.claims.verdict import Verdict
from harness.site.addresses import anchor, entrant_page, relative, run_page
from harness.site.drawing import curve_drawing, finding_drawing, seed_strip
from harness.site.drawn import in_dark
from harness.site.entrants import bibtex
from harness.site.guide import address_of, guide, texts
from harness.site.marks import OUTCOMES, mark_of
from harness.site.picture import picture
from harness.site.runs import named_items
from harness.stats.intervals import Interval

CLAIM = Claim.model_validate(
    {
        "id": "wins",
        "source": "Table 1",
        "says": "It wins.",
        "task": "toy",
        "tiers": ["small"],
        "metric": "accuracy",
        "kind": "greater",
        "of": "vit",
        "over": ["cnn"],
        "margin": 0.02,
    }
)


def a_finding(**facts: object) -> Finding:
    fields = {"outcome": "reproduced", "seeds": (0, 1, 2), "values": (0.1, 0.2, 0.3), "interval": Interval(0.05, 0.35)}
    return Finding(part=CLAIM.parts[0], opponent="cnn", **{**fields, **facts})


def a_verdict(outcome: str, leaning: str = "") -> Verdict:
    return Verdict(CLAIM, "small", (a_finding(outcome=outcome, leaning=leaning),))


@pytest.mark.parametrize(
    ("address", "page", "link"),
    [
        ("claims.html#a.b", "index.html", "claims.html#a.b"),
        ("index.html", "run/k.html", "../index.html"),
        ("run/k.html", "entrant/t-e.html", "../run/k.html"),
        ("claims.html#a", "claims.html", "#a"),
        ("claims.html", "claims.html", "claims.html"),
    ],
)
def test_links_are_relative(address: str, page: str, link: str) -> None:
    assert relative(address, page) == link


def test_no_name_leads_out_of_its_folder() -> None:
    for name in ("../../etc/passwd", "a/b", "<b>", "..", ""):
        assert re.fullmatch(r"entrant/toy-\w+\.html", entrant_page("toy", name))
        assert re.fullmatch(r"run/\w+\.html", run_page(name))
    assert entrant_page("toy", "../a") != entrant_page("toy", "../b")
    assert anchor("t", 'x[a="<b> c"]', 1) == "t.x-a=-b-c-.1"


def test_no_two_outcomes_share_a_mark() -> None:
    verdicts = [a_verdict(outcome, leaning) for outcome in OUTCOMES for leaning in ("for", "against")]
    marks = {mark_of(verdict) for verdict in verdicts}
    assert len({mark.kind for mark in marks}) == len({mark.letter for mark in marks}) == len(marks) == len(OUTCOMES) + 1
    assert all(mark.meaning for mark in marks)


def places(drawing: str, name: str) -> list[float]:
    (path,) = re.findall(rf'class="{name}" d="([^"]+)"', drawing)
    return [float(x) for x in re.findall(r"[MH]([\d.]+)", path)]


def test_a_drawing_of_a_finding_keeps_the_order_of_its_numbers() -> None:
    drawing = str(finding_drawing(a_finding()))
    (zero,), (bound,), (mean,) = (places(drawing, name) for name in ("zero", "bound", "mean"))
    lo, hi = places(drawing, "interval")
    first, second, third = places(drawing, "seed")
    assert zero < bound < lo < first < second < third < hi
    assert second == pytest.approx(mean)
    assert "+0.2 [+0.05, +0.35]" in drawing
    assert ">+0.02<" in drawing, "the smallest effect of interest is labelled"


def test_labels_of_a_drawing_keep_off_each_other() -> None:
    drawing = str(finding_drawing(a_finding(values=(-0.1, -0.12, -0.13), interval=Interval(-0.15, -0.09))))
    labels = re.findall(r'<text x="([\d.]+)" y="42" text-anchor="middle">([^<]+)<', drawing)
    ends = sorted((float(x) - 4 * len(text), float(x) + 4 * len(text)) for x, text in labels)
    assert labels
    assert all(end <= start for (_, end), (start, _) in itertools.pairwise(ends))


def test_a_finding_without_values_is_not_drawn_and_one_without_an_interval_is() -> None:
    assert finding_drawing(a_finding(values=())) == ""
    drawing = finding_drawing(a_finding(values=(0.1,), interval=Interval(math.nan, math.nan)))
    assert 'class="seed"' in drawing
    assert 'class="interval"' not in drawing


def test_small_drawings_stand_only_where_there_is_something_to_draw() -> None:
    assert seed_strip((0.5,), 0.5, 0.5) == ""
    assert len(re.findall("M", seed_strip((0.1, 0.9), 0.0, 1.0))) == 2
    assert curve_drawing([(0, 1.0)], "loss") == ""
    assert curve_drawing([(0, math.nan), (1, 2.0)], "loss") == ""
    assert "&lt;loss&gt;: 1 at first, 2 at last" in curve_drawing([(0, 1.0), (1, 2.0)], "<loss>")


def test_a_dark_figure_has_light_and_dark_exchanged_and_its_ids_kept() -> None:
    path = b'<path style="fill: #ffffff; stroke: #1f77b4"/>'
    svg = b'<svg width="9pt"><use xlink:href="#abcdef"/>' + path + b"<text>#000000</text></svg>"
    dark = in_dark(svg).decode()
    assert "fill: #171717" in dark
    assert '<svg fill="#e6e6e6"' in dark, "what has no colour was black"
    assert 'xlink:href="#abcdef"' in dark
    assert ">#000000<" in dark
    assert re.search(r"stroke: #(?!1f77b4)[0-9a-f]{6}", dark)


def test_an_entry_of_bibtex_has_every_author() -> None:
    citation = Citation(title="A", authors="B C, D E", venue="ICLR", year=2021, url="https://example.org")
    assert "author = {B C and D E}" in bibtex("a", Paper(paper=citation))


def test_the_guide_has_the_pages_of_docs_with_links_among_them() -> None:
    pages = list(guide({"a.md": "# A\n\n[b](b.md#x) [out](../README.md) [far](https://example.org)", "b.md": "# B"}))
    assert [(page.address, page.title) for page in pages] == [("docs/a.html", "A"), ("docs/b.html", "B")]
    assert '<a href="b.html#x">b</a> out <a href="https://example.org">far</a>' in pages[0].text
    assert address_of("guide/README.md") == "guide/index.html"
    assert address_of("guide/methods/mlm.md") == "guide/methods/mlm.html"
    assert next(iter(texts())) == "guide/README.md"
    addresses = [page.address for page in guide(texts())]
    assert "docs/architecture.html" in addresses
    assert len(addresses) == len(set(addresses))


def test_the_guide_holds_no_markup_of_its_own() -> None:
    (page,) = guide({"a.md": "# A\n\n<script>alert(1)</script>\n\n| a | b |\n|---|--:|\n| 1 | 2 |"})
    assert "<script" not in page.text
    assert "style=" not in page.text
    assert '<td class="number">2</td>' in page.text


def test_a_picture_of_the_board_has_a_mark_for_every_claim() -> None:
    verdicts = {"one": [a_verdict("reproduced"), a_verdict("inconclusive", "for")], "<two>": [a_verdict("smaller")]}
    text = picture(verdicts, "small")
    assert text == picture(verdicts, "small")
    drawn = ElementTree.fromstring(text)
    letters = [
        element.text for element in drawn.iter("{http://www.w3.org/2000/svg}text") if element.get("class") == "letter"
    ]
    assert sorted(letters) == sorted("RIS" * 2), "a mark for each claim and one for each entry of the legend"
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "")


@pytest.mark.parametrize(
    ("scores", "said"),
    [
        ([0.5, 0.25, 0.75], "1: 0.25; 0: 0.5; 2: 0.75"),
        ([1.0, 0.0, 1.0, 0.0], "1, 3: 0; 0, 2: 1"),
        ([0.0] * 9, "0, 1, 2, 3, 4, 5 and 3 more: 0"),
        ([float(i) for i in range(9)], "0: 0; 1: 1; 2: 2; 3: 3; 4: 4; 5: 5"),
    ],
)
def test_the_first_items_are_named_and_equal_scores_stand_together(scores: list[float], said: str) -> None:
    assert named_items(np.array(scores), np.argsort(scores, kind="stable")) == said
