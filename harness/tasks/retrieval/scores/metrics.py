"""The metrics of ranked retrieval for each query, and the values that a random ranking is expected to have.

They equal trec_eval's for a run whose scores fall with the rank. (trec_eval sorts by score and breaks ties by document
id, descending. Entrants return ranks without scores, so only ranks count here.) Only queries with a relevant document
are scored, and means are over all of these, whether or not anything was returned.
"""

import numpy as np
from numpy.typing import NDArray

from harness.core.errors import BadOutput
from harness.tasks.retrieval.problems.collection import DEPTH, I64, Judgements

F64 = NDArray[np.float64]

TOP = 10
"""The cut-off of reciprocal rank and of nDCG."""


def per_query(ranked: I64, judgements: Judgements) -> dict[str, F64]:
    """F64[judged queries] by metric: the values for each query that has a relevant document, in order of query.

    ranked: I64[n k], documents best first, -1 after the last. mrr@10: the reciprocal rank of the first relevant
    document; ndcg@10: gain = grade (linear), discount = `1 / log2(rank + 1)`; recall@100 and map over the first 100
    ranks, divided by the number of all relevant documents.
    """
    grades = judgements.grade(np.arange(len(ranked)), ranked[:, :DEPTH])
    hits = grades > 0
    relevant = _count_relevant(judgements, len(ranked))
    judged = relevant > 0
    ranks = np.arange(1, hits.shape[1] + 1)
    first = hits[:, :TOP].argmax(axis=1)
    discount = _discount(min(TOP, hits.shape[1]))
    scores = {
        "mrr@10": hits[:, :TOP].any(axis=1) / (first + 1),
        "ndcg@10": (grades[:, :TOP] @ discount)[judged] / _ideal(judgements, len(ranked))[judged],
        "recall@100": hits.sum(axis=1)[judged] / relevant[judged],
        "map": (hits * hits.cumsum(axis=1) / ranks).sum(axis=1)[judged] / relevant[judged],
    }
    scores["mrr@10"] = scores["mrr@10"][judged]
    return scores


def at_random(judgements: Judgements, queries: int) -> dict[str, float]:
    """The expected value of each metric if the corpus is ranked at random. Grades above 1 count only for nDCG."""
    corpus = judgements.corpus
    counts = _count_relevant(judgements, queries)
    judged = counts > 0
    relevant = counts[judged][:, None]
    top, depth = np.arange(min(TOP, corpus)), np.arange(min(DEPTH, corpus))
    none_yet = np.cumprod(np.maximum(corpus - relevant - top, 0) / (corpus - top), axis=1)
    first_here = np.hstack((np.ones_like(relevant), none_yet[:, :-1])) - none_yet  # P(the first relevant one is here)
    gains = np.bincount(judgements.queries, weights=judgements.grades, minlength=queries)[judged] / corpus
    others = (relevant - 1) / max(1, corpus - 1)  # P(another rank is relevant | this rank is)
    return {
        "mrr@10": float((first_here / (top + 1)).sum(axis=1).mean()),
        "ndcg@10": float((gains * _discount(len(top)).sum() / _ideal(judgements, queries)[judged]).mean()),
        "recall@100": len(depth) / corpus,
        "map": float(((1 + depth * others) / (depth + 1)).sum(axis=1).mean() / corpus),
    }


def check_ranking(ranked: I64, corpus: int) -> None:
    """Raise `BadOutput` unless every row has distinct documents of the corpus, followed only by -1 (no further
    result)."""
    if outside := int(((ranked < -1) | (ranked >= corpus)).sum()):
        raise BadOutput(f"search returned {outside} entries outside -1 ... {corpus - 1} (-1 = no further result)")
    if ((ranked[:, :-1] < 0) & (ranked[:, 1:] >= 0)).any():
        raise BadOutput("search returned documents after a -1, which means that there is no further result")
    ordered = np.sort(ranked, axis=1)
    is_repeated = ((ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] >= 0)).any(axis=1)
    if is_repeated.any():
        count, row = is_repeated.sum(), is_repeated.argmax()
        raise BadOutput(f"search returned a document twice for {count} queries (first: row {row})")


def _count_relevant(judgements: Judgements, queries: int) -> I64:
    """I64[queries]: the number of relevant documents of each query."""
    return np.bincount(judgements.queries[judgements.grades > 0], minlength=queries)


def _discount(ranks: int) -> F64:
    discount: F64 = 1 / np.log2(np.arange(2, ranks + 2))
    return discount


def _ideal(judgements: Judgements, queries: int) -> F64:
    """F64[queries]: the DCG at 10 of the best ranking; 0 for a query without a relevant document."""
    order = np.lexsort((-judgements.grades, judgements.queries))
    owner = judgements.queries[order]
    rank = np.arange(len(owner)) - np.searchsorted(owner, owner)
    kept = rank < TOP
    gains: F64 = judgements.grades[order][kept] * _discount(TOP)[rank[kept]]
    return np.bincount(owner[kept], weights=gains, minlength=queries).astype(np.float64)
