"""Negatives from the other examples of the batch."""

from typing import Annotated

import numpy as np
from annotated_types import Ge

from harness.tasks.retrieval import I64, Batch, NegativeSampler, View


class InBatchNegatives(NegativeSampler):
    """In-batch negatives: the `m` documents of the batch that the tower now scores highest, without answers.

    This is the noise-contrastive estimation that Xiong et al. (2021, section 5.1) compare with: the hardest document of
    the batch is the negative. Where too few documents of the batch may be negatives, the hardest one is repeated, and
    where none may be, documents are drawn at random.
    """

    name = "in_batch_negatives"
    m: Annotated[int, Ge(1)] = 1

    def negatives(self, batch: Batch, view: View) -> I64:
        documents = np.unique(batch.documents)
        allowed = view.allowed(batch.queries, np.tile(documents, (len(batch.queries), 1)))
        scores = np.where(allowed, view.scores(batch.queries, documents), -np.inf)
        order = np.argsort(-scores, axis=1, kind="stable")[:, : self.m]
        ranked = np.where(np.take_along_axis(allowed, order, axis=1), documents[order], -1)
        hardest = view.choose(batch.queries, ranked[:, :1], self.m)
        hardest[:, : ranked.shape[1]] = np.where(ranked >= 0, ranked, hardest[:, : ranked.shape[1]])
        return hardest
