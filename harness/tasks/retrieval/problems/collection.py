"""Documents, queries, and the judgements that say which document answers which query."""

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
"""The number of documents that are retrieved for a query: the cut-off of recall and of average precision."""


@dataclass(frozen=True, eq=False)
class Judgements:
    """Judged pairs of a query and a document, sorted by query and then by document.

    queries, documents: I64[p], rows of the list of queries and of the corpus. grades: I64[p]; 0 means judged to be
    irrelevant, and pairs that were not judged have grade 0, too. corpus: the number of documents.
    """

    queries: I64
    documents: I64
    grades: I64
    corpus: int

    @classmethod
    def of(cls, queries: I64, documents: I64, corpus: int, grades: I64 | None = None) -> Self:
        """Judgements from pairs in any order. Without `grades` all grades are 1; grades below 0 become 0. Of a pair
        that is given twice the first entry counts."""
        keys, first = np.unique(np.asarray(queries) * corpus + np.asarray(documents), return_index=True)
        kept_grades = np.ones(len(keys), np.int64) if grades is None else np.maximum(np.asarray(grades)[first], 0)
        columns = (keys // corpus, keys % corpus, kept_grades)
        read_only(*columns)
        return cls(*columns, corpus)

    def grade(self, queries: I64, documents: I64) -> I64:
        """I64[n m]: the grades of documents I64[n m] for queries I64[n]; 0 for document -1, which stands for no
        document."""
        keys = np.where(documents >= 0, queries[:, None] * self.corpus + documents, -1)
        entry = np.minimum(np.searchsorted(self._keys, keys), len(self._keys) - 1)
        grades: I64 = np.where(self._keys[entry] == keys, self.grades[entry], 0)
        return grades

    def relevant(self, queries: I64) -> tuple[I64, I64]:
        """The relevant documents of queries I64[n], as two arrays: each document's query, as a position among the n,
        and the document."""
        first, last = np.searchsorted(self.queries, queries), np.searchsorted(self.queries, queries, side="right")
        counts = last - first
        position = np.arange(len(queries)).repeat(counts)
        entry = np.arange(len(position)) + (first - (np.cumsum(counts) - counts))[position]
        is_relevant = self.grades[entry] > 0
        return position[is_relevant], self.documents[entry[is_relevant]]

    def joined(self, other: "Judgements") -> "Judgements":
        """The union with other judgements of the same queries and documents; where both judge a pair, these judgements
        count."""
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
        """The judgements of some queries I64[n] in rising order, which become rows 0 to n - 1."""
        row = np.minimum(np.searchsorted(queries, self.queries), len(queries) - 1)
        kept = queries[row] == self.queries
        return type(self).of(row[kept], self.documents[kept], self.corpus, self.grades[kept])

    @cached_property
    def _keys(self) -> I64:
        keys: I64 = self.queries * self.corpus + self.documents
        return keys


@dataclass(frozen=True, eq=False)
class TrainingSet:
    """The whole corpus, the training queries, and the documents that answer them (`positives`).

    `spared` are documents that might answer a query although nobody judged them to; they must not be its negatives
    either.
    """

    documents: Sequence[str]
    queries: Sequence[str]
    positives: Judgements
    spared: Judgements | None = None

    @cached_property
    def barred(self) -> Judgements:
        """The documents that must not be negatives of a query: those that answer it, and those that are spared."""
        return self.positives if self.spared is None else self.positives.joined(self.spared)

    @cached_property
    def corpus_digest(self) -> str:
        """The digest of the documents."""
        return digest(list(self.documents))

    @cached_property
    def queries_digest(self) -> str:
        """The digest of the training queries, their positives, and the documents that are barred from their
        negatives."""
        pairs = [
            array_digest({"queries": judged.queries, "documents": judged.documents})
            for judged in (self.positives, self.barred)
        ]
        return digest([list(self.queries), *pairs])


@dataclass(frozen=True, eq=False)
class Questions:
    """Queries that are searched for in the corpus of the training set, and their judgements, which entrants never
    see."""

    queries: Sequence[str]
    judgements: Judgements
