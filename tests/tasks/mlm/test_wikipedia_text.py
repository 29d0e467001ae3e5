"""The real texts: sections, splits by article, phrases that are titles; on a tiny stand-in."""

import numpy as np
import pytest

from harness.core.card import read_card
from harness.data.sets import glue, wikipedia, wikitext
from harness.data.sets.glue import Sentence
from harness.data.sets.wikipedia import Article
from harness.registry.headers import HARNESS
from harness.tasks.mlm.problems.wikipedia import WikipediaWords, restore_sections
from harness.tasks.mlm.task import Mlm

TASK = Mlm(read_card(HARNESS / "tasks" / "mlm" / "task.toml"))
FILLER = [f"w{i}" for i in range(100)]
COUNTS = {"valid_articles": 8, "test_articles": 8, "title_least": 5}


@pytest.fixture(autouse=True)
def texts(monkeypatch):
    """60 articles, each of which names the river of which two articles are about, among 100 frequent words."""
    rng = np.random.default_rng(0)
    titles = ["Red Brook (Ohio)", "Red Brook (Iowa)", *(f"Number {i}" for i in range(58))]
    articles = [
        Article(
            i,
            title,
            " ".join([*rng.permutation(FILLER * 3), "near the R&amp;D of Red Brook.", *rng.permutation(FILLER)]),
        )
        for i, title in enumerate(titles)
    ]
    sentences = [Sentence(f"{'good' if i % 3 else 'bad'} w{i} red", int(i % 3 > 0)) for i in range(60)]
    monkeypatch.setattr(wikipedia, "articles", lambda: articles)
    monkeypatch.setattr(glue, "sentences", lambda task, split: sentences[: 40 if split == "train" else 20])
    monkeypatch.setattr(
        wikitext,
        "lines",
        lambda split: ["= Heading =", "A <unk> w1 @-@ w2 1 @,@ 000 near Red Brook " + " ".join(FILLER)],
    )


def test_sections_hold_their_texts_and_no_article_twice():
    stored = WikipediaWords.of(8, 8, 5).build()
    sections = restore_sections(stored)
    numbers = {name: len(words.documents) - 1 for name, words in sections.items()}
    assert numbers == {
        **{"train": 44, "valid": 8, "test": 8, "titles": 59, "wikitext": 2},
        **{"sst2.train": 40, "sst2.dev": 20, "cola.train": 40, "cola.dev": 20},
    }
    vocabulary = sections["train"].vocabulary
    held = [
        " ".join(vocabulary[i] for i in words.of_documents(d, d + 1).ids)
        for words in (sections["train"], sections["valid"], sections["test"])
        for d in range(len(words.documents) - 1)
    ]
    assert len(set(held)) == 60
    assert all("r & d of red brook ." in text for text in held), "entities of HTML are characters"
    assert stored["sst2.dev.labels"].tolist() == [int(i % 3 > 0) for i in range(20)]


def test_marks_of_wikitext_are_taken_away():
    sections = restore_sections(WikipediaWords.of(8, 8, 5).build())
    words = sections["wikitext"]
    text = " ".join(words.vocabulary[i] for i in words.of_documents(1, 2).ids[:9])
    assert text == "a \u25a1 w1 - w2 1 , 000 near"


def test_phrases_are_titles_without_what_is_in_brackets():
    stored = WikipediaWords.of(8, 8, 5).build()
    words = restore_sections(stored)["test"]
    spans = stored["test.phrases"]
    assert spans.sum() == 2 * 8
    named = {tuple(words.vocabulary[i] for i in words.ids[at : at + 2]) for at in np.flatnonzero(spans)}
    assert named == {("red", "brook")}


def test_the_problem_masks_these_phrases_and_has_both_probes(smoke):
    settings = {**COUNTS, "probe_sentences": 30, "probe_length": 18, "least": 5, "vocabulary": 150}
    problem = TASK.problem("wikipedia", smoke(**settings))
    names = np.array(problem.train.pieces.names)
    phrases = problem.test.masks["phrase"]
    spelled = {
        "".join(names[row[at]]).replace("##", "") for row, at in zip(phrases.tokens, phrases.masked, strict=True)
    }
    assert spelled == {"redbrook"}
    assert problem.test.masks.keys() == {"token", "word", "span", "phrase", "pmi"}
    assert problem.test.elsewhere.keys() == {"token", "word", "span", "pmi"}
    assert {name: len(probe.train.labels) for name, probe in problem.test.probes.items()} == {"sst2": 30, "cola": 30}
    assert all(len(probe.test.tokens) == len(probe.test.labels) == 20 for probe in problem.test.probes.values())
    assert problem.chance["sst2_accuracy"] == pytest.approx(13 / 20)
    assert TASK.problem("wikipedia", smoke(**{**settings, "probe_sentences": 0})).test.probes == {}
