"""ANCE: negatives from an index of the retriever itself that is refreshed while it trains."""

from typing import Annotated

from annotated_types import Ge, Le

from harness.tasks.retrieval import I64, Batch, NegativeSampler, View


class Ance(NegativeSampler):
    """Approximate nearest neighbour negative contrastive learning (Xiong et al., 2021).

    Every `refresh` steps (0 = only before the first) a snapshot of the retriever encodes corpus and training queries
    and lists, for each query, the `top_k` documents that it scores highest and that do not answer it; negatives are
    drawn uniformly from the lists of the snapshot `lag` refreshes ago. The paper refreshes in a second process that
    is about one round behind: lag 1.

    Here as in the released code the search is exact. Unlike in the released code, no document that answers the query
    is ever a negative (there, all but one of them may be), every refresh serves all training queries (there, a fifth),
    and the examples of a batch are of different queries (there, consecutive ones are of the same query).
    """

    name = "ance"
    search_space = {"lr": (3e-4, 3e-3), "top_k": (10, 500), "refresh": (10, 200)}
    refresh: Annotated[int, Ge(0)] = 50
    lag: Annotated[int, Ge(0), Le(4)] = 1
    top_k: Annotated[int, Ge(1)] = 200
    m: Annotated[int, Ge(1)] = 1

    def negatives(self, batch: Batch, view: View) -> I64:
        if view.step == 0 or (self.refresh and view.step % self.refresh == 0):
            view.refresh()
        nearest = view.snapshot(self.lag).nearest(batch.queries, self.top_k)
        return view.choose(batch.queries, nearest, self.m)
