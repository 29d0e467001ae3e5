"""The ranking metrics: hand-computed values, trec_eval's, and what they say of rankings that cannot be."""

import ir_measures
import numpy as np
import pytest
from ir_measures import AP, RR, R, nDCG

from harness.core.errors import BadOutput
from harness.tasks.retrieval.problems.collection import DEPTH, Judgements
from harness.tasks.retrieval.scores.metrics import at_random, check_ranking, per_query


def test_mrr_counts_the_first_relevant_document_of_the_first_ten():
    """Relevant at ranks 2, 1 and 11: (1/2 + 1 + 0) / 3."""
    ranked = np.tile(np.arange(20), (3, 1))
    gold = Judgements.of(np.array([0, 0, 1, 2]), np.array([1, 5, 0, 10]), 20)
    np.testing.assert_array_equal(per_query(ranked, gold)["mrr@10"], [0.5, 1, 0])
    assert per_query(ranked, gold)["mrr@10"].mean() == 0.5


def test_ndcg_has_linear_gain():
    """Grades 3 2 3 0 1 2 in ranked order: 6.8611 / 7.1410; gains of 2^grade - 1 would give .9488."""
    gold = Judgements.of(np.zeros(6, int), np.arange(6), 6, np.array([3, 2, 3, 0, 1, 2]))
    (found,) = per_query(np.arange(6)[None], gold)["ndcg@10"]
    assert found == pytest.approx(6.8611 / 7.1410, abs=1e-5)
    assert found == pytest.approx(0.9608, abs=5e-5)


def test_recall_of_the_whole_corpus_is_one():
    rng = np.random.default_rng(0)
    ranked = rng.permuted(np.tile(np.arange(DEPTH), (20, 1)), axis=1)
    gold = Judgements.of(rng.integers(20, size=60), rng.integers(DEPTH, size=60), DEPTH)
    np.testing.assert_array_equal(per_query(ranked, gold)["recall@100"], 1)


def test_metrics_equal_trec_eval_on_runs_with_ties():
    """200 random runs with tied scores and graded judgements. trec_eval breaks ties by document id, descending; a
    ranking in that order scores the same here."""
    rng = np.random.default_rng(1)
    measures = {"mrr@10": RR, "ndcg@10": nDCG @ 10, "recall@100": R @ 100, "map": AP}
    for _ in range(200):
        queries, corpus, retrieved = rng.integers(1, 6), 150, int(rng.integers(1, DEPTH + 1))
        judged = rng.random((queries, corpus)) < 0.1
        grades = np.where(judged, rng.integers(0, 4, (queries, corpus)), 0)
        grades[0, 0], judged[0, 0] = 1, True
        scores = rng.integers(0, 8, (queries, corpus)).astype(float)
        scores[rng.random((queries, corpus)).argsort(axis=1) >= retrieved] = -1
        ranked = np.lexsort((-np.arange(corpus) + np.zeros_like(scores, int), -scores), axis=1)[:, :DEPTH]
        ranked = np.where(np.take_along_axis(scores, ranked, axis=1) >= 0, ranked, -1)

        rows, documents = np.nonzero(judged)
        found = per_query(ranked, Judgements.of(rows, documents, corpus, grades[judged]))
        qrels = [ir_measures.Qrel(f"{q}", f"{d:04}", int(grades[q, d])) for q, d in np.argwhere(judged)]
        run = [ir_measures.ScoredDoc(f"{q}", f"{d:04}", scores[q, d]) for q, d in np.argwhere(scores >= 0)]
        scored = np.flatnonzero(grades.max(axis=1) > 0)
        for name, measure in measures.items():
            theirs = {int(m.query_id): m.value for m in ir_measures.iter_calc([measure], qrels, run)}
            expected = np.array([theirs[q] for q in scored])
            if name == "mrr@10":
                expected[expected < 0.0999] = 0
            np.testing.assert_allclose(found[name], expected, rtol=0, atol=1e-12, err_msg=name)


def test_means_are_over_queries_that_have_an_answer():
    """Query 1 has only an irrelevant judgement, query 2 none, query 3 an answer and no result."""
    ranked = np.array([[0, 1], [0, 1], [0, 1], [-1, -1]])
    gold = Judgements.of(np.array([0, 1, 3]), np.array([0, 1, 1]), 2, np.array([1, 0, 1]))
    for items in per_query(ranked, gold).values():
        np.testing.assert_array_equal(items, [1, 0])


def test_chance_is_the_mean_over_random_rankings():
    rng = np.random.default_rng(2)
    corpus, queries = 130, 4
    gold = Judgements.of(np.array([0, 1, 1, 2, 2, 2, 2]), np.array([3, 5, 8, 1, 2, 3, 4]), corpus)
    rankings = [rng.permuted(np.tile(np.arange(corpus), (queries, 1)), axis=1)[:, :DEPTH] for _ in range(8000)]
    drawn = [{name: items.mean() for name, items in per_query(ranked, gold).items()} for ranked in rankings]
    for name, expected in at_random(gold, queries).items():
        values = np.array([scores[name] for scores in drawn])
        assert expected == pytest.approx(values.mean(), abs=4 * values.std() / len(values) ** 0.5), name


@pytest.mark.parametrize(
    ("ranked", "words"),
    [
        ([[0, 5]], "outside"),
        ([[-2, 1]], "outside"),
        ([[-1, 1]], "after a -1"),
        ([[0, 1], [1, 1]], "twice for 1 queries .first: row 1"),
    ],
)
def test_impossible_rankings_are_refused(ranked, words):
    with pytest.raises(BadOutput, match=words):
        check_ranking(np.array(ranked), 5)


def test_short_rankings_are_accepted():
    check_ranking(np.array([[3, -1, -1], [-1, -1, -1]]), 5)
