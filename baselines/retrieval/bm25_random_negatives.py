"""Negatives of which half come from BM25 and half are random."""

from typing import Annotated

import numpy as np
from annotated_types import Ge

from harness.tasks.retrieval import I64, Batch, NegativeSampler, View


class Bm25RandomNegatives(NegativeSampler):
    """BM25 and random negatives in equal numbers (DPR; Karpukhin et al., 2020).

    The `m` negatives of an example alternate between one of the first `depth` documents that BM25 finds and a random
    document. A random bit decides which comes first, and so which it is with m = 1.
    """

    name = "bm25_random_negatives"
    search_space = {**NegativeSampler.search_space, "depth": [2, 5, 10, 30, 100]}
    depth: Annotated[int, Ge(1)] = 100
    m: Annotated[int, Ge(1)] = 1

    def negatives(self, batch: Batch, view: View) -> I64:
        queries = batch.queries
        listed = view.choose(queries, view.bm25(queries, self.depth), self.m)
        drawn = view.random(queries, self.m)
        position = view.rng.integers(2, size=(len(queries), 1)) + np.arange(self.m)
        return np.where(position % 2 == 0, listed, drawn)
