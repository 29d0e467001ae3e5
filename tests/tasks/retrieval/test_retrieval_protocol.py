"""The protocol: perfect and random retrievers score as they should, bad ones are refused."""

import numpy as np
import pytest

from harness.core.card import read_card
from harness.core.errors import BadOutput
from harness.registry.headers import HARNESS
from harness.tasks.retrieval import Retriever
from harness.tasks.retrieval.task import Retrieval

TASK = Retrieval(read_card(HARNESS / "tasks" / "retrieval" / "task.toml"))


class Ranking(Retriever):
    """Returns a fixed ranking."""

    def fit(self, train, run):
        raise AssertionError("nothing is to be learned")

    def search(self, queries, k):
        return self.ranking[:, :k]


def scores_of(ranking, problem, run):
    system = Ranking()
    system.ranking = ranking
    return {score.metric: score for score in TASK.measure(system, problem.test, run.for_measuring())}


@pytest.fixture
def problem(smoke):
    return TASK.problem("atlas", smoke())


def test_an_oracle_reaches_every_ceiling(smoke, problem):
    gold = problem.test.judgements
    ranking = np.full((len(problem.test.queries), 100), -1)
    ranking[gold.queries, 0] = gold.documents
    scores = scores_of(ranking, problem, smoke())
    for metric in ("mrr@10", "ndcg@10", "recall@100", "map"):
        assert scores[metric].value == TASK.card.metrics[metric].ceiling == 1.0
        assert scores[metric].n_used == len(problem.test.queries) == len(scores[metric].items)


def test_a_random_ranking_scores_about_chance(smoke, problem):
    rng = np.random.default_rng(0)
    found = []
    for _ in range(30):
        ranking = np.full((len(problem.test.queries), 100), -1)
        ranking[:, :90] = rng.permuted(np.tile(np.arange(90), (len(ranking), 1)), axis=1)
        found.append(scores_of(ranking, problem, smoke())["mrr@10"].value)
    assert np.mean(found) == pytest.approx(problem.chance["mrr@10"], abs=4 * np.std(found) / 30**0.5)


def test_a_retriever_without_training_is_not_asked_for_diagnostics(smoke, problem):
    scores = scores_of(np.full((len(problem.test.queries), 100), -1), problem, smoke())
    assert scores.keys() == {"mrr@10", "ndcg@10", "recall@100", "map", "queries_per_s"}
    assert scores["mrr@10"].value == 0


@pytest.mark.parametrize("ranking", [np.zeros((3, 100), int), np.full((80, 100), 0.5), np.zeros((80, 100), int)])
def test_rankings_that_cannot_be_scored_are_refused(smoke, problem, ranking):
    with pytest.raises(BadOutput, match="search"):
        scores_of(ranking, problem, smoke())
