"""The baselines of retrieval: BM25 against a hand-computed score and a known result, and where negatives come from."""

import numpy as np
import pytest

from baselines.retrieval.bm25 import Bm25Retriever
from baselines.retrieval.bm25_negatives import Bm25Negatives
from baselines.retrieval.bm25_random_negatives import Bm25RandomNegatives
from baselines.retrieval.in_batch_negatives import InBatchNegatives
from baselines.retrieval.random_negatives import RandomNegatives
from harness.core.artefacts import Cache
from harness.core.card import read_card
from harness.core.seeds import Streams
from harness.registry.headers import HARNESS
from harness.run import Run
from harness.tasks.retrieval import Batch, TrainingSet
from harness.tasks.retrieval.problems.collection import Judgements
from harness.tasks.retrieval.task import Retrieval
from harness.tasks.retrieval.training.warmup import warmed_up

TASK = Retrieval(read_card(HARNESS / "tasks" / "retrieval" / "task.toml"))
DOCUMENTS = ["red fox jumps", "red fox and red hare rest quietly here", "grey hare", "a stone"]


@pytest.fixture
def run(tmp_path):
    resolved = TASK.card.resolve("smoke", "atlas")
    return Run(
        settings={**resolved.settings, "valid_queries": 109},
        budget=resolved.budget,
        streams=Streams("retrieval", 0),
        cache=Cache(tmp_path),
    )


def fitted(documents, run, **parameters):
    retriever = Bm25Retriever(**parameters)
    retriever.fit(TrainingSet(documents, [], Judgements.of(np.zeros(0, int), np.zeros(0, int), len(documents))), run)
    return retriever


def test_bm25_ranks_by_rarity_frequency_and_length(run):
    retriever = fitted(DOCUMENTS, run)
    found = retriever.search(["hare", "red", "fox", "red hare"], 4)
    assert found[:, :2].tolist() == [[2, 1], [1, 0], [0, 1], [1, 2]]
    assert found[0].tolist() == [2, 1, -1, -1]


def test_a_query_without_a_known_word_finds_nothing(run):
    retriever = fitted(DOCUMENTS, run)
    assert (retriever.search(["zebra", "the", ""], 3) == -1).all()


def test_stemming_is_an_option(run):
    assert fitted(DOCUMENTS, run).search(["foxes"], 1).tolist() == [[-1]]
    assert fitted(DOCUMENTS, run, stem=True).search(["foxes"], 1).tolist() == [[0]]


def test_parameters_reach_the_formula(run):
    """Without length normalisation the document with the word twice leads; with saturation at once, the shorter."""
    documents = ["red", "red red fox fox fox fox fox fox"]
    assert fitted(documents, run, b=0.0).search(["red"], 1).tolist() == [[1]]
    assert fitted(documents, run, k1=0.01, b=1.0).search(["red"], 1).tolist() == [[0]]


@pytest.mark.parametrize(("options", "expected"), [({}, 0.662), ({"stem": True, "k1": 0.9, "b": 0.4}, 0.676)])
def test_bm25_on_scifact_reaches_its_known_score(mirror, run, options, expected):
    """nDCG@10 on the 300 published validation claims; .665 is what Lucene's BM25 is known to reach."""
    problem = TASK.problem("scifact", run)
    retriever = Bm25Retriever(**options)
    retriever.fit(problem.train, run)
    scores = {score.metric: score for score in TASK.measure(retriever, problem.test, run.for_measuring())}
    assert scores["ndcg@10"].value == pytest.approx(expected, abs=0.01)
    assert scores["ndcg@10"].n_used == 300


class Watched:
    """Keeps what a sampler returns."""

    def __init__(self, sampler):
        self.sampler = sampler
        self.seen = []
        self.view = None

    def fit(self, train, run):
        inner = self.sampler.negatives

        def negatives(batch, view):
            chosen = inner(batch, view)
            self.view = view
            self.seen.append((batch.queries, chosen))
            return chosen

        self.sampler.negatives = negatives
        self.sampler.fit(train, run)


def watched(sampler, run):
    spy = Watched(sampler)
    spy.fit(TASK.problem("atlas", run).train, run)
    return spy


def test_bm25_negatives_come_from_the_first_documents_that_bm25_finds(run):
    spy = watched(Bm25Negatives(depth=5, m=3), run)
    for queries, chosen in spy.seen:
        assert chosen.shape == (32, 3)
        listed = spy.view.bm25(queries, 5)
        assert (chosen[:, :, None] == listed[:, None, :]).any(axis=2).all()


def test_random_negatives_come_from_the_whole_corpus(run):
    spy = watched(RandomNegatives(m=20), run)
    counts = np.bincount(np.concatenate([chosen.ravel() for _, chosen in spy.seen]), minlength=90)
    assert counts.sum() == 40 * 32 * 20
    assert counts.min() > 0.8 * counts.mean()
    assert counts.max() < 1.2 * counts.mean()


@pytest.fixture
def view(run):
    """The warmed-up tower on training data in which every query has a second answer."""
    found = TASK.problem("atlas", run).train
    gold, corpus = found.positives, len(found.documents)
    queries, documents = np.tile(gold.queries, 2), np.r_[gold.documents, (gold.documents + 7) % corpus]
    return warmed_up(TrainingSet(found.documents, found.queries, Judgements.of(queries, documents, corpus)), run)


def whole_batch(view, size):
    """The first pairs of query and answer."""
    return Batch(view.positives.queries[:size].copy(), view.positives.documents[:size].copy())


def hardest(view, batch, m):
    """For each example the m documents of the batch with the highest scores that do not answer it, one by one."""
    scores = (view.encoder.all_queries() @ view.encoder.all_documents().T).numpy()
    answers = set(zip(view.positives.queries.tolist(), view.positives.documents.tolist(), strict=True))
    rows = []
    for query in batch.queries.tolist():
        candidates = [row for row in set(batch.documents.tolist()) if (query, row) not in answers]
        rows.append(sorted(candidates, key=lambda row: -scores[query][row])[:m])
    return np.array(rows)


@pytest.mark.parametrize("m", [1, 3])
def test_in_batch_negatives_are_the_hardest_documents_of_the_batch(view, m):
    """64 pairs of 32 queries: each query's own two answers, and any other's answer to it, are left out."""
    batch = whole_batch(view, 64)
    np.testing.assert_array_equal(InBatchNegatives(m=m).negatives(batch, view), hardest(view, batch, m))


def test_where_the_batch_has_too_few_documents_the_hardest_is_repeated_or_others_are_drawn(view):
    """A batch of three documents, of which two answer each query, and one of two that both do."""
    first, second = view.positives.relevant(np.array([0]))[1]
    other = next(row for row in range(90) if row not in (first, second))
    three = Batch(np.zeros(3, int), np.array([first, second, other]))
    assert InBatchNegatives(m=2).negatives(three, view).tolist() == [[other, other]] * 3
    two = Batch(np.zeros(2, int), np.array([first, second]))
    drawn = InBatchNegatives(m=5).negatives(two, view)
    assert drawn.shape == (2, 5)
    assert view.allowed(two.queries, drawn).all()


def test_mixed_negatives_are_half_from_bm25_and_half_random(view):
    """With one negative an example, a coin says which; with two, there is one of each."""
    batch = whole_batch(view, 400)
    listed = view.bm25(batch.queries, 3)

    def from_bm25(m):
        chosen = np.stack([Bm25RandomNegatives(depth=3, m=m).negatives(batch, view) for _ in range(40)])
        return (chosen[..., None] == listed[:, None, :]).any(axis=3)

    by_chance = 3 / 88  # of the 88 documents that do not answer, so many are listed
    assert from_bm25(1).mean() == pytest.approx(0.5 + 0.5 * by_chance, abs=0.02)
    pairs = from_bm25(2)
    assert pairs.any(axis=2).all()
    assert pairs.all(axis=2).mean() == pytest.approx(by_chance, abs=0.01)
    assert pairs[..., 0].mean() == pytest.approx(0.5 + 0.5 * by_chance, abs=0.02)


@pytest.mark.parametrize("sampler", [RandomNegatives, Bm25Negatives, InBatchNegatives, Bm25RandomNegatives])
def test_every_source_gives_as_many_negatives_and_no_answer(view, sampler):
    batch = whole_batch(view, 64)
    for options, m in (({}, 1), ({"m": 3}, 3)):
        chosen = sampler(**options).negatives(batch, view)
        assert chosen.shape == (64, m)
        assert (view.positives.grade(batch.queries, chosen) == 0).all()
