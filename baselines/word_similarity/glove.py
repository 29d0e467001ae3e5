"""GloVe: dense vectors whose products approximate the logarithms of co-occurrence counts."""

from itertools import pairwise
from typing import Annotated, Final

import numpy as np
from annotated_types import Ge, Gt
from numpy.typing import NDArray
from scipy.sparse import csr_array

from harness.run import Run
from harness.tasks.word_similarity import Corpus, WordEmbedder, cooccurrences

F32 = NDArray[np.float32]

ROWS_IN_CACHE: Final = 2048
"""The number of products of rows that are computed together, so that the rows, 100 wide, stay in the processor's
cache."""


class Glove(WordEmbedder):
    """Global vectors (Pennington, Socher & Manning, 2014).

    Weighted least squares: `f(X) (w_i w~_j + b_i + b~_j - log X_ij)^2` over all pairs of words that occur together,
    with `f(X) = (X / x_max)^alpha` up to 1. Two words at a distance d count 1/d. The vectors are w + w~.

    `dim`: the width of the vectors. `epochs`: of AdaGrad over the counts, which are made in one pass over the text.
    `batch`: the counts in a step, whose gradients are summed, fewer if an epoch would otherwise have less than
    `updates` steps. `lr`: of AdaGrad, whose sums of squares start from 1, as the authors' do.

    The authors' program makes a step for each count, in threads that share the vectors, and clips gradients. It adds
    squares after the step, and for the vectors these of the gradient times the rate, so that its steps shrink more
    slowly. Its defaults are a rate of 0.05 and an `x_max` of 100.
    """

    name = "glove"
    search_space = {"lr": (0.05, 1.0), "x_max": (3.0, 100.0), "epochs": (5, 30)}

    dim: Annotated[int, Gt(0)] = 100
    x_max: Annotated[float, Gt(0)] = 10.0
    alpha: Annotated[float, Ge(0)] = 0.75
    epochs: Annotated[int, Ge(0)] = 15
    batch: Annotated[int, Gt(0)] = 200_000
    updates: Annotated[int, Gt(0)] = 50
    lr: Annotated[float, Gt(0)] = 0.2

    def fit(self, train: Corpus, run: Run, /) -> None:
        """Counts in one pass over the text, then factorises the counts."""
        next(train.passes(run))
        counts = cooccurrences(train, [1 / distance for distance in range(1, train.radius + 1)])
        rng = run.rng("init")
        batches = split_counts(counts, max(self.updates, round(counts.nnz / self.batch)), rng)
        factors = Factors(counts.shape[0], self.dim, rng)
        for _ in range(self.epochs):
            loss = sum(factors.learn(batches[i], self) for i in rng.permutation(len(batches)))
            run.log(loss=loss / max(1, counts.nnz))
        self._table: F32 = factors.vectors()

    def vectors(self) -> F32:
        """F32[V dim]."""
        return self._table


class Factors:
    """The two tables of vectors and biases, and their AdaGrad.

    left: F32[V dim + 2], rows (w, b, 1); right: F32[V dim + 2], rows (w~, 1, b~). So the product of two rows is the
    model of a logarithm, and both gradients are products of a sparse matrix with the other table.
    """

    def __init__(self, words: int, dim: int, rng: np.random.Generator) -> None:
        drawn = (rng.random((2, words, dim + 1)) - 0.5) / dim
        self.left, self.right = np.ones((2, words, dim + 2), np.float32)
        self.left[:, :-1] = drawn[0]
        self.right[:, np.arange(dim + 2) != dim] = drawn[1]
        self._squares = np.ones((2, words, dim + 2), np.float32)

    def learn(self, counts: csr_array, options: Glove) -> float:
        """A step of AdaGrad on the summed loss of some counts F32[V V]. Returns half of this loss."""
        loss, left, right = self.gradients(counts, options.x_max, options.alpha)
        _descend(self.left, left, self._squares[0], options.lr)
        _descend(self.right, right, self._squares[1], options.lr)
        return loss

    def gradients(self, counts: csr_array, x_max: float, alpha: float) -> tuple[float, F32, F32]:
        """Half the sum of weighted squared errors over the counts, and its gradients for left and right F32[V dim + 2],
        which are 0 in the columns of ones."""
        rows = np.repeat(np.arange(counts.shape[0]), np.diff(counts.indptr))
        error = _products(self.left, rows, self.right, counts.indices) - np.log(counts.data)
        weighted = np.minimum(1, (counts.data / x_max) ** alpha) * error
        slopes = csr_array((weighted, counts.indices, counts.indptr), shape=counts.shape)
        left, right = slopes @ self.right, slopes.T @ self.left
        left[:, -1] = right[:, -2] = 0
        return float(weighted @ error) / 2, left, right

    def vectors(self) -> F32:
        """F32[V dim]: w + w~."""
        return self.left[:, :-2] + self.right[:, :-2]


def _products(left: F32, rows: NDArray[np.intp], right: F32, columns: NDArray[np.int32]) -> F32:
    """F32[n]: the products of n rows of the left table with n rows of the right table."""
    products = np.empty(len(rows), np.float32)
    for start in range(0, len(rows), ROWS_IN_CACHE):
        part = slice(start, start + ROWS_IN_CACHE)
        np.einsum("nd,nd->n", left[rows[part]], right[columns[part]], out=products[part])
    return products


def _descend(table: F32, gradient: F32, squares: F32, lr: float) -> None:
    """A step along a gradient, which is overwritten."""
    squares += gradient**2
    gradient *= lr
    gradient /= np.sqrt(squares)
    table -= gradient


def split_counts(counts: csr_array, parts: int, rng: np.random.Generator) -> list[csr_array]:
    """The counts as a sum of `parts` matrices with about equally many counts each, drawn at random."""
    part = rng.integers(parts, size=counts.nnz, dtype=np.uint16)
    order = np.argsort(part, kind="stable")  # keeps the order by row within each part
    rows = np.repeat(np.arange(counts.shape[0], dtype=np.int32), np.diff(counts.indptr))[order]
    data, columns = counts.data[order], counts.indices[order]
    ends = np.concatenate([[0], np.cumsum(np.bincount(part, minlength=parts))])
    return [
        csr_array((data[start:stop], (rows[start:stop], columns[start:stop])), shape=counts.shape)
        for start, stop in pairwise(ends)
    ]
