"""From prose and published pairs to what entrants see: words, vocabulary, counts, dense vectors."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csr_array

from harness.data.sets import imdb, newsgroups, scws, wic, wikipedia, word_pairs
from harness.data.sets.imdb import Review
from harness.data.sets.newsgroups import Post
from harness.data.sets.wikipedia import Article
from harness.tasks.word_similarity import Corpus, SkipGramOptions, cooccurrences, train_skipgram
from harness.tasks.word_similarity.data import known_pairs
from harness.tasks.word_similarity.problems.context import rated_uses, rows_around
from harness.tasks.word_similarity.problems.text import SPECIAL, Prose, Vocabulary, sentences
from harness.tasks.word_similarity.problems.topics import NewsgroupBags


def corpus_of(lines: Sequence[Sequence[int]], words: int, radius: int = 5) -> Corpus:
    """A corpus of these sentences."""
    ends = np.cumsum([0, *map(len, lines)])
    tokens = np.array([token for line in lines for token in line], np.int32)
    return Corpus(tokens, ends, (*SPECIAL, *(f"w{i}" for i in range(2, words))), radius)


def random_corpus(words: int, lines: int, seed: int = 0) -> Corpus:
    """Sentences of 1 to 20 words, drawn evenly."""
    rng = np.random.default_rng(seed)
    return corpus_of([rng.integers(words, size=rng.integers(1, 21)).tolist() for _ in range(lines)], words)


def read(texts: Sequence[str], size: int, monkeypatch: pytest.MonkeyPatch) -> dict[str, np.ndarray]:
    """The tokenised text of these articles."""
    found = [Article(number, "", text) for number, text in enumerate(texts)]
    monkeypatch.setattr(wikipedia, "articles", lambda: found)
    return Prose(sources=("wikipedia",), contents=("none",), size=size).build()


def test_sentences_end_where_people_end_them() -> None:
    text = 'He met J. R. Hartley on 3 May 1990. "Why?" he asked. It cost 1,200.50 pounds.\nEarly life\nÉmile\'s co-op'
    assert list(sentences(text)) == [
        ["he", "met", "j", "r", "hartley", "on", "3", "may", "1990"],
        ["why", "he", "asked"],
        ["it", "cost", "1,200.50", "pounds"],
        ["early", "life"],
        ["émile", "s", "co", "op"],
    ]


def test_vocabulary_is_the_most_frequent_of_widespread_words(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = ["The cat sat. The cat ran 7 miles."] * 10 + ["zebra " * 50]
    text = read(texts, 6, monkeypatch)
    assert text["vocabulary"].tolist() == ["<unk>", "<num>", "cat", "the", "miles", "ran"]  # no zebra: one article
    assert text["tokens"][:7].tolist() == [3, 2, 0, 3, 2, 5, 1]
    assert text["sentences"][:3].tolist() == [0, 3, 8]
    assert text["documents"].tolist() == [*range(0, 21, 2), 21]
    assert text["sentences"][-1] == len(text["tokens"])


def test_texts_are_mixed_in_the_order_of_their_sources(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wikipedia, "articles", lambda: [Article(0, "", "one two")] * 10)
    monkeypatch.setattr(imdb, "reviews", lambda: [Review("test", 1, 0, 9, "one<br /><br />two two")])
    monkeypatch.setattr(newsgroups, "posts", lambda: [Post("train", "a", 1, "Subject: three", "two one")])
    text = Prose(sources=("wikipedia", "imdb", "newsgroups20"), contents=("", "", ""), size=9).build()
    assert text["vocabulary"].tolist() == ["<unk>", "<num>", "two", "one"]
    assert text["tokens"].tolist() == [3, 2] * 10 + [3, 2, 2] + [2, 3]
    assert np.diff(text["sentences"]).tolist() == [2] * 10 + [1, 2] + [2]
    assert text["documents"].tolist() == [*range(11), 12, 13]


def test_posts_are_bags_of_known_words(monkeypatch: pytest.MonkeyPatch) -> None:
    posts = [
        Post("test", "b", 1, "Subject: cat", "The cat, 7 cats; the griffin"),
        Post("train", "a", 1, "", "griffin"),
        Post("train", "b", 2, "", "Cat cat cat"),
    ]
    monkeypatch.setattr(newsgroups, "posts", lambda: posts)
    bags = NewsgroupBags(content="", vocabulary="", known=Vocabulary((*SPECIAL, "the", "cat"))).build()
    matrix = csr_array((bags["data"], bags["indices"], bags["indptr"]), shape=(3, 4)).toarray()
    assert matrix.tolist() == [[0, 1, 2, 1], [0, 0, 0, 0], [0, 0, 0, 3]]
    assert bags["topic"].tolist() == [1, 0, 1]
    assert bags["test"].tolist() == [True, False, False]


def test_unknown_words_are_left_out_and_counted() -> None:
    vocabulary = Vocabulary((*SPECIAL, "cat", "dog"))
    pairs = known_pairs(
        "set", (["Cat", "cat", "unicorn"], ["dog", "griffin", "cat"], np.array([5.0, 1, 2])), vocabulary
    )
    assert (pairs.first.tolist(), pairs.second.tolist(), pairs.judged.tolist()) == ([2], [3], [5.0])
    assert pairs.expected == 3


def test_place_of_a_word_survives_the_loss_of_punctuation() -> None:
    vocabulary = Vocabulary((*SPECIAL, "cat", "dog", "s"))
    assert rows_around(["(", "The", "dog", "'s", ",", "cat", "."], 5, vocabulary) == ([0, 3, 4, 2], 3)
    assert rows_around(["dog", "--", "1990"], 1, vocabulary) == ([3, 0, 1], 1)


def test_cooccurrences_are_those_of_a_loop() -> None:
    corpus = random_corpus(12, 40)
    weights = [1.0, 0.5, 0.25]
    expected = np.zeros((12, 12))
    for start, stop in zip(corpus.sentences[:-1], corpus.sentences[1:], strict=True):
        line = corpus.tokens[start:stop]
        for i, word in enumerate(line):
            for distance in (1, 2, 3):
                if i + distance < len(line) and word != 0 and line[i + distance] != 0:
                    expected[word, line[i + distance]] += weights[distance - 1]
                    expected[line[i + distance], word] += weights[distance - 1]
    assert np.allclose(cooccurrences(corpus, weights).toarray(), expected)


def test_skipgram_is_the_same_again() -> None:
    corpus = random_corpus(50, 300)
    one, again, other = (train_skipgram(corpus, SkipGramOptions(dim=10), 2, seed) for seed in (1, 1, 2))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)
    assert one.shape == (50, 10)
    assert not one[0].any()
    assert one[1:].any(axis=1).all()


def test_words_that_do_not_occur_have_no_skipgram_vector() -> None:
    corpus = corpus_of([[2, 3, 4, 0, 2, 3]] * 50, 6)
    assert train_skipgram(corpus, SkipGramOptions(dim=5), 1, 0).any(axis=1).tolist() == [
        False,
        False,
        *[True] * 3,
        False,
    ]


def test_published_pairs_are_covered_by_real_text(mirror: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [article.text for article in wikipedia.articles()[:4000]]
    text = read(texts, 5000, monkeypatch)
    vocabulary = Vocabulary(tuple(text["vocabulary"].tolist()))
    assert len(vocabulary) == 5000
    assert 0.1 < np.mean(text["tokens"] == 0) < 0.25
    men = known_pairs("MEN", word_pairs.pairs()["MEN"], vocabulary)
    assert 500 < len(men.judged) < men.expected == 3000
    assert men.judged.min() >= 0


def test_senses_are_words_in_their_sentences(mirror: Path) -> None:
    items = wic.items("dev")
    known = {word: row for row, word in enumerate(sorted({item.word for item in items}), start=2)}
    vocabulary = Vocabulary((*SPECIAL, *known))
    hits = [
        rows[at] == known[item.word]
        for item in items
        for context, place in zip(item.contexts, item.at, strict=True)
        for rows, at in [rows_around(context, place, vocabulary)]
    ]
    assert np.mean(hits) > 0.6  # the others are inflected


def test_rated_uses_are_of_the_words_in_their_contexts(mirror: Path) -> None:
    items = scws.items()
    used = {context[at].lower() for item in items for context, at in zip(item.contexts, item.at, strict=True)}
    everything = rated_uses(Vocabulary((*SPECIAL, *sorted(used))))
    assert len(everything.judged) > 0.99 * everything.expected
    assert everything.expected == 2003
    few = sorted(used)[:500]
    some = rated_uses(Vocabulary((*SPECIAL, *few)))
    both = [all(c[at].lower() in few for c, at in zip(item.contexts, item.at, strict=True)) for item in items]
    assert 20 < len(some.judged) == sum(both)
    assert some.judged.tolist() == [item.score for item, kept in zip(items, both, strict=True) if kept]
    assert some.uses.targets.min() >= len(SPECIAL)
