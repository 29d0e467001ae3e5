"""What a negative sampler may look at: the step, random and BM25 documents, the tower, and snapshots of its past."""

from collections import deque
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

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
"""How many refreshes back a snapshot is kept."""


class Batch(NamedTuple):
    """n training examples: rows of the queries I64[n], and for each the row of one document that answers it I64[n]."""

    queries: I64
    documents: I64


class View:
    """What a negative sampler may look at. Queries and documents are rows of the training queries and of the corpus.

    `step`: the steps done since the warm-up. `rng`: the sampler's own stream. `positives`: which documents answer
    which training queries; `barred`: which documents are no negatives of a query, these among them; the lists that the
    view hands out leave them out. `seconds`: spent on refreshing so far.
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
        self._indexed = INDEXES[index]
        self._snapshots: deque[Snapshot] = deque(maxlen=LONGEST_LAG + 1)

    @property
    def listed(self) -> int:
        """How many documents BM25's lists hold for a query."""
        return int(self._lists.shape[1])

    def allowed(self, queries: I64, documents: I64) -> Mask:
        """Bool[n m]: whether documents I64[n m] may be negatives of queries I64[n]."""
        allowed: Mask = self.barred.grade(queries, documents) == 0
        return allowed

    def random(self, queries: I64, m: int) -> I64:
        """I64[n m]: documents drawn uniformly from the corpus, with replacement."""
        corpus = self.positives.corpus
        drawn = self.rng.integers(corpus, size=(len(queries), m))
        while (taken := ~self.allowed(queries, drawn)).any():
            drawn[taken] = self.rng.integers(corpus, size=int(taken.sum()))
        return drawn

    def bm25(self, queries: I64, k: int) -> I64:
        """I64[n k]: the first k documents that BM25 finds, without those that are barred, best first; -1 where there
        are no more.

        Raises `ValueError` if k exceeds the length of the lists, the task's setting `bm25_depth`.
        """
        if k > self.listed:
            raise ValueError(f"BM25's lists hold {self.listed} documents a query, not {k}; lower the depth")
        listed = self._lists[queries, :k].astype(np.int64)
        listed[~self.allowed(queries, listed)] = -1
        order = np.argsort(listed < 0, axis=1, kind="stable")
        return np.take_along_axis(listed, order, axis=1)

    def refresh(self) -> None:
        """Encode the corpus and the training queries with the tower as it is now: the newest snapshot."""
        with self.seconds.on("encode"):
            documents, queries = self.encoder.all_documents(), self.encoder.all_queries()
        with self.seconds.on("search"):
            index = self._indexed(documents, self.encoder.passages)
        self._snapshots.append(Snapshot(self.step, index, queries, self.barred, self.seconds))

    def index(self) -> Index:
        """The corpus indexed with the tower as it is now, which is no snapshot."""
        return self._indexed(self.encoder.all_documents(), self.encoder.passages)

    def snapshot(self, lag: int = 0) -> Snapshot:
        """The snapshot taken `lag` refreshes before the newest; the oldest while there are fewer.

        Raises `ValueError` for a lag that is not kept, or before the first refresh.
        """
        if not 0 <= lag <= LONGEST_LAG:
            raise ValueError(f"lag = {lag} must lie between 0 and {LONGEST_LAG}")
        if not self._snapshots:
            raise ValueError("there is no snapshot yet: call view.refresh() first")
        return self._snapshots[max(0, len(self._snapshots) - 1 - lag)]

    def choose(self, queries: I64, pool: I64, m: int) -> I64:
        """I64[n m]: documents drawn uniformly, with replacement, from each row of pool I64[n p] (-1 = no further one).

        A query with an empty row gets random documents.
        """
        sizes = (pool >= 0).sum(axis=1)
        places = (self.rng.random((len(pool), m)) * sizes[:, None]).astype(np.int64)
        chosen = np.take_along_axis(pool, places, axis=1)
        empty = sizes == 0
        if empty.any():
            chosen[empty] = self.random(queries[empty], m)
        return chosen

    @torch.inference_mode()
    def scores(self, queries: I64, documents: I64) -> F32:
        """F32[n m]: training queries I64[n] against documents I64[m], each by its best passage, as the tower is now."""
        passages = self.encoder.passages.table[self._rows(documents)]
        scores = self.encoder.queries(self._rows(queries)) @ self.encoder.documents(passages.ravel()).T
        return scores.view(len(queries), *passages.shape).amax(dim=2).cpu().numpy()

    @torch.inference_mode()
    def query_vectors(self, queries: I64) -> F32:
        """F32[n width]: training queries as the tower encodes them now."""
        return self.encoder.queries(self._rows(queries)).cpu().numpy()

    @torch.inference_mode()
    def document_vectors(self, documents: I64) -> F32:
        """F32[n width]: the first passages of documents as the tower encodes them now."""
        return self.encoder.documents(self._rows(documents)).cpu().numpy()

    def _rows(self, rows: I64) -> Tensor:
        return torch.from_numpy(rows).to(self.encoder.device)
