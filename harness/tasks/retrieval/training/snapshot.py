"""A snapshot: the index of a checkpoint of the tower, from which later negatives are drawn."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor

from harness.tasks.retrieval.models.index import Index
from harness.tasks.retrieval.problems.collection import I64, Judgements
from harness.tasks.retrieval.problems.tokens import I32

UNSEARCHED: Final = -2


@dataclass
class RefreshSeconds:
    """The time that the refreshes of a run took together, by part. Building the index is part of the search."""

    encode: float = 0.0
    search: float = 0.0

    @contextmanager
    def on(self, part: str) -> Iterator[None]:
        """Adds the time of the block to a part."""
        start = time.perf_counter()
        yield
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        setattr(self, part, getattr(self, part) + time.perf_counter() - start)


class Snapshot:
    """The index of a checkpoint, and its vectors of the training queries. `step` is the step at which it was taken."""

    def __init__(self, step: int, index: Index, queries: Tensor, barred: Judgements, seconds: RefreshSeconds) -> None:
        self.step = step
        self._index = index
        self._queries = queries
        self._barred = barred
        self._seconds = seconds
        self._lists: dict[int, I32] = {}

    def nearest(self, queries: I64, k: int) -> I64:
        """I64[n k]: for training queries I64[n] the k documents that the checkpoint scores highest, best first; -1
        after the last.

        Documents that are barred from the query's negatives are left out. The documents of a query are searched for
        when they are first needed, and then kept.
        """
        lists = self._lists.setdefault(k, np.full((len(self._queries), k), UNSEARCHED, np.int32))
        new = np.unique(queries[lists[queries, 0] == UNSEARCHED])
        if len(new):
            with self._seconds.on("search"):
                vectors = self._queries[torch.from_numpy(new).to(self._queries.device)]
                lists[new] = self._index.search(vectors, k, without=self._barred.relevant(new))
        return lists[queries].astype(np.int64)

    def state_dict(self) -> dict[str, Any]:
        """What was encoded, and what has been searched for."""
        lists = {k: torch.from_numpy(found) for k, found in self._lists.items()}
        return {"step": self.step, "documents": self._index.vectors, "queries": self._queries, "lists": lists}

    def load_lists(self, lists: Mapping[int, Tensor]) -> None:
        """Take over what another snapshot of the same checkpoint has searched for."""
        self._lists = {k: found.numpy() for k, found in lists.items()}
