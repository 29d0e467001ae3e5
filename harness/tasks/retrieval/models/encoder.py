"""The encoder: a tower together with the tokens of the texts that it encodes."""

from collections.abc import Sequence

import torch
from tokenizers import Tokenizer
from torch import Tensor

from harness.nn.training import evaluating
from harness.tasks.retrieval.models.tower import Tower
from harness.tasks.retrieval.problems.passages import Passages
from harness.tasks.retrieval.problems.tokens import tokenize

ENCODE_BATCH = 512
"""The number of texts that are encoded at a time where no gradient is needed."""


class Encoder:
    """Computes the vectors of passages and training queries by row, and of any other text, all F32[n width] on the
    tower's device.

    The first passage of a document has the document's row. queries: I32[training queries l], padded with 0.
    """

    def __init__(self, tower: Tower, tokenizer: Tokenizer, passages: Passages, queries: Tensor) -> None:
        self.tower = tower
        self.passages = passages
        self._tokenizer = tokenizer
        self._queries = queries

    @property
    def device(self) -> torch.device:
        """The device of the tower and of all tokens."""
        return self._queries.device

    def documents(self, rows: Tensor) -> Tensor:
        """The vectors of the given passages, with their gradient."""
        vectors: Tensor = self.tower(self.passages.tokens[rows])
        return vectors

    def queries(self, rows: Tensor) -> Tensor:
        """The vectors of the given training queries, with their gradient."""
        vectors: Tensor = self.tower(self._queries[rows])
        return vectors

    def all_documents(self) -> Tensor:
        """The vectors of all passages, without gradient."""
        return self._without_gradient(self.passages.tokens)

    def all_queries(self) -> Tensor:
        """The vectors of the training queries, without gradient."""
        return self._without_gradient(self._queries)

    def texts(self, texts: Sequence[str]) -> Tensor:
        """The vectors of texts, which are cut off at the length of a query, without gradient."""
        tokens = tokenize(self._tokenizer, texts, self._queries.shape[1])
        return self._without_gradient(torch.from_numpy(tokens).to(self.device))

    @torch.no_grad()
    def best_passages(self, queries: Tensor, documents: Tensor) -> Tensor:
        """I64[n m]: for each of the documents I64[n m] the passage that its query, of queries F32[n width], scores
        highest. The gradient of a document's score is that of the score of its best passage."""
        if self.passages.most == 1:
            return documents
        rows = self.passages.table[documents]
        distinct, inverse = torch.unique(rows, return_inverse=True)
        scores = torch.einsum("nw,nmpw->nmp", queries, self.documents(distinct)[inverse])
        return rows.gather(2, scores.argmax(dim=2, keepdim=True)).squeeze(2)

    def _without_gradient(self, tokens: Tensor) -> Tensor:
        with evaluating(self.tower):
            return torch.cat([self.tower(rows) for rows in torch.split(tokens, ENCODE_BATCH)])
