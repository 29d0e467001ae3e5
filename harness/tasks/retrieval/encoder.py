"""The encoder: a tower together with the tokens of what it encodes."""

from collections.abc import Sequence

import torch
from tokenizers import Tokenizer
from torch import Tensor

from harness.tasks.retrieval.tokens import tokenized
from harness.tasks.retrieval.tower import Tower
from harness.training import evaluating

ROWS = 512
"""How many texts are encoded at a time where no gradient is needed."""


class Encoder:
    """Vectors of documents and training queries by row, and of any other text, all F32[n width] on the tower's device.

    documents: I32[corpus L], queries: I32[training queries l], padded with 0.
    """

    def __init__(self, tower: Tower, tokenizer: Tokenizer, documents: Tensor, queries: Tensor) -> None:
        self.tower = tower
        self._tokenizer = tokenizer
        self._documents = documents
        self._queries = queries

    def documents(self, rows: Tensor) -> Tensor:
        """The vectors of these documents, with their gradient."""
        vectors: Tensor = self.tower(self._documents[rows])
        return vectors

    def queries(self, rows: Tensor) -> Tensor:
        """The vectors of these training queries, with their gradient."""
        vectors: Tensor = self.tower(self._queries[rows])
        return vectors

    def all_documents(self) -> Tensor:
        """The vectors of the corpus, without gradient."""
        return self._fixed(self._documents)

    def all_queries(self) -> Tensor:
        """The vectors of the training queries, without gradient."""
        return self._fixed(self._queries)

    def texts(self, texts: Sequence[str]) -> Tensor:
        """The vectors of texts as long as a query, without gradient."""
        tokens = tokenized(self._tokenizer, texts, self._queries.shape[1])
        return self._fixed(torch.from_numpy(tokens).to(self._documents.device))

    def _fixed(self, tokens: Tensor) -> Tensor:
        with evaluating(self.tower):
            return torch.cat([self.tower(rows) for rows in torch.split(tokens, ROWS)])
