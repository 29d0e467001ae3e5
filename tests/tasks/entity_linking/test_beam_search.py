"""Beam search within a trie: only names, the scores of exhaustive scoring, and nothing that depends on the batch."""

from collections.abc import Sequence

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.nn.encoder import EncoderOptions
from harness.nn.seq2seq import EncoderDecoder, Seq2SeqOptions
from harness.tasks.entity_linking.models.allowed import AnyText, TrieNames
from harness.tasks.entity_linking.models.beams import Beams, LengthRule, search
from harness.tasks.entity_linking.models.trie import Trie
from harness.tasks.entity_linking.models.writer import ModelWriter
from harness.tasks.entity_linking.problems.tokens import Mark, padded

END, VOCABULARY, LENGTH = int(Mark.END), 16, 7
NAMES = st.lists(st.lists(st.integers(10, 15), min_size=1, max_size=5), min_size=1, max_size=20)


RANDOM = torch.from_numpy(np.random.default_rng(0).normal(size=(4099, VOCABULARY)) * 3).float()


class RandomWriter:
    """The logits of a prefix are random numbers that depend on the text and on nothing but the prefix."""

    def __init__(self, texts: Sequence[int]) -> None:
        self._prefixes: list[tuple[int, ...]] = [(text,) for text in texts]

    def write(self, tokens: np.ndarray, rows: np.ndarray) -> torch.Tensor:
        self._prefixes = [(*self._prefixes[row], token) for token, row in zip(tokens.tolist(), rows, strict=True)]
        return torch.stack([self.logits(prefix) for prefix in self._prefixes])

    @staticmethod
    def logits(prefix: tuple[int, ...]) -> torch.Tensor:
        return RANDOM[hash(prefix) % len(RANDOM)]


class FixedWriter:
    """The probabilities of the next token by prefix; the rest falls on a token that is never allowed."""

    def __init__(self, probabilities: dict[tuple[int, ...], dict[int, float]]) -> None:
        self._probabilities = probabilities
        self._prefixes: list[tuple[int, ...]] = [()]

    def write(self, tokens: np.ndarray, rows: np.ndarray) -> torch.Tensor:
        grown = [(*self._prefixes[row], token) for token, row in zip(tokens.tolist(), rows, strict=True)]
        self._prefixes = [tuple(token for token in prefix if token != Mark.START) for prefix in grown]
        logits = torch.full((len(rows), VOCABULARY), -torch.inf)
        for i, prefix in enumerate(self._prefixes):
            given = self._probabilities[prefix]
            for token, probability in {**given, int(Mark.PLACE): 1 - sum(given.values())}.items():
                logits[i, token] = np.log(max(probability, 1e-30))
        return logits


def trie_of(names: Sequence[Sequence[int]]) -> Trie:
    return Trie.of(padded([[*name, END] for name in names], LENGTH), np.arange(len(names)))


def texts_of(beams: Beams, text: int) -> list[tuple[int, ...]]:
    """The beams of a text, without the padding and the END."""
    return [tuple(token for token in row if token > END) for row in beams.tokens[beams.text == text].tolist()]


def exhaustive(text: int, names: set[tuple[int, ...]], rule: LengthRule) -> list[tuple[float, tuple[int, ...]]]:
    """The score of each name from the probabilities of all its tokens, best first."""
    scores = []
    for name in names:
        prefix, total = (text, int(Mark.START)), 0.0
        for token in (*name, END):
            total += float(torch.log_softmax(RandomWriter.logits(prefix).double(), dim=0)[token])
            prefix = (*prefix, token)
        scores.append((total / (len(name) + 1) if rule == "mean" else total, name))
    return sorted(scores, reverse=True)


@settings(deadline=None, max_examples=60)
@given(NAMES, st.integers(1, 6), st.lists(st.integers(0, 9), min_size=1, max_size=5), st.booleans())
def test_every_beam_is_a_leaf(names: list[list[int]], beam: int, texts: list[int], renormalise: bool) -> None:
    trie = trie_of(names)
    allowed = TrieNames(trie, np.zeros(len(texts), np.int64), renormalise=renormalise)
    beams = search(RandomWriter(texts), allowed, beam=beam, length=LENGTH)
    assert np.isin(beams.state[:, 0], trie.leaves).all()
    assert {tuple(token for token in row if token > END) for row in beams.tokens.tolist()} <= set(map(tuple, names))
    counts = np.bincount(beams.text, minlength=len(texts))
    assert (counts <= beam).all()
    assert (counts >= 1).all()
    for text in range(len(texts)):
        assert (np.diff(beams.score[beams.text == text]) <= 0).all()
        assert len(set(texts_of(beams, text))) == counts[text]


@settings(deadline=None, max_examples=40)
@given(NAMES, st.lists(st.integers(0, 9), min_size=1, max_size=4), st.sampled_from(["mean", "sum"]))
def test_a_beam_as_wide_as_the_trie_scores_all_names(
    names: list[list[int]], texts: list[int], rule: LengthRule
) -> None:
    trie = trie_of(names)
    allowed = TrieNames(trie, np.zeros(len(texts), np.int64))
    beams = search(RandomWriter(texts), allowed, beam=len(trie), length=LENGTH, rule=rule)
    for i, text in enumerate(texts):
        expected = exhaustive(text, {tuple(name) for name in names}, rule)
        np.testing.assert_allclose(beams.score[beams.text == i], [score for score, _ in expected], atol=1e-5)
        assert texts_of(beams, i) == [name for _, name in expected]


@settings(deadline=None, max_examples=30)
@given(NAMES, st.integers(1, 4), st.lists(st.integers(0, 9), min_size=2, max_size=5))
def test_the_batch_changes_nothing(names: list[list[int]], beam: int, texts: list[int]) -> None:
    trie = trie_of(names)
    together = search(RandomWriter(texts), TrieNames(trie, np.zeros(len(texts), np.int64)), beam=beam, length=LENGTH)
    for i, text in enumerate(texts):
        alone = search(RandomWriter([text]), TrieNames(trie, np.zeros(1, np.int64)), beam=beam, length=LENGTH)
        np.testing.assert_allclose(together.score[together.text == i], alone.score, atol=1e-5)
        assert texts_of(together, i) == texts_of(alone, 0)


A, B, C, D, E = range(10, 15)
TOY = {(): {A: 0.2, B: 0.1}, (A,): {C: 0.3, D: 0.2}, (B,): {E: 0.9}, (A, C): {END: 1.0}, (A, D): {END: 1.0}}
TOY[B, E] = {END: 1.0}


@pytest.mark.parametrize(
    ("renormalise", "expected"),
    [(False, {(B, E): 0.09, (A, C): 0.06, (A, D): 0.04}), (True, {(A, C): 0.4, (B, E): 1 / 3, (A, D): 4 / 15})],
)
def test_scores_with_and_without_renormalisation(renormalise: bool, expected: dict[tuple[int, ...], float]) -> None:
    """Names ac, ad, be: without renormalisation their probabilities sum to .19, and be wins; with it to 1, and ac."""
    allowed = TrieNames(trie_of([[A, C], [A, D], [B, E]]), np.zeros(1, np.int64), renormalise=renormalise)
    beams = search(FixedWriter(TOY), allowed, beam=3, length=LENGTH, rule="sum")
    assert texts_of(beams, 0) == list(expected)
    np.testing.assert_allclose(np.exp(beams.score), list(expected.values()), atol=1e-5)
    assert np.exp(beams.score).sum() == pytest.approx(1.0 if renormalise else 0.19, abs=1e-5)


LATE = {(): {A: 1.0}, (A,): {END: 0.3, C: 0.2}, (A, C): {END: 1.0}}


@pytest.mark.parametrize(("early_stopping", "expected"), [(True, (A,)), (False, (A, C))])
def test_a_search_that_stops_early_misses_a_longer_name_with_a_better_mean(
    early_stopping: bool, expected: tuple[int, ...]
) -> None:
    """log(.3) / 2 is less than log(.2) / 3."""
    allowed = TrieNames(trie_of([[A], [A, C]]), np.zeros(1, np.int64))
    beams = search(FixedWriter(LATE), allowed, beam=1, length=LENGTH, early_stopping=early_stopping)
    assert texts_of(beams, 0) == [expected]


@pytest.mark.parametrize(
    ("rule", "ranked", "scores"),
    [("mean", [(B, C), (A,)], [-0.511, -0.693]), ("sum", [(A,), (B, C)], [-1.386, -1.532])],
)
def test_the_length_rule_decides_between_short_and_long(
    rule: LengthRule, ranked: list[tuple[int, ...]], scores: list[float]
) -> None:
    """Two tokens of probability .5, and three whose geometric mean is .6."""
    writer = FixedWriter({(): {A: 0.5, B: 0.48}, (A,): {END: 0.5}, (B,): {C: 0.75}, (B, C): {END: 0.6}})
    allowed = TrieNames(trie_of([[A], [B, C]]), np.zeros(1, np.int64))
    beams = search(writer, allowed, beam=2, length=LENGTH, rule=rule)
    assert texts_of(beams, 0) == ranked
    np.testing.assert_allclose(beams.score, scores, atol=1e-3)


def test_a_name_that_begins_another_can_be_written() -> None:
    trie = trie_of([[A], [A, B]])
    beams = search(RandomWriter([0]), TrieNames(trie, np.zeros(1, np.int64)), beam=2, length=LENGTH)
    assert set(texts_of(beams, 0)) == {(A,), (A, B)}


def test_a_text_without_allowed_names_has_no_beam() -> None:
    trie = Trie.of(padded([[A, END]], LENGTH), np.array([0]), np.array([1]), 3)
    beams = search(RandomWriter([0, 1, 2]), TrieNames(trie, np.arange(3)), beam=4, length=LENGTH)
    assert beams.text.tolist() == [1]
    nothing = Trie.of(np.zeros((0, LENGTH), np.int32), np.zeros(0, np.int64), np.zeros(0, np.int64), 2)
    assert len(search(RandomWriter([0, 1]), TrieNames(nothing, np.arange(2)), beam=4, length=LENGTH).text) == 0


def test_free_search_writes_any_text_but_no_marks() -> None:
    beams = search(RandomWriter(range(20)), AnyText(20), beam=4, length=LENGTH)
    written = beams.tokens[beams.tokens != 0]
    assert set(written[written != END].tolist()) <= set(range(10, VOCABULARY))
    assert (beams.tokens == END).sum() == len(beams.text) > 20


@pytest.mark.parametrize("kind", ["trie", "anything"])
def test_batch_size_and_padding_change_no_score_of_a_model(kind: str) -> None:
    torch.manual_seed(0)
    size = EncoderOptions(VOCABULARY, 12, width=16, layers=2, heads=2)
    model = EncoderDecoder(Seq2SeqOptions(size, LENGTH)).eval()
    rng = np.random.default_rng(0)
    trie = trie_of(rng.integers(10, 16, (40, 4)).tolist())
    source = rng.integers(10, 16, (9, 12)).astype(np.int32)
    source[np.arange(12) >= rng.integers(1, 12, (9, 1))] = 0

    def found(rows: list[int]) -> Beams:
        allowed = AnyText(len(rows)) if kind == "anything" else TrieNames(trie, np.zeros(len(rows), np.int64))
        with torch.inference_mode():
            return search(ModelWriter(model, source[rows], "cpu"), allowed, beam=5, length=LENGTH)

    together, turned = found(list(range(9))), found(list(range(8, -1, -1)))
    for row in range(9):
        alone = found([row])
        for batch, place in ((together, row), (turned, 8 - row)):
            np.testing.assert_allclose(batch.score[batch.text == place], alone.score, atol=1e-5)
            assert texts_of(batch, place) == texts_of(alone, 0)
