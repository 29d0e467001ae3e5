"""Indexes of the vectors of all passages, which find the documents with the largest inner product."""

from abc import ABC, abstractmethod
from typing import Literal, TypeAlias

import numpy as np
import torch
from torch import Tensor

from harness.tasks.retrieval.problems.collection import I64
from harness.tasks.retrieval.problems.passages import Passages

QUERY_BATCH = 512
"""The number of queries that are scored against all documents at a time."""

IndexKind: TypeAlias = Literal["exact", "hnsw"]


class Index(ABC):
    """An index over the vectors F32[passages width] of a corpus. The score of a document is that of its best
    passage."""

    @abstractmethod
    def __init__(self, vectors: Tensor, passages: Passages) -> None:
        """Index the vectors."""

    @property
    @abstractmethod
    def vectors(self) -> Tensor:
        """F32[passages width]: the vectors that are indexed."""

    @abstractmethod
    def search(self, queries: Tensor, k: int, without: tuple[I64, I64] | None = None) -> I64:
        """I64[n k]: the documents with the largest inner product with queries F32[n width], best first; -1 after the
        last document.

        `without` are pairs of a query (its position among the n, in rising order) and a document that are left out.
        """


class ExactIndex(Index):
    """An index that compares every query with every passage."""

    def __init__(self, vectors: Tensor, passages: Passages) -> None:
        self._vectors = vectors
        self._passages = passages

    @property
    def vectors(self) -> Tensor:
        return self._vectors

    @torch.inference_mode()
    def search(self, queries: Tensor, k: int, without: tuple[I64, I64] | None = None) -> I64:
        ranked = np.full((len(queries), k), -1, np.int64)
        for start in range(0, len(queries), QUERY_BATCH):
            chunk = queries[start : start + QUERY_BATCH]
            scores = self._passages.best(chunk @ self._vectors.T)
            if without is not None:
                in_chunk = slice(*np.searchsorted(without[0], (start, start + len(chunk))))
                rows = torch.from_numpy(without[0][in_chunk] - start)
                documents = torch.from_numpy(without[1][in_chunk])
                scores[rows.to(scores.device), documents.to(scores.device)] = -torch.inf
            best_scores, best = scores.topk(min(k, self._passages.corpus), dim=1)
            best[best_scores == -torch.inf] = -1
            ranked[start : start + len(chunk), : best.shape[1]] = best.cpu().numpy()
        return ranked
