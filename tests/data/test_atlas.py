"""Atlas keeps its word: the planted truth is there, can be recovered, and is neither trivial nor out of reach."""

import re
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import spearmanr

from harness.core.errors import UserError
from harness.data.atlas import Atlas, AtlasOptions

SMALL = AtlasOptions(words=200, entities=30, distractors=20, length=5_000, phrases=12, pairs=8)


@pytest.fixture(scope="module", params=[0, 1], ids="seed{}".format)
def atlas(request: pytest.FixtureRequest) -> Atlas:
    return Atlas(AtlasOptions(), np.random.default_rng(request.param))


def test_equal_generator_states_give_equal_bytes():
    first, second = (Atlas(SMALL, np.random.default_rng(5)) for _ in range(2))
    assert first.digest() == second.digest()


def test_views_do_not_depend_on_earlier_calls():
    asked, fresh = (Atlas(SMALL, np.random.default_rng(5)) for _ in range(2))
    asked.questions(10), asked.linking(unseen=0.5), asked.pairs(7), asked.bags()
    assert asked.digest() == fresh.digest()


def test_seeds_differ_in_world_but_share_the_language():
    first, second = (Atlas(SMALL, np.random.default_rng(seed)) for seed in (0, 1))
    assert first.digest() != second.digest()
    assert not np.array_equal(first.world.mixtures, second.world.mixtures)
    assert np.array_equal(first.lexicon.words, second.lexicon.words)
    assert np.array_equal(first.lexicon.spelling, second.lexicon.spelling)


@pytest.mark.parametrize("field", ["phrase", "entity", "topic"])
def test_digest_sees_a_change_in_the_truth(field):
    atlas = Atlas(SMALL, np.random.default_rng(5))
    before = atlas.digest()
    getattr(atlas.prose, field)[-1] += 1
    assert atlas.digest() != before


@pytest.mark.parametrize(
    "options",
    [
        SMALL,
        AtlasOptions(topics=16, words=1_500, entities=30, distractors=1_500),
        AtlasOptions(entities=3, distractors=0, topics=50, phrases=1, pairs=1, length=1),
        AtlasOptions(words=2_500, entities=2_001, distractors=0),
    ],
)
def test_other_sizes_are_whole_worlds_too(options):
    with np.errstate(all="raise"):
        atlas = Atlas(options, np.random.default_rng(0))
    assert len(atlas.corpus().vocabulary) == options.words + options.entities // 3
    assert len(atlas.prose.subject) == options.entities + options.distractors
    assert len(np.unique(atlas.lexicon.words)) == len(atlas.lexicon.words)
    assert len(atlas.digest()) == 64


@pytest.mark.parametrize(
    ("sizes", "named"),
    [
        ({"words": 200}, "words = 200"),
        ({"syllables": 80}, "syllables = 80"),
        ({"topics": 2}, "topics = 2"),
        ({"entities": 100}, "entities = 100"),
        ({"distractors": -1}, "distractors = -1"),
        ({"concentration": 0.0}, "concentration = 0"),
    ],
)
def test_impossible_sizes_are_refused_by_name(sizes, named):
    with pytest.raises(UserError, match=named):
        AtlasOptions(**sizes)


def test_spelling_is_an_exact_tokenizer(atlas):
    lexicon = atlas.lexicon
    tokens = atlas.prose.tokens[:500]
    pieces, word = lexicon.spell(tokens)
    parsed = [re.findall("[^aeiou]+[aeiou]", text) for text in lexicon.words[tokens]]
    assert lexicon.syllables[pieces].tolist() == [piece for word_pieces in parsed for piece in word_pieces]
    assert word.tolist() == [index for index, word_pieces in enumerate(parsed) for _ in word_pieces]
    assert np.bincount((lexicon.spelling >= 0).sum(axis=1)).nonzero()[0].tolist() == [1, 2, 3]
    assert 1.5 < len(pieces) / len(tokens) < 2.2


def test_render_gives_one_string_a_span(atlas):
    corpus = atlas.corpus()
    texts = atlas.lexicon.render(corpus.tokens, corpus.articles)
    assert len(texts) == len(corpus.articles) - 1
    assert " ".join(texts).split() == corpus.vocabulary[corpus.tokens].tolist()
    assert len(texts[3].split()) == corpus.articles[4] - corpus.articles[3]


def test_articles_are_whole_sentences(atlas):
    prose = atlas.prose
    for offsets in (prose.sentences, prose.articles):
        assert offsets[0] == 0
        assert offsets[-1] == len(prose.tokens)
        assert (np.diff(offsets) > 0).all()
    assert np.isin(prose.articles, prose.sentences).all()
    assert np.array_equal(prose.document, np.repeat(np.arange(len(prose.subject)), np.diff(prose.articles)))
    assert np.array_equal(np.sort(prose.subject[prose.subject >= 0]), np.arange(150))
    assert abs(len(prose.tokens) / atlas.options.length - 1) < 0.05


def test_phrase_array_marks_whole_phrases_and_nothing_else(atlas):
    prose, world = atlas.prose, atlas.world
    edges = np.flatnonzero(np.diff(prose.phrase, prepend=-2, append=-2))
    runs = [(start, stop, prose.phrase[start]) for start, stop in pairwise(edges) if prose.phrase[start] >= 0]
    assert {phrase for *_, phrase in runs} == set(range(len(world.phrases)))
    for start, stop, phrase in runs:
        gold = world.phrases[phrase]
        assert prose.tokens[start:stop].tolist() == gold[gold >= 0].tolist()
    sentence = np.searchsorted(prose.sentences, edges[:-1], side="right")
    last = np.searchsorted(prose.sentences, edges[1:] - 1, side="right")
    assert np.array_equal(*(which[prose.phrase[edges[:-1]] >= 0] for which in (sentence, last)))


def test_sticky_pairs_are_mostly_followed_by_their_frequent_word(atlas):
    tokens, phrase, planted = atlas.prose.tokens, atlas.prose.phrase, atlas.options.phrases
    for row, (first, second, follower) in enumerate(atlas.world.junk, start=planted):
        at = np.flatnonzero(tokens[:-2] == first)
        assert (tokens[at + 1] == second).all()
        assert (phrase[at] == row).all()
        assert (phrase[at + 2] != row).all()
        assert 0.4 < (tokens[at + 2] == follower).mean() < 0.85


def _ngram_logs(atlas: Atlas, length: int) -> dict[tuple[int, ...], tuple[float, int]]:
    """Log probability and count of every n-gram within sentences."""
    prose = atlas.prose
    sentence = np.repeat(np.arange(len(prose.sentences) - 1), np.diff(prose.sentences))
    rows = np.lib.stride_tricks.sliding_window_view(prose.tokens, length)
    rows = rows[sentence[: len(rows)] == sentence[length - 1 :]]
    found, counts = np.unique(rows, axis=0, return_counts=True)
    logs = np.log(counts / counts.sum())
    return {tuple(g): (p, c) for g, p, c in zip(found.tolist(), logs.tolist(), counts.tolist(), strict=True)}


def _segmentations(gram: tuple[int, ...]) -> list[list[tuple[int, ...]]]:
    """Every way to cut an n-gram into contiguous parts, itself uncut first and single words last."""
    if len(gram) == 1:
        return [[gram]]
    rest = _segmentations(gram[1:])
    return [[gram[:1] + parts[0], *parts[1:]] for parts in rest] + [[gram[:1], *parts] for parts in rest]


def _pmi(logs: dict[tuple[int, ...], tuple[float, int]], gram: tuple[int, ...]) -> tuple[float, float]:
    """PMI over any length (the worst proper segmentation) and naive PMI (the segmentation into words)."""
    values = [logs[gram][0] - sum(logs[part][0] for part in parts) for parts in _segmentations(gram)[1:]]
    return min(values), values[-1]


@pytest.fixture(scope="module")
def scores(atlas) -> dict[tuple[int, ...], tuple[float, float]]:
    """Both PMIs of every n-gram of 2 to 4 words that occurs more than ten times."""
    logs = {gram: value for length in range(1, 5) for gram, value in _ngram_logs(atlas, length).items()}
    return {gram: _pmi(logs, gram) for gram, (_, count) in logs.items() if len(gram) > 1 and count > 10}


def _gold(atlas: Atlas) -> list[tuple[int, ...]]:
    return [tuple(row[row >= 0].tolist()) for row in atlas.world.phrases]


def test_pmi_over_any_length_recovers_the_planted_phrases(atlas, scores):
    gold = _gold(atlas)
    parts = {g[i:j] for g in gold for i in range(len(g)) for j in range(i + 2, len(g) + 1) if j - i < len(g)}
    for length in (2, 3, 4):
        planted = {gram for gram in gold if len(gram) == length}
        ranked = sorted((g for g in scores if len(g) == length and g not in parts), key=lambda g: -scores[g][0])
        assert len(planted & set(ranked[: len(planted)])) >= 0.9 * len(planted)


def test_only_pmi_over_any_length_ranks_planted_junk_below_phrases(atlas, scores):
    junk = np.array([scores[tuple(row)] for row in atlas.world.junk.tolist()])
    phrases = np.array([scores[gram] for gram in _gold(atlas) if len(gram) == 3])
    above = (phrases[:, None] > junk[None]).mean(axis=(0, 1))
    assert above[0] == 1.0
    assert above[1] < 0.2


def _ppmi_svd(atlas: Atlas, window: int = 5, dim: int = 32) -> NDArray[np.float64]:
    """Positive pointwise mutual information within sentences, reduced by SVD."""
    tokens, sentences, _, vocabulary = atlas.corpus()
    sentence, size = np.repeat(np.arange(len(sentences) - 1), np.diff(sentences)), len(vocabulary)
    counts = np.zeros((size, size))
    for gap in range(1, window + 1):
        near = sentence[gap:] == sentence[:-gap]
        np.add.at(counts, (tokens[:-gap][near], tokens[gap:][near]), 1)
    counts += counts.T
    expected = np.outer(counts.sum(axis=1), counts.sum(axis=0)) / counts.sum()
    with np.errstate(divide="ignore", invalid="ignore"):
        ppmi = np.nan_to_num(np.maximum(np.log(counts / expected), 0.0))
    u, s, _ = np.linalg.svd(ppmi)
    return u[:, :dim] * np.sqrt(s[:dim])


def _spearman(atlas: Atlas, vectors: NDArray[np.float64]) -> float:
    words, similarity = atlas.pairs()
    first, second = vectors[words.T]
    cosine = (first * second).sum(axis=1) / np.linalg.norm(first, axis=1) / np.linalg.norm(second, axis=1)
    return float(spearmanr(cosine, similarity).statistic)


def test_pairs_are_the_cosines_of_topics_and_spread_evenly(atlas):
    words, similarity = atlas.pairs()
    assert (words[:, 0] < words[:, 1]).all()
    assert len(np.unique(words, axis=0)) == len(words) == 500
    mixtures = atlas.world.mixtures[words]
    cosine = np.einsum("nt,nt->n", *mixtures.swapaxes(0, 1)) / np.prod(np.linalg.norm(mixtures, axis=2), axis=1)
    np.testing.assert_allclose(similarity, cosine, atol=1e-6)
    assert np.histogram(similarity, 5, (0, 1))[0].min() >= 0.15 * len(similarity)


def test_pairs_can_be_learned_from_the_text_but_not_perfectly(atlas):
    assert 0.4 < _spearman(atlas, _ppmi_svd(atlas)) < 0.75
    assert abs(_spearman(atlas, np.random.default_rng(0).normal(size=(450, 32)))) < 0.2


def _topic_scores(atlas: Atlas, words: NDArray[np.int64]) -> NDArray[np.float64]:
    """Log likelihood of each row of words (-1 is none) under each topic, words without a topic left out: F64[n T]."""
    log = np.log(np.maximum(atlas.world.emission, 1e-5)) * atlas.world.mixtures.any(axis=1)
    return np.where(words[..., None] >= 0, log.T[words], 0.0).sum(axis=1)


def _by_topic(atlas: Atlas, bearers: NDArray[np.int64], words: NDArray[np.int64]) -> NDArray[np.int64]:
    """The oracle that knows the topic rule: the bearer of the surname whose topic explains the words best."""
    scores = np.take_along_axis(_topic_scores(atlas, words), atlas.world.topic[bearers], axis=1)
    return bearers[np.arange(len(bearers)), scores.argmax(axis=1)]


def test_surnames_are_shared_by_three_topics_with_the_same_relations(atlas):
    world = atlas.world
    assert (np.bincount(world.surname)[atlas.options.words :] == 3).all()
    assert all(len(set(topics)) == 3 for topics in world.topic.reshape(-1, 3).tolist())
    relations = world.relation.reshape(-1, 3, 3)
    assert (relations == relations[:, :1]).all()
    assert len(np.unique(atlas.linking().names, axis=0)) == len(world.surname)


def test_unseen_entities_have_no_training_mention(atlas):
    view = atlas.linking(unseen=0.15)
    assert view.unseen.mean() == pytest.approx(0.15, abs=0.005)
    hidden = view.unseen[view.entity]
    assert not hidden[view.split == "train"].any()
    assert hidden[view.split == "test"].any()
    assert hidden[view.split == "valid"].any()


def test_mentions_are_split_by_article_and_none_is_lost(atlas):
    prose, view = atlas.prose, atlas.linking(unseen=0.0)
    (at,) = np.nonzero(prose.entity >= 0)
    assert np.array_equal(view.entity, prose.entity[at])
    places = set(zip(prose.document[at].tolist(), view.split.tolist(), strict=True))
    assert len(places) == len({article for article, _ in places})
    assert {split for _, split in places} == {"train", "valid", "test"}


def test_context_is_the_text_around_the_surname_within_its_article(atlas):
    prose, view = atlas.prose, atlas.linking(unseen=0.0, radius=8)
    (at,) = np.nonzero(prose.entity >= 0)
    assert np.array_equal(view.context[:, 8], atlas.world.surname[view.entity])
    rows = [*range(20), *range(len(at) - 20, len(at))]
    for row in rows:
        start, stop = prose.articles[prose.document[at[row]]], prose.articles[prose.document[at[row]] + 1]
        places = range(at[row] - 8, at[row] + 9)
        assert view.context[row].tolist() == [prose.tokens[i] if start <= i < stop else -1 for i in places]


def test_topic_rule_links_far_better_than_the_alias_prior(atlas):
    view = atlas.linking()
    train, test, unseen = view.split == "train", view.split == "test", view.unseen[view.entity]
    bearers = (view.entity - view.entity % 3)[:, None] + np.arange(3)
    counts = np.bincount(view.entity[train], minlength=len(view.unseen))
    prior = bearers[np.arange(len(bearers)), counts[bearers].argmax(axis=1)] == view.entity
    oracle = _by_topic(atlas, bearers, view.context) == view.entity
    assert 0.4 < prior[test].mean() < 0.7
    assert 0.8 < oracle[test].mean() < 0.95
    assert oracle[test & unseen].mean() > 0.7
    assert prior[test & unseen].mean() == 0


def _stating(atlas: Atlas, surname: int, verb: int) -> set[int]:
    """The articles in which a surname is followed by a verb."""
    tokens = atlas.prose.tokens
    return set(atlas.prose.document[:-1][(tokens[:-1] == surname) & (tokens[1:] == verb)].tolist())


def test_one_article_answers_and_the_other_bearers_are_near_duplicates(atlas):
    view, world, prose = atlas.questions(300), atlas.world, atlas.prose
    verb_in_article = dict(world.verb[:, ::-1].tolist())
    for words, article, near in zip(view.words.tolist(), view.article.tolist(), view.near.tolist(), strict=True):
        surname, verb = words[1], verb_in_article[words[2]]
        assert _stating(atlas, surname, verb) == {article, *near}
        entity = prose.subject[article]
        assert world.surname[entity] == surname
        (fact,) = np.flatnonzero(world.verb[world.relation[entity], 1] == words[2])
        text = prose.tokens[prose.articles[article] : prose.articles[article + 1]]
        at = np.flatnonzero((text[:-2] == surname) & (text[1:-1] == verb))
        assert text[at + 2].tolist() == [world.value[entity, fact]]


def test_questions_use_no_verb_of_an_article_and_keep_a_fact_in_one_split(atlas):
    view = atlas.questions()
    assert not np.isin(atlas.world.verb[:, 1], atlas.prose.tokens).any()
    facts = set(zip(view.article.tolist(), view.words[:, 2].tolist(), view.split.tolist(), strict=True))
    assert len(facts) == len({fact[:2] for fact in facts}) == 450
    assert np.mean(view.split == "train") == pytest.approx(0.7, abs=0.03)


def test_questions_are_within_reach_but_not_of_word_overlap(atlas):
    bm25s = pytest.importorskip("bm25s", reason="needs the extra 'text'")
    view, corpus = atlas.questions(), atlas.corpus()
    documents = atlas.lexicon.render(corpus.tokens, corpus.articles)
    queries = atlas.lexicon.render(view.words.ravel(), np.arange(len(view.words) + 1) * view.words.shape[1])
    index = bm25s.BM25()
    index.index(bm25s.tokenize(documents, stopwords=None, show_progress=False), show_progress=False)
    found, _ = index.retrieve(bm25s.tokenize(queries, stopwords=None, show_progress=False), k=10, show_progress=False)
    reciprocal_rank = ((found == view.article[:, None]) / np.arange(1, 11)).sum(axis=1).mean()
    assert 0.3 < reciprocal_rank < 0.6
    candidates = np.column_stack((view.article, view.near))
    bearers = atlas.prose.subject[candidates]
    assert (_by_topic(atlas, bearers, view.words) == bearers[:, 0]).mean() > 0.85


def test_bags_count_the_article_and_are_labelled_by_its_topic(atlas):
    counts, topic = atlas.bags()
    prose = atlas.prose
    assert np.array_equal(counts.sum(axis=1), np.diff(prose.articles))
    words = prose.tokens[prose.articles[7] : prose.articles[8]]
    assert np.array_equal(counts[7], np.bincount(words, minlength=counts.shape[1]))
    about = prose.subject >= 0
    assert np.array_equal(topic[about], atlas.world.topic[prose.subject[about]])
    log = np.log(np.maximum(atlas.world.emission, 1e-5)) * atlas.world.mixtures.any(axis=1)
    assert ((counts @ log.T).argmax(axis=1) == topic).mean() > 0.95
