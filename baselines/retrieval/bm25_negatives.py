"""Negatives drawn from the documents that BM25 finds."""

from typing import Annotated

from annotated_types import Ge

from harness.tasks.retrieval import I64, Batch, NegativeSampler, View


class Bm25Negatives(NegativeSampler):
    """BM25 negatives: documents drawn uniformly from the first `depth` documents that BM25 finds for the query."""

    name = "bm25_negatives"
    search_space = {**NegativeSampler.search_space, "depth": [2, 5, 10, 30, 100]}
    depth: Annotated[int, Ge(1)] = 100
    m: Annotated[int, Ge(1)] = 1

    def negatives(self, batch: Batch, view: View) -> I64:
        return view.choose(batch.queries, view.bm25(batch.queries, self.depth), self.m)
