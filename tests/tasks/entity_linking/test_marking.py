"""Marked texts: the marks are all that is added to the text, and every state is left as it should be."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.core.errors import BadOutput
from harness.tasks.entity_linking.models.beams import search
from harness.tasks.entity_linking.models.marking import MarkedCopies, Part, marked, mentions_in
from harness.tasks.entity_linking.models.trie import Trie
from harness.tasks.entity_linking.problems.passages import Links, links_of
from harness.tasks.entity_linking.problems.tokens import Mark, padded
from harness.tasks.entity_linking.scores.metrics import check_links, link_f1
from methods.genre.genre import Genre

END, VOCABULARY, LENGTH = int(Mark.END), 16, 60
NAMES = [[10, 11], [10], [12]]
TRIE = Trie.of(padded([[*name, END] for name in NAMES], 5), np.arange(3))
TEXTS = st.lists(st.lists(st.integers(10, 15), max_size=6), min_size=1, max_size=4)
OPENING = (Mark.OPEN_MENTION, Mark.CLOSE_MENTION, Mark.OPEN_ENTITY, Mark.CLOSE_ENTITY)


class Watched(MarkedCopies):
    """Remembers the parts in which texts were."""

    def __init__(self, texts, trie):
        super().__init__(texts, trie)
        self.parts = set()

    def extend(self, state, logits, beam):
        self.parts |= {Part(part) for part in state[:, 1].tolist()}
        return super().extend(state, logits, beam)


class RandomWriter:
    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)

    def write(self, tokens, rows):
        logits = self.rng.normal(size=(len(rows), VOCABULARY)) * 2
        logits[:, Mark.OPEN_MENTION] += 1
        return torch.from_numpy(logits).float()


@settings(deadline=None, max_examples=60)
@given(TEXTS, st.integers(0, 99), st.integers(1, 4))
def test_without_its_marks_and_names_the_copy_is_the_text(texts, seed, beam):
    source = padded(texts, 6)
    beams = search(RandomWriter(seed), MarkedCopies(source, TRIE), beam=beam, length=LENGTH)
    assert set(beams.text.tolist()) == set(range(len(texts)))
    for text, row in zip(beams.text.tolist(), beams.tokens.tolist(), strict=True):
        written = row[: row.index(END) + 1]
        mentions = mentions_in(written)
        assert marked(texts[text], mentions) == written
        assert all(name in NAMES for _, _, name in mentions)
        assert all(0 <= first < stop <= len(texts[text]) for first, stop, _ in mentions)


def test_all_four_parts_are_visited_and_marks_alternate():
    source = padded([[13, 14, 15, 13, 14]] * 20, 6)
    allowed = Watched(source, TRIE)
    beams = search(RandomWriter(0), allowed, beam=3, length=LENGTH)
    assert allowed.parts == set(Part)
    some = False
    for row in beams.tokens.tolist():
        marks = [token for token in row if token in OPENING]
        assert marks == list(OPENING) * (len(marks) // 4)
        some |= bool(marks)
    assert some


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(10, 15), max_size=8), st.lists(st.integers(0, 8), max_size=6))
def test_what_is_marked_can_be_read_again(text, edges):
    edges = sorted({edge for edge in edges if edge <= len(text)})
    mentions = [(first, stop, NAMES[first % 3]) for first, stop in zip(edges[::2], edges[1::2], strict=False)]
    assert mentions_in(marked(text, mentions)) == mentions


@pytest.fixture(scope="module")
def marking(smoke):
    from harness.core.card import read_card
    from harness.registry.headers import HARNESS
    from harness.tasks.entity_linking.task import EntityLinking

    task = EntityLinking(read_card(HARNESS / "tasks" / "entity_linking" / "task.toml"))
    run = smoke("atlas_marking")
    problem = task.problem("atlas_marking", run)
    linker = Genre(beam=3)
    linker.fit(problem.train, run)
    return linker, problem


def test_mentions_that_a_generator_finds_are_spans_of_the_text(marking):
    linker, problem = marking
    links = linker.mark(problem.test.texts)
    check_links(links, problem.test.texts, problem.test.catalogue.entities)


def test_braces_in_a_text_are_read_as_text(marking):
    """A text of braces alone has none of the marks, and one with braces is found again."""
    linker, problem = marking
    for text in ("{}[]", "{ { ] }", "[ x ] { y }", "<pad> {", ""):
        ((tokens, _),) = linker._reader.placed([text])
        assert set(tokens).isdisjoint(Mark)
        assert linker._reader.text(tokens) == text
        links = linker.mark([text])
        check_links(links, [text], problem.test.catalogue.entities)


def test_of_a_text_longer_than_the_model_the_beginning_is_marked(marking):
    linker, problem = marking
    long = " ".join(problem.test.texts)
    links = linker.mark([long])
    check_links(links, [long], problem.test.catalogue.entities)
    ((tokens, places),) = linker._reader.placed([long])
    assert len(tokens) == linker._reader.source_length
    assert (links.stop <= places[-1][1]).all()


def test_the_f1_of_links_needs_span_and_entity():
    gold = links_of([(0, 0, 4, 1), (0, 6, 9, 2), (1, 0, 2, 3), (1, 4, 6, 3)])
    predicted = links_of([(0, 0, 4, 1), (0, 6, 9, 5), (1, 0, 2, 3)])
    scored = link_f1(predicted, gold)
    assert (scored.right, scored.n_pred, scored.n_gold) == (2, 3, 4)
    assert scored.f1 == pytest.approx(4 / 7)
    with pytest.raises(ValueError, match="without gold"):
        link_f1(predicted, links_of([]))


@pytest.mark.parametrize(
    "rows",
    [[(0, 0, 0, 1)], [(0, 3, 99, 1)], [(1, 0, 1, 1)], [(0, 0, 1, 7)], [(0, 0, 3, 1), (0, 2, 4, 1)], [(0, -1, 1, 1)]],
)
def test_links_that_are_none_are_refused(rows):
    with pytest.raises(BadOutput, match="mark returned"):
        check_links(links_of(rows), ["a text"], 3)
    with pytest.raises(BadOutput, match="mark"):
        check_links(Links(*(np.zeros(n, np.int64) for n in (1, 1, 2, 1))), ["a text"], 3)
