"""An approximate index: a hierarchical navigable small world graph (Malkov and Yashunin, 2020), as faiss has it."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Final

import numpy as np
from torch import Tensor

from harness.core.errors import UserError
from harness.tasks.retrieval.models.index import Index
from harness.tasks.retrieval.problems.collection import I64
from harness.tasks.retrieval.problems.passages import Passages

LINKS: Final = 32
"""Neighbours of a vector in the graph (M)."""

BUILD_BREADTH: Final = 40
"""Candidates that are looked at when a vector is added (efConstruction)."""

SEARCH_BREADTH: Final = 2
"""Candidates that are looked at for each one that is returned (efSearch)."""


def load_faiss() -> ModuleType:
    """The library. Raises `UserError` with the command that installs it."""
    try:
        import faiss as library
    except ImportError as error:
        raise UserError(
            "index = 'hnsw' needs faiss, which is not installed: pip install 'tenfold-bench[text]'"
        ) from error
    return library


class HnswIndex(Index):
    """The graph is walked from near to nearer vectors; some of the nearest may be missed.

    It lies on the processor wherever the vectors come from, and is built by one thread: more would make it another one
    each time.
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

    def search(self, queries: Tensor, k: int, without: tuple[I64, I64] | None = None) -> I64:
        spare = 0 if without is None else int(np.bincount(without[0], minlength=1).max())
        passages = min((k + spare) * self._most, len(self._documents))
        self._graph.hnsw.efSearch = SEARCH_BREADTH * passages
        found = self._graph.search(queries.cpu().numpy(), passages)[1]
        documents = np.where(found >= 0, self._documents[found], -1)
        dropped = documents < 0
        if self._most > 1:
            dropped |= _repeated(documents)
        if without is not None:
            places = np.arange(len(queries))[:, None] * self._corpus + documents
            dropped |= np.isin(places, without[0] * self._corpus + without[1])
        order = np.argsort(dropped, axis=1, kind="stable")[:, :k]
        ranked = np.full((len(queries), k), -1, np.int64)
        ranked[:, : order.shape[1]] = np.take_along_axis(np.where(dropped, -1, documents), order, axis=1)
        return ranked


def _repeated(rows: I64) -> np.ndarray:
    """Bool[n m]: whether a value stands further left in its row as well."""
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
