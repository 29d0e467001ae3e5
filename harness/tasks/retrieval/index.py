"""An exact index: the vectors of all documents, searched by inner product."""

import numpy as np
import torch
from torch import Tensor

from harness.tasks.retrieval.collection import I64

QUERIES = 512
"""How many queries are scored against all documents at a time."""


class Index:
    """The vectors of the corpus: F32[documents width]."""

    def __init__(self, vectors: Tensor) -> None:
        self._vectors = vectors

    @torch.inference_mode()
    def search(self, queries: Tensor, k: int, without: tuple[I64, I64] | None = None) -> I64:
        """I64[n k]: the documents with the largest inner product with queries F32[n width], best first.

        `without` holds pairs of query (its row among the n, ascending) and document that are left out. -1 where there
        are no more documents.
        """
        size = len(self._vectors)
        ranked = np.full((len(queries), k), -1, np.int64)
        for start in range(0, len(queries), QUERIES):
            chunk = queries[start : start + QUERIES]
            scores = chunk @ self._vectors.T
            if without is not None:
                here = slice(*np.searchsorted(without[0], (start, start + len(chunk))))
                rows, documents = torch.from_numpy(without[0][here] - start), torch.from_numpy(without[1][here])
                scores[rows, documents] = -torch.inf
            best, found = scores.topk(min(k, size), dim=1)
            found[best == -torch.inf] = -1
            ranked[start : start + len(chunk), : found.shape[1]] = found.cpu().numpy()
        return ranked
