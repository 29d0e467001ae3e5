"""Figures of texts: what several runs kept is shown side by side, question by question, and never mixed."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.core.errors import UserError
from harness.figures.build import Skipped
from harness.figures.texts import TextFigure
from harness.records.committed import file_problems
from harness.records.record import Record
from harness.records.store import Store
from harness.site.downloads import downloads
from harness.site.drawn import Drawn
from harness.site.material import Chapter, Material
from harness.site.rendering import Pages
from harness.site.tasks import task
from toys import make_card

Make = Callable[..., Record]
Figures = Callable[..., TextFigure]

ASKED = "what is [[this]]\n  is a | cat\n    {}\n    -2.0 x dog\n    -3.0 x cow\n\nand that\n  is a dog\n    {}\n"


@pytest.fixture
def texts(outcome: Callable[..., Any], tmp_path: Path) -> Figures:
    """Builds a figure of records, of which each keeps its text (None: nothing)."""

    def build(*given: tuple[Record, str | bytes | None], **entries: Any) -> TextFigure:
        store = Store(tmp_path / "results")
        for record, text in given:
            data = text.encode() if isinstance(text, str) else text
            store.write(record, kept={} if data is None else {"answers.txt": data})
        made = outcome(store.all(), **{"kind": "texts", "file": "answers.txt", "head": 2, **entries})
        assert isinstance(made, TextFigure), made
        return made

    return build


def test_every_question_is_a_table_with_a_row_for_each_entrant(record: Make, texts: Figures) -> None:
    figure = texts(
        (record("gru", 0), ASKED.format("-1.0 = cat", "-0.5 = dog")),
        (record("rim", 0, kind="method"), ASKED.format("-0.1 x rat", "-0.2 x cow")),
        answers=2,
    )
    first, second = figure.tables
    assert first.title == "what is [[this]], is a | cat"
    assert [[cell.text for cell in row] for row in first.rows] == [
        ["rim", "-0.1 x rat", "-2.0 x dog"],
        ["gru", "-1.0 = cat", "-2.0 x dog"],
    ]
    assert [[cell.text for cell in row] for row in second.rows] == [["rim", "-0.2 x cow"], ["gru", "-0.5 = dog"]]


def test_only_the_first_paragraphs_and_the_first_seed_are_shown(record: Make, texts: Figures) -> None:
    kept = [(record("rim", seed, kind="method"), ASKED.format(f"-1.0 = {seed}", "-0.5 = dog")) for seed in (0, 1)]
    (question,) = texts(*kept, paragraphs=1).questions
    assert question.answers["rim"][0] == "-1.0 = 0"


def test_who_kept_nothing_is_named(record: Make, texts: Figures) -> None:
    figure = texts((record("rim", 0, kind="method"), ASKED), (record("gru", 0), None))
    assert "kept no answers.txt: gru" in figure.notes


def test_where_nothing_was_kept_the_figure_is_skipped(record: Make, outcome: Callable[..., Any]) -> None:
    made = outcome([record("rim", 0)], kind="texts", file="answers.txt")
    assert isinstance(made, Skipped)
    assert "no record keeps answers.txt" in made.why


def test_entrants_that_were_asked_different_things_are_refused(record: Make, texts: Figures) -> None:
    with pytest.raises(UserError, match=r"were not asked the same in answers\.txt"):
        texts((record("rim", 0, kind="method"), ASKED), (record("gru", 0), ASKED.replace("that", "those")))


def test_a_file_that_is_no_text_is_one_clear_line(record: Make, texts: Figures) -> None:
    with pytest.raises(UserError, match=r"answers\.txt of .* is no text in UTF-8"):
        texts((record("rim", 0, kind="method"), b"\xff\xfe"))


def test_a_file_of_other_texts_is_stale(record: Make, texts: Figures, tmp_path: Path) -> None:
    path = tmp_path / "toy-small-figure.md"
    written = texts((record("rim", 0, kind="method"), ASKED))
    path.write_text(written.to_markdown())
    assert not list(file_problems(path, written.to_markdown(), "", written.made.digest))
    changed = texts((record("rim", 0, kind="method"), ASKED.replace("cow", "ox")))
    (problem,) = file_problems(path, changed.to_markdown(), "", changed.made.digest)
    assert "is stale" in problem


def test_text_is_never_taken_for_markup(record: Make, texts: Figures) -> None:
    figure = texts((record("rim", 0, kind="method"), ASKED.replace("cat", "<b>cat</b> | *cat*")))
    assert r"\<b>cat\</b> \| \*cat\*" in figure.to_markdown().splitlines()[4]
    chapter = Chapter(
        card=make_card(), tier="small", tables=(), further=(), figures=(), texts=(figure,), absent=(), coverage={}
    )
    nothing: dict[str, Any] = {"headers": {}, "papers": {}, "scored": {}, "records": lambda: iter(()), "items": None}
    material = Material(cards={}, chapters=[chapter], verdicts={"small": {}}, **nothing)
    page = Pages([]).page("task.html", "toy-small.html", **task(material, chapter, Drawn())).decode()
    assert "<b>" not in page
    assert "&lt;b&gt;cat" in page
    (file,) = (content for address, content in downloads(chapter) if address.endswith(".md"))
    assert file.decode() == figure.to_markdown()
