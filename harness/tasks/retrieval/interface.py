"""What an entrant of the task implements: `Retriever`, or the component `NegativeSampler`."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal, NamedTuple, final

import numpy as np
import torch
from annotated_types import Ge, Gt

from harness.core.entrant import Entrant, capability
from harness.run import Run
from harness.tasks.retrieval.models.bm25 import Bm25, Bm25Options
from harness.tasks.retrieval.models.hnsw import load_faiss
from harness.tasks.retrieval.models.index import Index
from harness.tasks.retrieval.problems.collection import DEPTH, I64, Judgements, Questions, TrainingSet
from harness.tasks.retrieval.training.contrast import contrast
from harness.tasks.retrieval.training.snapshot import Snapshot
from harness.tasks.retrieval.training.trace import Trace
from harness.tasks.retrieval.training.view import Batch, View
from harness.tasks.retrieval.training.warmup import ConstantSettings, warmed_up

__all__ = [
    "I64",
    "Batch",
    "Bm25",
    "Bm25Options",
    "Diagnostics",
    "Judgements",
    "NegativeSampler",
    "Questions",
    "Retriever",
    "Snapshot",
    "TrainingSet",
    "View",
]


class Diagnostics(NamedTuple):
    """The diagnostics of a dense retriever's training.

    overlap: the share of the last negatives that are among the 100 documents that the tower now ranks highest for their
    query. gradient_norms: means over the last steps by part of the tower. refresh_s: total seconds by part of the
    refreshes.
    """

    overlap: float
    gradient_norms: dict[str, float]
    refresh_s: dict[str, float]


class Retriever(Entrant):
    """Finds the documents that answer a query."""

    @abstractmethod
    def fit(self, train: TrainingSet, run: Run) -> None:
        """Learn from the corpus and the answered queries, and index the corpus. Each pair of a query and a document is
        drawn through `run.draw` at a cost of one example."""

    @abstractmethod
    def search(self, queries: Sequence[str], k: int) -> I64:
        """I64[n k]: for each query the rows of k distinct documents, best first; -1 after the last result."""

    @capability
    def diagnostics(self) -> Diagnostics:
        """The diagnostics of the training up to now."""
        raise NotImplementedError


class NegativeSampler(Retriever):
    """A two-tower retriever with open training negatives.

    The tower, its warm-up with BM25 negatives, batches, steps, optimizer and loss are fixed by the task and the same
    for every sampler.

    `passages`: a document is read as up to this many passages of `document_tokens` tokens each (a setting), and its
    score in training, refreshes and search is that of its best passage (MaxP; Dai and Callan, 2019). With 1, only the
    beginning of a document is read (FirstP), which is also all that the warm-up reads. `index`: whether refreshes and
    searches compare with all vectors or walk a graph of near vectors, which faiss builds. `lr`: the learning rate after
    the warm-up; None stands for the task's setting.
    """

    passages: Annotated[int, Ge(1)] = 1
    index: Literal["exact", "hnsw"] = "exact"
    lr: Annotated[float, Gt(0)] | None = None
    search_space: ClassVar[Mapping[str, Any]] = {
        "lr": [1e-4, 1.4e-4, 2e-4, 3e-4, 4e-4, 6e-4, 8e-4, 1.2e-3, 1.6e-3, 2.4e-3, 3e-3, 4e-3, 6e-3, 8e-3, 1.2e-2]
    }

    @abstractmethod
    def negatives(self, batch: Batch, view: View) -> I64:
        """I64[n m]: for each example of the batch the rows of m documents that do not answer its query.

        Called before each step, when `view.step` steps are done. m may change from step to step.
        """

    @final
    def fit(self, train: TrainingSet, run: Run) -> None:
        """Train the tower after the shared warm-up with `negatives`, and index the corpus."""
        settings = ConstantSettings.of(run.settings)
        if self.index == "hnsw":
            load_faiss()
        self._trace = Trace()
        self._view = warmed_up(train, run, passages=self.passages, index=self.index)
        self._indexed: tuple[int, Index] | None = None
        self.tower = self._view.encoder.tower
        contrast(
            self._view,
            self.negatives,
            run,
            self._trace,
            batch=settings.batch,
            options=settings.training(self.lr or settings.lr),
        )
        self._index()

    @final
    def search(self, queries: Sequence[str], k: int) -> I64:
        """The documents with the largest inner product with each query."""
        return self._index().search(self._view.encoder.texts(queries), k)

    @final
    def diagnostics(self) -> Diagnostics:
        """The diagnostics of the last batches, which need one search for their queries."""
        overlaps = []
        for queries, negatives in self._trace.negatives():
            with torch.inference_mode():
                vectors = self._view.encoder.queries(torch.from_numpy(queries).to(self._view.encoder.device))
            nearest = self._index().search(vectors, DEPTH)
            overlaps.append((negatives[:, :, None] == nearest[:, None, :]).any(axis=2).mean())
        return Diagnostics(float(np.mean(overlaps)), self._trace.gradient_norms(), dict(vars(self._view.seconds)))

    def _index(self) -> Index:
        """The index of the current tower."""
        if self._indexed is None or self._indexed[0] != self._view.step:
            self._indexed = (self._view.step, self._view.index())
        return self._indexed[1]
