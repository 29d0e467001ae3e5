"""How similar names are to other texts, by the sequences of characters that they share."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer

from harness.tasks.entity_linking.problems.mentions import I64, NIL, Catalogue

CHUNK: Final = 256
"""The number of texts that are compared with all names at a time."""


class NameSimilarity:
    """Compares texts with the names of a catalogue by the cosine of their character 3-grams, weighted by TF-IDF, within
    words and in lower case."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._vectorizer = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 3), dtype=np.float32)
        self.vectors = self._vectorizer.fit_transform(catalogue.names)
        self._transposed = self.vectors.T.tocsr()

    def top(self, texts: Sequence[str], k: int) -> I64:
        """I64[n k]: the entities with the most similar names, best first (of equal ones the first); NIL after the last
        one that has anything in common with the text."""
        distinct, inverse = np.unique(np.array(texts, np.str_), return_inverse=True)
        found = np.full((len(distinct), k), NIL, np.int64)
        for start in range(0, len(distinct), CHUNK):
            rows = self._vectorizer.transform(distinct[start : start + CHUNK].tolist()) @ self._transposed
            for i, (first, last) in enumerate(zip(rows.indptr[:-1], rows.indptr[1:], strict=True), start):
                best = _best(self._catalogue.owners[rows.indices[first:last]], rows.data[first:last], k)
                found[i, : len(best)] = best
        return found[inverse]


def _best(owners: I64, scores: np.ndarray, k: int) -> I64:
    """At most k distinct owners, those of the highest scores first."""
    order = np.lexsort((owners, -scores.round(6)))
    owners = owners[order]
    _, first = np.unique(owners, return_index=True)
    first.sort()
    best: I64 = owners[first[:k]]
    return best
