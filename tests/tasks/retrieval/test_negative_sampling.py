"""What negative samplers are given, and what the task refuses from them."""

import copy

import numpy as np
import pytest
import torch

from harness.core.card import read_card
from harness.core.errors import BadOutput
from harness.records.record import MOST_CURVE_POINTS
from harness.registry.headers import HARNESS
from harness.tasks.retrieval import NegativeSampler, TrainingSet
from harness.tasks.retrieval.data import collect
from harness.tasks.retrieval.models.index import ExactIndex
from harness.tasks.retrieval.problems.collection import Judgements
from harness.tasks.retrieval.problems.passages import Passages
from harness.tasks.retrieval.training.contrast import check_negatives
from harness.tasks.retrieval.training.view import LONGEST_LAG, Batch
from harness.tasks.retrieval.training.warmup import warmed_up

CARD = read_card(HARNESS / "tasks" / "retrieval" / "task.toml")


class Random(NegativeSampler):
    """Random documents, with a choice of how many."""

    m: int = 1

    def negatives(self, batch, view):
        return view.random(batch.queries, self.m)


class Answering(NegativeSampler):
    """Returns the answers as negatives."""

    def negatives(self, batch, view):
        return batch.documents[:, None]


@pytest.fixture(scope="module")
def train(smoke):
    """Training data in which every query has two answers."""
    found = collect("atlas", smoke()).train
    gold, corpus = found.positives, len(found.documents)
    queries, documents = np.tile(gold.queries, 2), np.r_[gold.documents, (gold.documents + 7) % corpus]
    return type(found)(found.documents, found.queries, Judgements.of(queries, documents, corpus))


@pytest.fixture
def view(smoke, train):
    return warmed_up(train, smoke())


def brute_force(view, tower, k):
    """I64[queries k] of the best documents that answer no query, sorted by row, from dense scores."""
    encoder = copy.copy(view.encoder)
    encoder.tower = tower
    scores = (encoder.all_queries() @ encoder.all_documents().T).numpy()
    scores[view.positives.queries, view.positives.documents] = -np.inf
    return np.sort(np.argsort(-scores, axis=1)[:, :k], axis=1)


def shaken(view, seed):
    """A copy of the view's tower, which is changed at random first."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for weight in view.encoder.tower.parameters():
            weight.add_(torch.randn(weight.shape, generator=generator), alpha=0.3)
    return copy.deepcopy(view.encoder.tower)


def test_no_list_holds_a_document_that_answers_the_query(view):
    queries = np.arange(len(view.encoder.all_queries()))
    view.refresh()
    lists = (view.random(queries, 50), view.bm25(queries, 90), view.snapshot().nearest(queries, 90))
    for negatives in (*lists, view.choose(queries, lists[1], 30)):
        assert (view.positives.grade(queries, negatives) == 0).all()
    assert (np.sort(lists[2], axis=1)[:, :2] == -1).all()  # 90 documents, two of which answer
    assert (np.sort(lists[2], axis=1)[:, 2] >= 0).all()


def test_without_lag_the_lists_are_the_nearest_neighbours_of_the_tower_as_it_is(view):
    queries = np.arange(len(view.encoder.all_queries()))
    for seed in range(2):
        tower = shaken(view, seed)
        view.refresh()
        np.testing.assert_array_equal(np.sort(view.snapshot().nearest(queries, 9), axis=1), brute_force(view, tower, 9))


@pytest.mark.parametrize("lag", [1, 2, 3])
def test_lists_with_a_lag_are_those_of_an_earlier_checkpoint(view, lag):
    queries = np.arange(len(view.encoder.all_queries()))
    towers = []
    for seed in range(5):
        towers.append(shaken(view, seed))
        view.step = 10 * seed
        view.refresh()
        used = max(0, seed - lag)
        assert view.snapshot(lag).step == 10 * used
        found = np.sort(view.snapshot(lag).nearest(queries, 9), axis=1)
        np.testing.assert_array_equal(found, brute_force(view, towers[used], 9))


def test_lists_do_not_depend_on_which_queries_are_asked_for_together(view):
    queries = np.arange(40)
    view.refresh()
    whole = view.snapshot().nearest(queries, 5)
    view.refresh()
    apart = np.concatenate([view.snapshot().nearest(part, 5) for part in np.split(queries[::-1], 8)])[::-1]
    np.testing.assert_array_equal(np.sort(whole), np.sort(apart))


def test_a_snapshot_out_of_reach_is_refused(view):
    with pytest.raises(ValueError, match=r"call view.refresh\(\) first"):
        view.snapshot()
    view.refresh()
    with pytest.raises(ValueError, match=f"between 0 and {LONGEST_LAG}"):
        view.snapshot(LONGEST_LAG + 1)
    with pytest.raises(ValueError, match="lower the depth"):
        view.bm25(np.arange(2), view.listed + 1)


def test_choices_are_uniform_over_the_list_and_random_without_one(view):
    queries = np.zeros(2, int)
    pool = np.array([[5, 3, 8, -1], [-1, -1, -1, -1]])
    chosen = view.choose(queries, pool, 3000)
    values, counts = np.unique(chosen[0], return_counts=True)
    assert values.tolist() == [3, 5, 8]
    assert counts.min() > 900
    assert len(np.unique(chosen[1])) > 60


def test_vectors_are_those_of_the_tower_as_it_is(view):
    rows = np.array([4, 0, 2])
    shaken(view, 0)
    np.testing.assert_allclose(view.document_vectors(rows), view.encoder.all_documents()[rows], atol=1e-5)
    np.testing.assert_allclose(view.query_vectors(rows), view.encoder.all_queries()[rows], atol=1e-5)


def test_a_sampler_that_returns_an_answer_is_refused(smoke, train):
    with pytest.raises(BadOutput, match=r"32 documents that answer their query \(step 0"):
        Answering().fit(train, smoke())


@pytest.mark.parametrize(
    "negatives", [np.array([[0.5], [1.0]]), np.array([0, 1]), np.array([[-1], [3]]), np.array([[90], [3]])]
)
def test_a_sampler_that_returns_no_documents_is_refused(view, negatives):
    with pytest.raises(BadOutput, match="negatives"):
        check_negatives(negatives, Batch(np.array([0, 1]), np.array([0, 0])), view)


def test_all_arms_start_from_the_same_warm_up(smoke, train, tmp_path):
    """The artefacts of two samplers have the same identities and digests, each built anew; another seed has others."""
    runs = [smoke(cache=tmp_path / "one"), smoke(cache=tmp_path / "two"), smoke(seed=1)]
    for run, m in zip(runs, (1, 2, 1), strict=True):
        Random(m=m).fit(train, run)
    assert len(runs[0].artefacts) == 3
    assert runs[0].artefacts == runs[1].artefacts
    assert runs[0].artefacts != runs[2].artefacts


def test_the_warm_up_is_not_charged(smoke, train):
    run = smoke()
    sampler = Random()
    sampler.fit(train, run)
    assert run.spent == run.budget.total
    assert sampler.weights() == sum(weight.numel() for weight in sampler.tower.parameters())


def test_the_warm_up_is_the_same_whatever_the_options(smoke, train):
    """Its recipe and its weights, bit for bit; what more is built for MaxP comes beside it."""
    plain = smoke()
    Random().fit(train, plain)
    for options in ({"lr": 1e-2}, {"passages": 4}):
        run = smoke()
        Random(**options).fit(train, run)
        assert plain.artefacts.items() <= run.artefacts.items()


def test_a_learning_rate_replaces_the_tasks_setting(smoke, train):
    samplers = [Random(), Random(lr=smoke().settings["lr"]), Random(lr=1e-2)]
    for sampler in samplers:
        sampler.fit(train, smoke())
    unset, same, other = (sampler.tower.embedding.weight for sampler in samplers)
    assert torch.equal(unset, same)
    assert not torch.equal(unset, other)


def test_spared_documents_are_no_negatives_of_any_kind(smoke, train):
    """Every query's next ten documents are spared: the lists leave them out, and a sampler that does not is refused."""
    corpus, count = len(train.documents), len(train.queries)
    first = train.positives.documents[train.positives.relevant(np.arange(count))[0].searchsorted(np.arange(count))]
    documents = (first[:, None] + np.arange(1, 11)) % corpus
    spared = Judgements.of(np.arange(count).repeat(10), documents.ravel(), corpus)
    set_apart = TrainingSet(train.documents, train.queries, train.positives, spared)
    view, queries = warmed_up(set_apart, smoke()), np.arange(count)
    view.refresh()
    lists = (view.random(queries, 60), view.bm25(queries, 80), view.snapshot().nearest(queries, 70))
    for negatives in lists:
        assert (negatives[:, :60] >= 0).any()
        assert not (negatives[:, :, None] == documents[:, None, :]).any()
        assert view.allowed(queries, negatives).all()
    with pytest.raises(BadOutput, match=r"2 documents that are barred from their query \(step 0\); ask view.allowed"):
        check_negatives(documents[:2, :1], Batch(queries[:2], first[:2]), view)


def test_gradients_are_noted_along_the_budget(smoke, train):
    """Five points, the last of them the final diagnostics, in a curve that a record keeps whole."""
    run = smoke()
    sampler = Random()
    sampler.fit(train, run)
    noted = [point for point in run.curve if "gradient_norm.head" in point]
    assert [point["spent"] / run.budget.total for point in noted] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])
    final = sampler.diagnostics().gradient_norms
    assert {part: noted[-1][f"gradient_norm.{part}"] for part in ("embedding", "head")} == final
    assert len(run.curve) + CARD.resolve("small", "squad").ticks <= MOST_CURVE_POINTS


def test_every_layer_has_a_gradient_norm_of_its_own(smoke, train):
    sampler = Random()
    sampler.fit(train, smoke(layers=2))
    found = sampler.diagnostics().gradient_norms
    assert list(found) == ["embedding", "layers.0", "layers.1", "head"]
    assert min(found.values()) > 0


def test_search_ranks_by_inner_product_and_ends_with_the_corpus(smoke, train):
    sampler = Random()
    sampler.fit(train, smoke())
    found = sampler.search(train.queries[:4], 100)
    scores = sampler._view.encoder.all_queries()[:4] @ sampler._view.encoder.all_documents().T
    assert (found[:, 90:] == -1).all()
    ranked = np.take_along_axis(scores.numpy(), found[:, :90], axis=1)
    assert (np.diff(ranked) <= 1e-4).all()
    assert (np.sort(found[:, :90]) == np.arange(90)).all()


def test_diagnostics_tell_overlap_and_gradients(smoke, train):
    """90 documents are all among the first 100; random negatives never refresh."""
    sampler = Random()
    sampler.fit(train, smoke())
    found = sampler.diagnostics()
    assert found.overlap == 1.0
    assert found.gradient_norms.keys() == {"embedding", "head"}
    assert min(found.gradient_norms.values()) > 0
    assert found.refresh_s == {"encode": 0.0, "search": 0.0}


def test_the_index_leaves_out_pairs_in_every_chunk_of_queries(monkeypatch):
    monkeypatch.setattr("harness.tasks.retrieval.models.index.QUERY_BATCH", 3)
    vectors, passages = torch.eye(5), Passages.cut(np.ones((5, 1), np.int32), 1)
    everywhere = (np.arange(5), np.arange(5))
    found = ExactIndex(vectors, passages).search(vectors, 6, without=everywhere)
    assert (found[:, 4:] == -1).all()
    assert all(query not in row for query, row in enumerate(found.tolist()))
    assert ExactIndex(vectors, passages).search(vectors, 1).ravel().tolist() == [0, 1, 2, 3, 4]
