"""Searches the names of the catalogue for a mention."""

from collections.abc import Sequence
from typing import Annotated

import bm25s
import numpy as np
from annotated_types import Ge, Le

from harness.run import Run
from harness.tasks.entity_linking import I64, NIL, Catalogue, EntityLinker, Mentions, NameSimilarity, TrainingSet


class Bm25Names(EntityLinker):
    """BM25 over words (Robertson and Zaragoza, 2009) in Lucene's form: the entities whose names are the best documents
    for the mention as a query. An entity is as good as its best name. Learns nothing from the linked mentions."""

    name = "bm25_names"
    search_space = {"k1": (0.3, 3.0), "b": [0.1, 0.25, 0.4, 0.55, 0.7, 0.85]}
    k1: Annotated[float, Ge(0)] = 0.9
    b: Annotated[float, Ge(0), Le(1)] = 0.4

    def fit(self, train: TrainingSet, run: Run) -> None:
        self.catalogue = train.catalogue
        self.index = bm25s.BM25(k1=self.k1, b=self.b)
        self.index.index(_words(train.catalogue.names), show_progress=False)

    def link(self, mentions: Mentions, k: int) -> I64:
        distinct, inverse = np.unique(np.array(mentions.surfaces, np.str_), return_inverse=True)
        ranked = np.full((len(distinct), k), NIL, np.int64)
        for row, words in enumerate(_words(distinct.tolist())):
            if known := [word for word in words if word in self.index.vocab_dict]:
                scores = np.full(self.catalogue.entities, -np.inf)
                np.maximum.at(scores, self.catalogue.owners, self.index.get_scores(known))
                best = np.argsort(-scores, kind="stable")[:k]
                ranked[row, : len(best)] = np.where(scores[best] > 0, best, NIL)
        return ranked[inverse]


class CharNgrams(EntityLinker):
    """The entities whose names have the most similar character 3-grams, weighted by TF-IDF. Learns nothing from the
    linked mentions."""

    name = "char_ngrams"

    def fit(self, train: TrainingSet, run: Run) -> None:
        self.names = NameSimilarity(train.catalogue)

    def link(self, mentions: Mentions, k: int) -> I64:
        return self.names.top([surface.lower() for surface in mentions.surfaces], k)

    def index_bytes(self, catalogue: Catalogue, run: Run) -> int:
        vectors = NameSimilarity(catalogue).vectors
        return int(vectors.data.nbytes + vectors.indices.nbytes + vectors.indptr.nbytes)


def _words(texts: Sequence[str]) -> list[list[str]]:
    tokens: list[list[str]] = bm25s.tokenize(
        list(texts), stopwords=None, token_pattern=r"\w+", show_progress=False, return_ids=False
    )
    return tokens
