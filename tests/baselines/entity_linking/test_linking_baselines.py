"""The baselines of entity linking: rankings by hand, and what the bi-encoder and the classifier learn from."""

import numpy as np
import pytest
import torch

from baselines.entity_linking.alias_prior import AliasPrior
from baselines.entity_linking.bi_encoder import Batch, BiEncoder
from baselines.entity_linking.classifier import Classifier
from baselines.entity_linking.exact_name import ExactName
from baselines.entity_linking.name_search import Bm25Names, CharNgrams
from harness.core.seeds import Streams
from harness.core.spec import Budget
from harness.run import Run
from harness.tasks.entity_linking import NIL, Candidates, Catalogue, Mentions, TrainingSet
from linking import TASK, fitted, smoke_runs

CATALOGUE = Catalogue.of(["gout", "influenza", "lung cancer", "cancer"], [(1, "flu"), (3, "gout")])
TEXT = "flu and gout and flu and tumours of gout"


def mentions(*spans, text=TEXT):
    table = np.array(spans, np.int64).reshape(len(spans), 2)
    return Mentions([text], np.zeros(len(spans), np.int64), table[:, 0], table[:, 1])


def in_text(text, *words):
    return mentions(*((text.index(word), text.index(word) + len(word)) for word in words), text=text)


TRAIN = TrainingSet(CATALOGUE, mentions((0, 3), (8, 12), (17, 20), (25, 32)), np.array([1, 3, 1, 3]))
"""flu, gout, flu and tumours are linked; the last gout is not."""


@pytest.fixture(scope="module")
def smoke(tmp_path_factory):
    return smoke_runs(tmp_path_factory.mktemp("artefacts"))


def test_the_alias_prior_backs_off_to_names_and_then_to_frequent_entities(smoke):
    linker = fitted(AliasPrior(), TRAIN, smoke())
    asked = in_text("Flu, gout, influenza, lung cancer, wasp", "Flu", "gout", "influenza", "lung cancer", "wasp")
    ranked = linker.link(asked, 3)
    assert ranked.tolist() == [[1, 3, NIL], [3, 0, 1], [1, 3, NIL], [2, 1, 3], [1, 3, NIL]]


def test_the_alias_prior_marks_strings_that_are_mostly_mentions(smoke):
    linker = fitted(AliasPrior(), TRAIN, smoke())
    links = linker.mark(["The flu, gout", "", "tumours (Flu)"])
    assert sorted(links.rows()) == [(0, 4, 7, 1), (0, 9, 13, 3), (2, 0, 7, 3), (2, 9, 12, 1)]
    seldom = TrainingSet(CATALOGUE, mentions((0, 3), (4, 8), text="flu " + "gout " * 3), np.array([1, 0]))
    assert fitted(AliasPrior(), seldom, smoke()).mark(["gout flu"]).rows() == {(0, 5, 8, 1)}


def test_the_alias_prior_marks_names_that_are_not_in_the_training_texts_and_the_longest_of_them(smoke):
    linker = fitted(AliasPrior(), TRAIN, smoke())
    links = linker.mark(["influenza or lung cancer, not cancers"])
    assert sorted(links.rows()) == [(0, 0, 9, 1), (0, 13, 24, 2)]


def test_an_exact_name_is_found_whatever_its_case_and_nothing_else(smoke):
    linker = fitted(ExactName(), TRAIN, smoke())
    assert linker.link(in_text("GOUT flues", "GOUT", "flues"), 2).tolist() == [[0, 3], [NIL, NIL]]


def test_bm25_ranks_entities_by_their_best_names(smoke):
    linker = fitted(Bm25Names(), TRAIN, smoke())
    ranked = linker.link(in_text("Cancer, lung cancer, wasp", "Cancer", "lung cancer", "wasp"), 4)
    assert ranked[0].tolist() == [3, 2, NIL, NIL]
    assert ranked[1].tolist() == [2, 3, NIL, NIL]
    assert ranked[2].tolist() == [NIL] * 4


def test_bm25_scores_as_its_formula_says():
    """ln(1 + (N - n + .5) / (n + .5)) * tf / (tf + k1 (1 - b + b l / mean l)), by Lucene."""
    import bm25s

    linker = Bm25Names()
    run = Run(settings={}, budget=Budget("examples", 0), streams=Streams("entity_linking", 0))
    linker.fit(TrainingSet(Catalogue.of(["a b", "b", "c d e"]), mentions(), np.zeros(0, np.int64)), run)
    assert isinstance(linker.index, bm25s.BM25)
    idf = np.log(1 + (3 - 2 + 0.5) / (2 + 0.5))
    expected = [idf / (1 + 0.9 * (0.6 + 0.4 * length / 2)) for length in (2, 1)]
    np.testing.assert_allclose(linker.index.get_scores(["b"])[:2], expected, rtol=1e-5)


def test_similar_characters_find_similar_names(smoke):
    linker = fitted(CharNgrams(), TRAIN, smoke())
    ranked = linker.link(in_text("cancers, zzz", "cancers", "zzz"), 4)
    assert ranked.tolist() == [[3, 2, NIL, NIL], [NIL] * 4]


@pytest.fixture(scope="module")
def problem(smoke):
    return TASK.problem("atlas", smoke())


@pytest.mark.parametrize("linker", [BiEncoder(), Classifier()])
def test_candidates_are_kept_to(smoke, problem, linker):
    fitted(linker, problem.train, smoke())
    asked = problem.test.mentions.take(np.arange(5))
    sets = Candidates(np.array([0, 2, 2, 3, 4, 5]), np.array([7, 3, 9, 1, 0]))
    ranked = linker.link(asked.with_candidates(sets), 3)
    assert set(ranked[0].tolist()) == {7, 3, NIL}
    assert ranked[1:].tolist() == [[NIL] * 3, [9, NIL, NIL], [1, NIL, NIL], [0, NIL, NIL]]


def test_the_best_name_of_an_entity_counts(smoke, problem):
    linker = fitted(BiEncoder(allowed="catalogue"), TRAIN, smoke(examples=64))
    queries = linker.mention_tower.vectors(linker.reader.contexts(TRAIN.mentions), "cpu")
    scores = (queries @ linker.vectors.T).numpy()
    best = np.stack([scores[:, CATALOGUE.owners == entity].max(axis=1) for entity in range(4)], axis=1)
    assert linker.link(TRAIN.mentions, 4).tolist() == np.argsort(-best, axis=1).tolist()


def test_hard_negatives_are_the_nearest_names_of_others(smoke, problem):
    linker = fitted(BiEncoder(hard=5), problem.train, smoke())
    nearest = linker.nearest_others()
    owners = problem.train.catalogue.owners[nearest]
    assert (owners != problem.train.entities[:, None]).all()
    queries = linker.mention_tower.vectors(linker.mention_tokens, "cpu")
    scores = (queries @ linker.vectors.T).numpy()
    scores[problem.train.entities[:, None] == problem.train.catalogue.owners] = -np.inf
    assert np.allclose(np.sort(scores, axis=1)[:, :-6:-1], np.take_along_axis(scores, nearest, axis=1), atol=1e-4)


def test_only_the_last_steps_have_hard_negatives_and_names_alone_have_none(smoke, problem):
    linker = fitted(BiEncoder(batch=32, name_share=0.25, hard_share=0.2), problem.train, smoke())
    batches = linker.batches(10, np.random.default_rng(0))
    drawn = [next(batches) for _ in range(10)]
    assert [(batch.hard >= 0).any() for batch in drawn] == [False] * 8 + [True] * 2
    for batch in drawn:
        assert (batch.read < len(linker.mention_tokens)).sum() == 24
        assert (batch.hard[24:] == -1).all()
        assert (linker.names.owners[batch.right] == linker.read_entities[batch.read]).all()


def test_the_loss_is_the_softmax_over_the_batch_and_own_hard_negatives(smoke):
    linker = fitted(BiEncoder(batch=4), TRAIN, smoke(examples=16))
    # The first and the third mention are of one entity: neither's name is a negative of the other.
    batch = Batch(np.array([0, 1, 2]), np.array([1, 3, 4]), np.array([[0], [-1], [2]]))
    with torch.no_grad():
        queries = linker.mention_tower(linker.on_device(linker.mention_tokens[[0, 1, 2]]))
        names = linker.name_tower(linker.on_device(linker.name_tokens))
        scores = queries @ names.T
        expected = [
            torch.log_softmax(scores[0, [1, 3, 0]], dim=0)[0],
            torch.log_softmax(scores[1, [3, 1, 4]], dim=0)[0],
            torch.log_softmax(scores[2, [4, 3, 2]], dim=0)[0],
        ]
        assert float(linker.loss(batch)) == pytest.approx(-float(sum(expected)) / 3, abs=1e-5)


@pytest.mark.parametrize("index", ["all", "preferred"])
def test_the_stated_bytes_are_those_of_the_vectors(smoke, index):
    linker = fitted(BiEncoder(index=index), TRAIN, smoke(examples=64))
    owners = 4 * len(CATALOGUE.names) if index == "all" else 0
    assert linker.index_bytes(CATALOGUE, smoke()) == linker.vectors.nbytes + owners


def test_two_towers_have_twice_the_weights(smoke, problem):
    one, two = (fitted(BiEncoder(towers=towers), problem.train, smoke(examples=64)) for towers in ("one", "two"))
    count = [sum(weight.numel() for weight in tower.parameters()) for tower in (one.mention_tower, two.name_tower)]
    assert count[0] == count[1]
    assert one.mention_tower is one.name_tower
    assert two.mention_tower is not two.name_tower


@pytest.mark.parametrize("linker", [BiEncoder(), Classifier(lr=1e-2)])
def test_trained_baselines_learn(smoke, linker):
    run = smoke(examples=4800, width=64)
    problem = TASK.problem("atlas", run)
    fitted(linker, problem.train, run)
    seen = problem.test.parts["seen"]
    accuracy = (linker.link(problem.test.mentions, 1)[:, 0] == problem.test.entities)[seen].mean()
    assert accuracy > 2 * problem.chance["accuracy"]
