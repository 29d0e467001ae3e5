"""The baselines of retrieval: BM25 against a hand-computed score and a known result, and where negatives come from."""

import numpy as np
import pytest

from baselines.retrieval.bm25 import Bm25Retriever
from baselines.retrieval.bm25_negatives import Bm25Negatives
from baselines.retrieval.random_negatives import RandomNegatives
from harness.artefacts import Cache
from harness.card import read_card
from harness.headers import HARNESS
from harness.run import Run
from harness.seeds import Streams
from harness.tasks.retrieval import TrainingSet
from harness.tasks.retrieval.collection import Judgements
from harness.tasks.retrieval.task import Retrieval

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
def test_bm25_on_scifact_scores_what_it_is_known_to(mirror, run, options, expected):
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
