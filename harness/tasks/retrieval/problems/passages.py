"""Passages: documents cut into pieces that the tower can read."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from torch import Tensor

from harness.tasks.retrieval.problems.tokens import I32, PAD


@dataclass(frozen=True, eq=False)
class Passages:
    """The passages of all documents.

    tokens: I32[passages L], padded with 0. The first passages come first, so that document d begins in row d; then come
    the second ones of the documents that have one, and so on. documents: I64[passages], whose passage it is. table:
    I64[corpus p], the rows of each document's passages, best read as a set: where one is missing the first is repeated.
    """

    tokens: Tensor
    documents: Tensor
    table: Tensor

    @classmethod
    def cut(cls, tokens: I32, length: int, device: str = "cpu") -> Self:
        """Passages of `length` tokens from documents I32[corpus, n x length]; an empty one counts only as the first."""
        pieces = tokens.reshape(len(tokens), -1, length).swapaxes(0, 1)
        there = (pieces != PAD).any(axis=2)
        there[0] = True
        longest = int(there.any(axis=1).sum())
        pieces, there = pieces[:longest], there[:longest]
        table = np.zeros(there.shape, np.int64)
        table[there] = np.arange(there.sum())
        table = np.where(there, table, table[0])
        parts = (pieces[there], there.nonzero()[1], table.T.copy())
        return cls(*(torch.from_numpy(part).to(device) for part in parts))

    @property
    def corpus(self) -> int:
        """How many documents there are."""
        return len(self.table)

    @property
    def most(self) -> int:
        """The most passages of a document."""
        return int(self.table.shape[1])

    def best(self, scores: Tensor) -> Tensor:
        """F32[n corpus]: the score of each document's best passage, from those of all passages, F32[n passages]."""
        best = scores[:, : self.corpus]
        if self.most > 1:
            further = self.documents[self.corpus :].expand(len(scores), -1)
            best = best.scatter_reduce(1, further, scores[:, self.corpus :], "amax")
        return best
