"""Negatives drawn at random from the corpus."""

from typing import Annotated

from annotated_types import Ge

from harness.tasks.retrieval import I64, Batch, NegativeSampler, View


class RandomNegatives(NegativeSampler):
    """Random negatives: documents drawn uniformly from those of the corpus that do not answer the query."""

    name = "random_negatives"
    m: Annotated[int, Ge(1)] = 1

    def negatives(self, batch: Batch, view: View) -> I64:
        return view.random(batch.queries, self.m)
