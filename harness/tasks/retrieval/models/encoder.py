"""The encoder: a tower together with the tokens of what it encodes."""

from collections.abc import Sequence

import torch
from tokenizers import Tokenizer
from torch import Tensor

from harness.core.training import evaluating
from harness.tasks.retrieval.models.tower import Tower
from harness.tasks.retrieval.problems.passages import Passages
from harness.tasks.retrieval.problems.tokens import tokenized

ROWS = 512
"""How many texts are encoded at a time where no gradient is needed."""


class Encoder:
    """Vectors of passages and training queries by row, and of any other text, all F32[n width] on the tower's device.

    A document's first passage has the document's row. queries: I32[training queries l], padded with 0.
    """

    def __init__(self, tower: Tower, tokenizer: Tokenizer, passages: Passages, queries: Tensor) -> None:
        self.tower = tower
        self.passages = passages
        self._tokenizer = tokenizer
        self._queries = queries

    @property
    def device(self) -> torch.device:
        """Where the tower and all tokens are."""
        return self._queries.device

    def documents(self, rows: Tensor) -> Tensor:
        """The vectors of these passages, with their gradient."""
        vectors: Tensor = self.tower(self.passages.tokens[rows])
        return vectors

    def queries(self, rows: Tensor) -> Tensor:
        """The vectors of these training queries, with their gradient."""
        vectors: Tensor = self.tower(self._queries[rows])
        return vectors

    def all_documents(self) -> Tensor:
        """The vectors of all passages, without gradient."""
        return self._fixed(self.passages.tokens)

    def all_queries(self) -> Tensor:
        """The vectors of the training queries, without gradient."""
        return self._fixed(self._queries)

    def texts(self, texts: Sequence[str]) -> Tensor:
        """The vectors of texts as long as a query, without gradient."""
        tokens = tokenized(self._tokenizer, texts, self._queries.shape[1])
        return self._fixed(torch.from_numpy(tokens).to(self.device))

    @torch.no_grad()
    def best_passages(self, queries: Tensor, documents: Tensor) -> Tensor:
        """I64[n m]: of documents I64[n m] the passages that queries F32[n width] score highest. The gradient of a
        document's score is that of its best passage's."""
        if self.passages.most == 1:
            return documents
        rows = self.passages.table[documents]
        distinct, place = torch.unique(rows, return_inverse=True)
        scores = torch.einsum("nw,nmpw->nmp", queries, self.documents(distinct)[place])
        return rows.gather(2, scores.argmax(dim=2, keepdim=True)).squeeze(2)

    def _fixed(self, tokens: Tensor) -> Tensor:
        with evaluating(self.tower):
            return torch.cat([self.tower(rows) for rows in torch.split(tokens, ROWS)])
