"""An approximate index: a hierarchical navigable small world graph (Malkov and Yashunin, 2020), by faiss."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Final

import numpy as np
import torch
from torch import Tensor

from harness.core.errors import UserError
from harness.tasks.retrieval.models.index import Index
from harness.tasks.retrieval.problems.collection import I64
from harness.tasks.retrieval.problems.passages import Passages

LINKS: Final = 32
"""The number of neighbours of a vector in the graph (M)."""

BUILD_BREADTH: Final = 40
"""The number of candidates that are examined when a vector is added (efConstruction)."""

SEARCH_BREADTH: Final = 2
"""The number of candidates that are examined for each returned one (efSearch)."""


def load_faiss() -> ModuleType:
    """The library faiss. Raises `UserError` with the command that installs it if it is missing."""
    try:
        import faiss as library
    except ImportError as error:
        raise UserError(
            "index = 'hnsw' needs faiss, which is not installed: pip install 'tenfold-bench[text]'"
        ) from error
    return library


class HnswIndex(Index):
    """An index whose search walks a graph to ever nearer vectors, and may miss some of the nearest.

    It is on the processor, wherever the vectors come from. It is built by a single thread, because several threads
    would build another graph each time.
    """

    def __init__(self, vectors: Tensor, passages: Passages) -> None:
        library = load_faiss()
        self._documents = passages.documents.cpu().numpy()
        self._corpus = passages.corpus
        self._most = passages.most
        self._graph = library.IndexHNSWFlat(vectors.shape[1], LINKS, library.METRIC_INNER_PRODUCT)
        self._graph.hnsw.efConstruction = BUILD_BREADTH
        with _one_thread(library):
            self._graph.add(vectors.cpu().numpy())

    @property
    def vectors(self) -> Tensor:
        return torch.from_numpy(self._graph.reconstruct_n(0, self._graph.ntotal))

    def search(self, queries: Tensor, k: int, without: tuple[I64, I64] | None = None) -> I64:
        excluded = 0 if without is None else int(np.bincount(without[0], minlength=1).max())
        passages = min((k + excluded) * self._most, len(self._documents))
        self._graph.hnsw.efSearch = SEARCH_BREADTH * passages
        nearest = self._graph.search(queries.cpu().numpy(), passages)[1]
        documents = np.where(nearest >= 0, self._documents[nearest], -1)
        dropped = documents < 0
        if self._most > 1:
            dropped |= _is_repeated(documents)
        if without is not None:
            keys = np.arange(len(queries))[:, None] * self._corpus + documents
            dropped |= np.isin(keys, without[0] * self._corpus + without[1])
        order = np.argsort(dropped, axis=1, kind="stable")[:, :k]
        ranked = np.full((len(queries), k), -1, np.int64)
        ranked[:, : order.shape[1]] = np.take_along_axis(np.where(dropped, -1, documents), order, axis=1)
        return ranked


def _is_repeated(rows: I64) -> np.ndarray:
    """Bool[n m]: whether a value also occurs further left in its row."""
    order = np.argsort(rows, axis=1, kind="stable")
    ordered = np.take_along_axis(rows, order, axis=1)
    repeated = np.zeros(rows.shape, bool)
    np.put_along_axis(repeated, order[:, 1:], ordered[:, 1:] == ordered[:, :-1], axis=1)
    return repeated


@contextmanager
def _one_thread(library: ModuleType) -> Iterator[None]:
    threads = library.omp_get_max_threads()
    library.omp_set_num_threads(1)
    try:
        yield
    finally:
        library.omp_set_num_threads(threads)
