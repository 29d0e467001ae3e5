"""Passages: pieces of documents that are as long as the tower can read."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from torch import Tensor

from harness.tasks.retrieval.problems.tokens import I32, PAD


@dataclass(frozen=True, eq=False)
class Passages:
    """The passages of all documents.

    tokens: I32[passages L], padded with 0. The first passages of all documents come first, so that document d begins in
    row d; the second passages of the documents that have one follow, and so on. documents: I64[passages], the document
    of each passage. table: I64[corpus p], the set of rows of each document's passages; where a document has fewer than
    p, its first one is repeated.
    """

    tokens: Tensor
    documents: Tensor
    table: Tensor

    @classmethod
    def cut(cls, tokens: I32, length: int, device: str = "cpu") -> Self:
        """Passages of `length` tokens from documents I32[corpus, n x length]. Empty passages are left out, except first
        ones."""
        pieces = tokens.reshape(len(tokens), -1, length).swapaxes(0, 1)
        exists = (pieces != PAD).any(axis=2)
        exists[0] = True
        most = int(exists.any(axis=1).sum())
        pieces, exists = pieces[:most], exists[:most]
        table = np.zeros(exists.shape, np.int64)
        table[exists] = np.arange(exists.sum())
        table = np.where(exists, table, table[0])
        parts = (pieces[exists], exists.nonzero()[1], table.T.copy())
        return cls(*(torch.from_numpy(part).to(device) for part in parts))

    @property
    def corpus(self) -> int:
        """The number of documents."""
        return len(self.table)

    @property
    def most(self) -> int:
        """The largest number of passages of a document."""
        return int(self.table.shape[1])

    def best(self, scores: Tensor) -> Tensor:
        """F32[n corpus]: the score of each document's best passage, from those of all passages, F32[n passages]."""
        best = scores[:, : self.corpus]
        if self.most > 1:
            document = self.documents[self.corpus :].expand(len(scores), -1)
            best = best.scatter_reduce(1, document, scores[:, self.corpus :], "amax")
        return best
