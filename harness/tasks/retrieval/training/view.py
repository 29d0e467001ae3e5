"""`View`: what a negative sampler can use, which are random and BM25 documents, the tower, and snapshots of its
past."""

from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from harness.tasks.retrieval.models.encoder import Encoder
from harness.tasks.retrieval.models.hnsw import HnswIndex
from harness.tasks.retrieval.models.index import ExactIndex, Index, IndexKind
from harness.tasks.retrieval.problems.collection import I64, TrainingSet
from harness.tasks.retrieval.problems.passages import Passages
from harness.tasks.retrieval.training.snapshot import RefreshSeconds, Snapshot

F32 = NDArray[np.float32]
Mask = NDArray[np.bool_]

INDEXES: Final[Mapping[IndexKind, Callable[[Tensor, Passages], Index]]] = {"exact": ExactIndex, "hnsw": HnswIndex}

LONGEST_LAG: Final = 4
"""The number of refreshes for which a snapshot is kept."""


class Batch(NamedTuple):
    """n training examples: `queries` I64[n], rows of the training queries, and `documents` I64[n], a document that
    answers each of them."""

    queries: I64
    documents: I64


class View:
    """What a negative sampler can use. Queries and documents are rows of the training queries and of the corpus.

    `step`: the number of steps since the warm-up. `rng`: the sampler's own random stream. `positives`: which documents
    answer which training queries. `barred`: which documents must not be negatives of a query, including its positives;
    they are left out of all documents that the view returns. `seconds`: the time spent on refreshing so far.
    """

    def __init__(
        self,
        encoder: Encoder,
        lists: NDArray[np.int32],
        train: TrainingSet,
        rng: np.random.Generator,
        index: IndexKind = "exact",
    ) -> None:
        self.step = 0
        self.rng = rng
        self.positives = train.positives
        self.barred = train.barred
        self.seconds = RefreshSeconds()
        self.encoder = encoder
        self._lists = lists
        self._make_index = INDEXES[index]
        self._snapshots: deque[Snapshot] = deque(maxlen=LONGEST_LAG + 1)

    @property
    def listed(self) -> int:
        """The number of documents in BM25's list for a query."""
        return int(self._lists.shape[1])

    def allowed(self, queries: I64, documents: I64) -> Mask:
        """Bool[n m]: whether each of the documents I64[n m] may be a negative of its query, of queries I64[n]."""
        allowed: Mask = self.barred.grade(queries, documents) == 0
        return allowed

    def random(self, queries: I64, m: int) -> I64:
        """I64[n m]: documents drawn uniformly and with replacement from those that may be negatives of the query."""
        corpus = self.positives.corpus
        drawn = self.rng.integers(corpus, size=(len(queries), m))
        while (barred := ~self.allowed(queries, drawn)).any():
            drawn[barred] = self.rng.integers(corpus, size=int(barred.sum()))
        return drawn

    def bm25(self, queries: I64, k: int) -> I64:
        """I64[n k]: the documents among BM25's first k for the query that may be its negatives, best first; -1 after
        the last.

        Raises `ValueError` if k exceeds the length of the lists, which is the task's setting `bm25_depth`.
        """
        if k > self.listed:
            raise ValueError(f"BM25's lists hold {self.listed} documents a query, not {k}; lower the depth")
        listed = self._lists[queries, :k].astype(np.int64)
        listed[~self.allowed(queries, listed)] = -1
        order = np.argsort(listed < 0, axis=1, kind="stable")
        return np.take_along_axis(listed, order, axis=1)

    def refresh(self) -> None:
        """Take a snapshot: encode the corpus and the training queries with the current tower."""
        with self.seconds.on("encode"):
            documents, queries = self.encoder.all_documents(), self.encoder.all_queries()
        with self.seconds.on("search"):
            index = self._make_index(documents, self.encoder.passages)
        self._snapshots.append(Snapshot(self.step, index, queries, self.barred, self.seconds))

    def index(self) -> Index:
        """An index of the corpus by the current tower, without taking a snapshot."""
        return self._make_index(self.encoder.all_documents(), self.encoder.passages)

    def snapshot(self, lag: int = 0) -> Snapshot:
        """The snapshot that was taken `lag` refreshes before the newest one, or the oldest one while there are fewer.

        Raises `ValueError` for a lag for which no snapshots are kept, or before the first refresh.
        """
        if not 0 <= lag <= LONGEST_LAG:
            raise ValueError(f"lag = {lag} must lie between 0 and {LONGEST_LAG}")
        if not self._snapshots:
            raise ValueError("there is no snapshot yet: call view.refresh() first")
        return self._snapshots[max(0, len(self._snapshots) - 1 - lag)]

    def state_dict(self) -> dict[str, Any]:
        """What training changes of the view, apart from the tower and the random stream."""
        snapshots = [snapshot.state_dict() for snapshot in self._snapshots]
        return {"step": self.step, "seconds": {**vars(self.seconds)}, "snapshots": snapshots}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on from another state. Indexes are built again."""
        self.step = state_dict["step"]
        self._snapshots.clear()
        for saved in state_dict["snapshots"]:
            index = self._make_index(saved["documents"], self.encoder.passages)
            self._snapshots.append(Snapshot(saved["step"], index, saved["queries"], self.barred, self.seconds))
            self._snapshots[-1].load_lists(saved["lists"])
        vars(self.seconds).update(state_dict["seconds"])

    def choose(self, queries: I64, pool: I64, m: int) -> I64:
        """I64[n m]: documents drawn uniformly and with replacement from each row of `pool` I64[n p], in which -1
        follows the last document. A query with an empty row gets random documents."""
        sizes = (pool >= 0).sum(axis=1)
        columns = (self.rng.random((len(pool), m)) * sizes[:, None]).astype(np.int64)
        chosen = np.take_along_axis(pool, columns, axis=1)
        empty = sizes == 0
        if empty.any():
            chosen[empty] = self.random(queries[empty], m)
        return chosen

    @torch.inference_mode()
    def scores(self, queries: I64, documents: I64) -> F32:
        """F32[n m]: the current tower's scores of training queries I64[n] with documents I64[m], each document by its
        best passage."""
        passages = self.encoder.passages.table[self._rows(documents)]
        scores = self.encoder.queries(self._rows(queries)) @ self.encoder.documents(passages.ravel()).T
        return scores.view(len(queries), *passages.shape).amax(dim=2).cpu().numpy()

    @torch.inference_mode()
    def query_vectors(self, queries: I64) -> F32:
        """F32[n width]: the current tower's vectors of training queries."""
        return self.encoder.queries(self._rows(queries)).cpu().numpy()

    @torch.inference_mode()
    def document_vectors(self, documents: I64) -> F32:
        """F32[n width]: the current tower's vectors of the first passages of documents."""
        return self.encoder.documents(self._rows(documents)).cpu().numpy()

    def _rows(self, rows: I64) -> Tensor:
        return torch.from_numpy(rows).to(self.encoder.device)
