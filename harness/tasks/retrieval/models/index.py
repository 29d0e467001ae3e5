"""Indexes: the vectors of all passages, searched for the documents with the largest inner product."""

from abc import ABC, abstractmethod
from typing import Literal, TypeAlias

import numpy as np
import torch
from torch import Tensor

from harness.tasks.retrieval.problems.collection import I64
from harness.tasks.retrieval.problems.passages import Passages

QUERIES = 512
"""How many queries are scored against all documents at a time."""

IndexKind: TypeAlias = Literal["exact", "hnsw"]


class Index(ABC):
    """An index over the vectors F32[passages width] of a corpus. A document's score is that of its best passage."""

    @abstractmethod
    def __init__(self, vectors: Tensor, passages: Passages) -> None:
        """Index the vectors."""

    @abstractmethod
    def search(self, queries: Tensor, k: int, without: tuple[I64, I64] | None = None) -> I64:
        """I64[n k]: the documents with the largest inner product with queries F32[n width], best first.

        `without` holds pairs of query (its row among the n, ascending) and document that are left out. -1 where there
        are no more documents.
        """


class ExactIndex(Index):
    """Every query is compared with every passage."""

    def __init__(self, vectors: Tensor, passages: Passages) -> None:
        self._vectors = vectors
        self._passages = passages

    @torch.inference_mode()
    def search(self, queries: Tensor, k: int, without: tuple[I64, I64] | None = None) -> I64:
        ranked = np.full((len(queries), k), -1, np.int64)
        for start in range(0, len(queries), QUERIES):
            chunk = queries[start : start + QUERIES]
            scores = self._passages.best(chunk @ self._vectors.T)
            if without is not None:
                here = slice(*np.searchsorted(without[0], (start, start + len(chunk))))
                rows, documents = torch.from_numpy(without[0][here] - start), torch.from_numpy(without[1][here])
                scores[rows.to(scores.device), documents.to(scores.device)] = -torch.inf
            best, found = scores.topk(min(k, self._passages.corpus), dim=1)
            found[best == -torch.inf] = -1
            ranked[start : start + len(chunk), : found.shape[1]] = found.cpu().numpy()
        return ranked
