"""ANCE: negatives from an index of the retriever itself, which is refreshed while it trains."""

from typing import Annotated

from annotated_types import Ge, Le

from harness.tasks.retrieval import I64, Batch, NegativeSampler, View


class Ance(NegativeSampler):
    """Approximate nearest neighbour negative contrastive learning (Xiong et al., 2021).

    Every `refresh` steps (0 = only before the first step) a snapshot of the retriever encodes the corpus and the
    training queries and lists, for each query, the `top_k` documents that it scores highest and that do not answer it.
    Negatives are drawn uniformly from the lists of the snapshot that was taken `lag` refreshes ago. The paper refreshes
    in a second process that is about one refresh behind, which is a lag of 1.

    The search is exact, as in the released code. There are three differences to the released code: no document that
    answers the query is ever a negative (there, all answers but one may be), every refresh serves all training queries
    (there, a fifth of them), and the examples of a batch have different queries (there, consecutive examples have the
    same query).
    """

    name = "ance"
    search_space = {
        **NegativeSampler.search_space,
        "top_k": [1, 2, 5, 15, 50, 200, 1000],
        "refresh": [5, 10, 25, 50],
    }
    refresh: Annotated[int, Ge(0)] = 50
    lag: Annotated[int, Ge(0), Le(4)] = 1
    top_k: Annotated[int, Ge(1)] = 200
    m: Annotated[int, Ge(1)] = 1

    def negatives(self, batch: Batch, view: View) -> I64:
        if view.step == 0 or (self.refresh and view.step % self.refresh == 0):
            view.refresh()
        nearest = view.snapshot(self.lag).nearest(batch.queries, self.top_k)
        return view.choose(batch.queries, nearest, self.m)
