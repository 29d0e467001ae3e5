"""Positive pointwise mutual information, factorised: dense vectors from counts."""

from typing import Annotated

import numpy as np
from annotated_types import Ge, Gt
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.linalg import svds

from harness.run import Run
from harness.tasks.word_similarity import Corpus, WordEmbedder, cooccurrences


class Ppmi(WordEmbedder):
    """Positive pointwise mutual information, reduced by SVD (Levy & Goldberg, 2014).

    `dim`: the number of singular vectors that are kept. `power`: the power of the singular values that weights them.
    `smoothing`: the exponent of the contexts' counts; below 1 it reduces the weight of rare contexts (Levy, Goldberg &
    Dagan, 2015).
    """

    name = "ppmi"
    search_space = {"power": [0.0, 0.25, 0.5, 0.75, 1.0], "smoothing": [0.25, 0.5, 0.75, 1.0]}

    dim: Annotated[int, Gt(0)] = 100
    power: Annotated[float, Ge(0)] = 0.5
    smoothing: Annotated[float, Gt(0)] = 0.75

    def fit(self, train: Corpus, run: Run, /) -> None:
        """Counts in one pass and factorises the counts; further passes would give the same counts."""
        next(train.passes(run))
        matrix = positive_pmi(cooccurrences(train, [1.0] * train.radius), self.smoothing)
        start = run.rng("init").standard_normal(matrix.shape[0]).astype(matrix.dtype)
        left, values, _ = svds(matrix, k=min(self.dim, matrix.shape[0] - 1), v0=start)
        self._table: NDArray[np.float32] = (left * values**self.power).astype(np.float32)

    def vectors(self) -> NDArray[np.float32]:
        """F32[V dim]: the vectors; zeros for words that occur near no other word."""
        return self._table


def positive_pmi(counts: csr_array, smoothing: float) -> csr_array:
    """F32[V V]: `max(0, log(p(w, c) / (p(w) p(c))))`, with p(c) in proportion to the count of the context to the power
    `smoothing`."""
    words = np.asarray(counts.sum(axis=1), np.float64).ravel()
    contexts = np.asarray(counts.sum(axis=0), np.float64).ravel() ** smoothing
    rows = np.repeat(np.arange(counts.shape[0]), np.diff(counts.indptr))
    ratio = counts.data * (contexts.sum() / (words[rows] * contexts[counts.indices]))
    positive = csr_array((np.log(ratio).astype(np.float32), counts.indices, counts.indptr), shape=counts.shape)
    positive.data[positive.data < 0] = 0
    positive.eliminate_zeros()
    return positive
