"""What is searched and asked: documents, queries, and the judgements that say which document answers which query."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray

from harness.core.canonical import array_digest, digest
from harness.core.task import read_only

I64 = NDArray[np.int64]

DEPTH = 100
"""How many documents are retrieved for a query: the cut-off of recall and of average precision."""


@dataclass(frozen=True, eq=False)
class Judgements:
    """Judged pairs of query and document, one an entry, in order of query, then document.

    queries, documents: I64[p], rows of the list of queries and of the corpus. grades: I64[p], 0 = judged irrelevant.
    corpus: how many documents there are. A pair that was not judged has grade 0.
    """

    queries: I64
    documents: I64
    grades: I64
    corpus: int

    @classmethod
    def of(cls, queries: I64, documents: I64, corpus: int, grades: I64 | None = None) -> Self:
        """Judgements from pairs in any order; without `grades` all are 1, those below 0 become 0. Of a pair given twice
        the first counts."""
        keys, first = np.unique(np.asarray(queries) * corpus + np.asarray(documents), return_index=True)
        chosen = np.ones(len(keys), np.int64) if grades is None else np.maximum(np.asarray(grades)[first], 0)
        columns = (keys // corpus, keys % corpus, chosen)
        read_only(*columns)
        return cls(*columns, corpus)

    def grade(self, queries: I64, documents: I64) -> I64:
        """I64[n m]: the grade of documents I64[n m] for queries I64[n]; 0 for document -1 (none)."""
        wanted = np.where(documents >= 0, queries[:, None] * self.corpus + documents, -1)
        place = np.minimum(np.searchsorted(self._keys, wanted), len(self._keys) - 1)
        grades: I64 = np.where(self._keys[place] == wanted, self.grades[place], 0)
        return grades

    def relevant(self, queries: I64) -> tuple[I64, I64]:
        """The relevant documents of queries I64[n], as two arrays: position of the query among the n, document."""
        first, last = np.searchsorted(self.queries, queries), np.searchsorted(self.queries, queries, side="right")
        counts = last - first
        position = np.arange(len(queries)).repeat(counts)
        entry = np.arange(len(position)) + (first - (np.cumsum(counts) - counts))[position]
        hit = self.grades[entry] > 0
        return position[hit], self.documents[entry[hit]]

    def joined(self, other: "Judgements") -> "Judgements":
        """These judgements and those of another list over the same rows; where both judge a pair, these count."""
        queries, documents, grades = (
            np.concatenate(columns)
            for columns in (
                (self.queries, other.queries),
                (self.documents, other.documents),
                (self.grades, other.grades),
            )
        )
        return Judgements.of(queries, documents, self.corpus, grades)

    def of_queries(self, queries: I64) -> Self:
        """The judgements of some queries I64[n], ascending, which become rows 0 to n - 1."""
        place = np.minimum(np.searchsorted(queries, self.queries), len(queries) - 1)
        kept = queries[place] == self.queries
        return type(self).of(place[kept], self.documents[kept], self.corpus, self.grades[kept])

    @cached_property
    def _keys(self) -> I64:
        keys: I64 = self.queries * self.corpus + self.documents
        return keys


@dataclass(frozen=True, eq=False)
class TrainingSet:
    """The whole corpus, the training queries, and the documents that answer them (`positives`, rows of both).

    `spared`: documents that might answer a query though nobody said so, and are not to be its negatives either.
    """

    documents: Sequence[str]
    queries: Sequence[str]
    positives: Judgements
    spared: Judgements | None = None

    @cached_property
    def barred(self) -> Judgements:
        """The documents that are no negatives of a query: those that answer it, and those that are spared."""
        return self.positives if self.spared is None else self.positives.joined(self.spared)

    @cached_property
    def corpus_digest(self) -> str:
        """Digest of the documents."""
        return digest(list(self.documents))

    @cached_property
    def queries_digest(self) -> str:
        """Digest of the training queries, their positives, and what is barred from their negatives."""
        pairs = [
            array_digest({"queries": judged.queries, "documents": judged.documents})
            for judged in (self.positives, self.barred)
        ]
        return digest([list(self.queries), *pairs])


@dataclass(frozen=True, eq=False)
class Questions:
    """Queries to be searched for in the corpus of the training set, and their judgements (never shown to entrants)."""

    queries: Sequence[str]
    judgements: Judgements
