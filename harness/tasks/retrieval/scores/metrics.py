"""The metrics of ranked retrieval, per query, and what a random ranking is expected to score.

They equal trec_eval's for a run whose scores fall with the rank. (trec_eval sorts by score and breaks ties by document
id, descending; entrants return ranks and no scores, so here ranks are all that counts.) Only queries with a relevant
document are scored, and means are over all of these, whether or not anything was returned.
"""

import numpy as np
from numpy.typing import NDArray

from harness.core.errors import BadOutput
from harness.tasks.retrieval.problems.collection import DEPTH, I64, Judgements

F64 = NDArray[np.float64]

TOP = 10
"""The cut-off of reciprocal rank and of nDCG."""


def per_query(ranked: I64, judgements: Judgements) -> dict[str, F64]:
    """Each metric for each query that has a relevant document, in order of query: F64[judged queries].

    ranked: I64[n k], documents best first, -1 after the last. mrr@10: reciprocal rank of the first relevant one;
    ndcg@10: gain = grade (linear), discount = 1 / log2(rank + 1); recall@100 and map over the first 100 ranks,
    divided by all that are relevant.
    """
    grades = judgements.grade(np.arange(len(ranked)), ranked[:, :DEPTH])
    hits = grades > 0
    relevant = _relevant(judgements, len(ranked))
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
    """The expected value of each metric when the corpus is ranked at random (grades above 1 count in nDCG only)."""
    corpus = judgements.corpus
    counts = _relevant(judgements, queries)
    judged = counts > 0
    relevant = counts[judged][:, None]
    top, depth = np.arange(min(TOP, corpus)), np.arange(min(DEPTH, corpus))
    missed = np.cumprod(np.maximum(corpus - relevant - top, 0) / (corpus - top), axis=1)
    reached = np.hstack((np.ones_like(relevant), missed[:, :-1])) - missed  # P(the first relevant one is at this rank)
    gains = np.bincount(judgements.queries, weights=judgements.grades, minlength=queries)[judged] / corpus
    others = (relevant - 1) / max(1, corpus - 1)  # P(another rank is relevant | this one is)
    return {
        "mrr@10": float((reached / (top + 1)).sum(axis=1).mean()),
        "ndcg@10": float((gains * _discount(len(top)).sum() / _ideal(judgements, queries)[judged]).mean()),
        "recall@100": len(depth) / corpus,
        "map": float(((1 + depth * others) / (depth + 1)).sum(axis=1).mean() / corpus),
    }


def check_ranking(ranked: I64, corpus: int) -> None:
    """Raise `BadOutput` unless every row holds distinct documents of the corpus, then only -1 (no further result)."""
    if outside := int(((ranked < -1) | (ranked >= corpus)).sum()):
        raise BadOutput(f"search returned {outside} entries outside -1 ... {corpus - 1} (-1 = no further result)")
    if ((ranked[:, :-1] < 0) & (ranked[:, 1:] >= 0)).any():
        raise BadOutput("search returned documents after a -1, which stands for: no further result")
    ordered = np.sort(ranked, axis=1)
    twice = ((ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] >= 0)).any(axis=1)
    if twice.any():
        raise BadOutput(f"search returned a document twice for {twice.sum()} queries (first: row {twice.argmax()})")


def _relevant(judgements: Judgements, queries: int) -> I64:
    """I64[queries]: how many documents are relevant."""
    return np.bincount(judgements.queries[judgements.grades > 0], minlength=queries)


def _discount(ranks: int) -> F64:
    discount: F64 = 1 / np.log2(np.arange(2, ranks + 2))
    return discount


def _ideal(judgements: Judgements, queries: int) -> F64:
    """F64[queries]: the DCG of the best ranking, cut off at 10; 0 without a relevant document."""
    order = np.lexsort((-judgements.grades, judgements.queries))
    owner = judgements.queries[order]
    rank = np.arange(len(owner)) - np.searchsorted(owner, owner)
    kept = rank < TOP
    gains: F64 = judgements.grades[order][kept] * _discount(TOP)[rank[kept]]
    return np.bincount(owner[kept], weights=gains, minlength=queries).astype(np.float64)
