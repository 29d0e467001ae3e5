"""The exact and the approximate index: what they find, what they leave out, and how much the second one misses."""

import sys

import numpy as np
import pytest
import torch

from harness.core.errors import UserError
from harness.tasks.retrieval import NegativeSampler
from harness.tasks.retrieval.data import collect
from harness.tasks.retrieval.models.hnsw import HnswIndex
from harness.tasks.retrieval.models.index import ExactIndex
from harness.tasks.retrieval.problems.passages import Passages

CORPUS, WIDTH, K = 3000, 24, 50


class Nearest(NegativeSampler):
    """Nearest neighbours of the tower, refreshed every ten steps."""

    def negatives(self, batch, view):
        if view.step % 10 == 0:
            view.refresh()
        return view.choose(batch.queries, view.snapshot().nearest(batch.queries, 20), 1)


@pytest.fixture(scope="module")
def found():
    """Vectors of documents with one to three passages, 200 queries, and the brute-force order of documents I64[n d]."""
    pytest.importorskip("faiss")
    rng = np.random.default_rng(0)
    tokens = np.where(np.arange(3) < rng.integers(1, 4, (CORPUS, 1)), 1, 0).astype(np.int32)
    passages = Passages.cut(tokens, 1)
    vectors = rng.standard_normal((len(passages.tokens), WIDTH)).astype(np.float32)
    queries = rng.standard_normal((200, WIDTH)).astype(np.float32)
    scores = np.full((200, CORPUS), -np.inf, np.float32)
    np.maximum.at(scores.T, passages.documents.numpy(), (queries @ vectors.T).T)
    return torch.from_numpy(vectors), passages, torch.from_numpy(queries), np.argsort(-scores, axis=1)


def recall(found, expected):
    """The share of the expected documents I64[n k] that were found."""
    return (expected[:, :, None] == found[:, None, :]).any(axis=2).mean()


def test_the_exact_index_finds_the_documents_of_the_best_passages(found):
    vectors, passages, queries, order = found
    np.testing.assert_array_equal(ExactIndex(vectors, passages).search(queries, K), order[:, :K])


def test_the_approximate_index_finds_nearly_all_of_them(found):
    vectors, passages, queries, order = found
    ranked = HnswIndex(vectors, passages).search(queries, K)
    assert recall(ranked, order[:, :K]) > 0.97
    assert (ranked >= 0).all()
    assert all(len(set(row)) == K for row in ranked.tolist())


@pytest.mark.parametrize("index", [ExactIndex, HnswIndex])
def test_an_index_leaves_out_the_given_documents(found, index):
    vectors, passages, queries, order = found
    without = np.arange(200).repeat(5), order[:, :5].ravel()
    ranked = index(vectors, passages).search(queries, K, without=without)
    assert recall(ranked, order[:, 5 : K + 5]) > 0.97
    assert recall(ranked, order[:, :5]) == 0


@pytest.mark.parametrize("index", [ExactIndex, HnswIndex])
def test_an_index_ends_with_the_corpus(index):
    pytest.importorskip("faiss")
    passages = Passages.cut(np.array([[1, 1], [1, 0], [1, 1]], np.int32), 1)
    vectors = torch.tensor([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, 3.0], [0.0, -1.0]])
    without = np.array([1]), np.array([0])
    ranked = index(vectors, passages).search(torch.tensor([[0.0, 1.0], [1.0, 0.1]]), 4, without=without)
    assert ranked.tolist() == [[0, 1, 2, -1], [1, 2, -1, -1]]


def test_the_approximate_index_is_the_same_each_time_and_for_each_query_alone(found):
    vectors, passages, queries, _ = found
    one, other = HnswIndex(vectors, passages), HnswIndex(vectors, passages)
    together = one.search(queries, K)
    np.testing.assert_array_equal(together, other.search(queries, K))
    np.testing.assert_array_equal(together[7:9], one.search(queries[7:9], K))


def test_a_sampler_says_which_index_it_used_and_finds_nearly_the_same_with_either(smoke):
    pytest.importorskip("faiss")
    train = collect("atlas", smoke()).train
    exact, near = Nearest(), Nearest(index="hnsw")
    for sampler in (exact, near):
        sampler.fit(train, smoke())
    assert (exact.parameters["index"], near.parameters["index"]) == ("exact", "hnsw")
    encoder = near._view.encoder
    order = ExactIndex(encoder.all_documents(), encoder.passages).search(encoder.all_queries(), 20)
    assert recall(near.search(train.queries, 20), order) > 0.97
    assert near.diagnostics().refresh_s["search"] > 0


def test_without_faiss_the_error_says_how_to_get_it(smoke, monkeypatch):
    monkeypatch.setitem(sys.modules, "faiss", None)
    run = smoke()
    with pytest.raises(UserError, match=r"index = 'hnsw' needs faiss.*pip install 'tenfold-bench\[text\]'"):
        Nearest(index="hnsw").fit(collect("atlas", run).train, run)
    assert not run.artefacts
