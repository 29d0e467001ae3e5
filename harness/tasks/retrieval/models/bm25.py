"""BM25, which is both a retriever and a source of negatives."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import bm25s
import numpy as np

from harness.core.artefacts import Recipe
from harness.tasks.retrieval.problems.collection import I64


@dataclass(frozen=True)
class Bm25Options:
    """The options of BM25 in Lucene's form of Robertson's formula: saturation `k1` and length normalisation `b`.

    English stop words are left out. `stem` reduces words to stems by Porter's second (Snowball) algorithm.
    """

    k1: float = 1.5
    b: float = 0.75
    stem: bool = False


class Bm25:
    """An index over documents. Stemming needs the package PyStemmer."""

    def __init__(self, documents: Sequence[str], options: Bm25Options) -> None:
        self._size = len(documents)
        self._stemmer = None
        if options.stem:
            import Stemmer

            self._stemmer = Stemmer.Stemmer("english")
        self._index = bm25s.BM25(k1=options.k1, b=options.b)
        self._index.index(self._tokens(documents), show_progress=False)

    def top(self, queries: Sequence[str], k: int) -> I64:
        """I64[n k]: the documents with the highest scores, best first; -1 after the last document that shares a word
        with the query."""
        # By default bm25s selects by JAX where it is installed, on its devices and with another order of ties.
        documents, scores = self._index.retrieve(
            self._tokens(queries), k=min(k, self._size), show_progress=False, backend_selection="numpy"
        )
        ranked = np.full((len(queries), k), -1, np.int64)
        ranked[:, : documents.shape[1]] = np.where(scores > 0, documents, -1)
        return ranked

    def _tokens(self, texts: Sequence[str]) -> bm25s.tokenization.Tokenized:
        return bm25s.tokenize(list(texts), stopwords="en", stemmer=self._stemmer, show_progress=False)


@dataclass(frozen=True, kw_only=True)
class Bm25Lists(Recipe):
    """The recipe of `lists`, I32[queries depth]: for each training query the documents that BM25 ranks highest, best
    first; -1 after the last.

    `corpus` is the digest of the documents and `training_queries` that of the queries.
    """

    corpus: str
    training_queries: str
    depth: int
    documents: Sequence[str] = field(compare=False, repr=False)
    queries: Sequence[str] = field(compare=False, repr=False)

    def build(self) -> dict[str, np.ndarray]:
        """Searches the corpus for every query."""
        return {"lists": Bm25(self.documents, Bm25Options()).top(self.queries, self.depth).astype(np.int32)}
