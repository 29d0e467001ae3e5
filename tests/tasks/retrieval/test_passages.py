"""Passages: how documents are cut, and that a document's score is that of its best passage, everywhere."""

import numpy as np
import pytest
import torch

from harness.tasks.retrieval import NegativeSampler
from harness.tasks.retrieval.data import collect
from harness.tasks.retrieval.problems.passages import Passages
from harness.tasks.retrieval.training.contrast import pairwise_loss
from harness.tasks.retrieval.training.warmup import warmed_up

SHORT = 30
"""So many tokens cut the documents of the smoke tier into one to four passages."""


class Nearest(NegativeSampler):
    """The nearest neighbours of the tower, refreshed every ten steps."""

    def negatives(self, batch, view):
        if view.step % 10 == 0:
            view.refresh()
        return view.snapshot().nearest(batch.queries, 2)


@pytest.fixture(scope="module")
def train(smoke):
    return collect("atlas", smoke()).train


@pytest.fixture
def view(smoke, train):
    return warmed_up(train, smoke(document_tokens=SHORT), passages=4)


def dense(view):
    """F32[queries corpus]: the score of every document's best passage, passage by passage."""
    passages, queries = view.encoder.passages, view.encoder.all_queries()
    scores = np.full((len(queries), passages.corpus), -np.inf, np.float32)
    for vector, document in zip(view.encoder.all_documents(), passages.documents.tolist(), strict=True):
        scores[:, document] = np.maximum(scores[:, document], (queries @ vector).numpy())
    return scores


def test_documents_are_cut_first_passages_first():
    tokens = np.array([[1, 2, 3, 4, 5, 0], [6, 0, 0, 0, 0, 0], [0] * 6, [7, 8, 9, 1, 2, 3]], np.int32)
    cut = Passages.cut(tokens, 2)
    assert cut.tokens.tolist() == [[1, 2], [6, 0], [0, 0], [7, 8], [3, 4], [9, 1], [5, 0], [2, 3]]
    assert cut.documents.tolist() == [0, 1, 2, 3, 0, 3, 0, 3]
    assert cut.table.tolist() == [[0, 4, 6], [1, 1, 1], [2, 2, 2], [3, 5, 7]]
    assert (cut.corpus, cut.most) == (4, 3)
    scores = torch.tensor([[0.0, 1.0, 2.0, 9.0, 5.0, 3.0, 4.0, 8.0], [-1.0, -2.0, -3.0, -9.0, -5.0, -6.0, -7.0, -4.0]])
    assert cut.best(scores).tolist() == [[5, 1, 2, 9], [-1, -2, -3, -4]]


def test_first_passages_are_the_beginnings_that_the_warm_up_read(smoke, train, view):
    beginnings = warmed_up(train, smoke(document_tokens=SHORT)).encoder.passages
    assert beginnings.most == 1
    assert 2 <= view.encoder.passages.most <= 4
    assert torch.equal(view.encoder.passages.tokens[: beginnings.corpus], beginnings.tokens)


def test_with_one_passage_a_document_maxp_is_firstp_bit_for_bit(smoke, train):
    """Documents that fit one passage, though they may have four: weights, rankings, diagnostics."""
    one, other = Nearest(), Nearest(passages=4)
    for sampler in (one, other):
        sampler.fit(train, smoke(document_tokens=200))
    assert other._view.encoder.passages.most == 1
    for mine, theirs in zip(one.tower.parameters(), other.tower.parameters(), strict=True):
        assert torch.equal(mine, theirs)
    np.testing.assert_array_equal(one.search(train.queries, 100), other.search(train.queries, 100))
    assert one.diagnostics()[:2] == other.diagnostics()[:2]


def test_with_several_passages_something_else_is_learned_from_the_same_warm_up(smoke, train):
    samplers, runs = (Nearest(), Nearest(passages=4)), [smoke(document_tokens=SHORT) for _ in range(2)]
    for sampler, run in zip(samplers, runs, strict=True):
        sampler.fit(train, run)
    assert runs[0].artefacts.items() <= runs[1].artefacts.items()
    assert not torch.equal(samplers[0].tower.embedding.weight, samplers[1].tower.embedding.weight)


def test_search_and_refresh_rank_documents_by_their_best_passage(smoke, train):
    sampler = Nearest(passages=4)
    sampler.fit(train, smoke(document_tokens=SHORT))
    view, queries = sampler._view, np.arange(len(train.queries))
    scores = dense(view)
    np.testing.assert_array_equal(sampler.search(train.queries, 5), np.argsort(-scores, axis=1)[:, :5])
    view.refresh()
    scores[view.positives.queries, view.positives.documents] = -np.inf
    np.testing.assert_array_equal(view.snapshot().nearest(queries, 5), np.argsort(-scores, axis=1)[:, :5])


def test_scores_are_those_of_the_best_passages(view):
    queries, documents = np.array([3, 0, 7]), np.array([5, 1, 88, 5])
    np.testing.assert_allclose(view.scores(queries, documents), dense(view)[queries][:, documents], atol=1e-5)


def test_the_best_passage_carries_the_gradient_of_the_largest_score(view):
    """The gradient through the passage chosen beforehand is that through the maximum over all of them."""
    encoder, queries = view.encoder, torch.arange(8)
    documents = torch.arange(8, 24).view(8, 2)
    encoder.tower.zero_grad()
    vectors = encoder.queries(queries)
    chosen = encoder.best_passages(vectors, documents)
    assert (encoder.passages.documents[chosen] == documents).all()
    assert (chosen >= encoder.passages.corpus).any()
    scores = torch.einsum("nw,nmw->nm", vectors, encoder.documents(chosen.ravel()).view(8, 2, -1))
    pairwise_loss(scores[:, 0], scores[:, 1:]).sum().backward()
    found = [weight.grad.clone() for weight in encoder.tower.parameters()]

    encoder.tower.zero_grad()
    every = encoder.documents(encoder.passages.table[documents].ravel()).view(8, 2, encoder.passages.most, -1)
    scores = torch.einsum("nw,nmpw->nmp", encoder.queries(queries), every).amax(dim=2)
    pairwise_loss(scores[:, 0], scores[:, 1:]).sum().backward()
    for mine, weight in zip(found, encoder.tower.parameters(), strict=True):
        torch.testing.assert_close(mine, weight.grad, atol=1e-5, rtol=1e-4)
