"""BM25 as a retriever."""

from collections.abc import Sequence
from typing import Annotated

from annotated_types import Ge, Le

from harness.run import Run
from harness.tasks.retrieval import I64, Bm25, Bm25Options, Retriever, TrainingSet


class Bm25Retriever(Retriever):
    """BM25 over words (Robertson and Zaragoza, 2009), which learns nothing from the training queries."""

    name = "bm25"
    search_space = {"k1": [0.1, 0.3, 0.6, 1.0, 1.5, 2.0, 4.0], "b": [0.1, 0.3, 0.5, 0.75, 0.9, 1.0]}
    k1: Annotated[float, Ge(0)] = 1.5
    b: Annotated[float, Ge(0), Le(1)] = 0.75
    stem: bool = False

    def fit(self, train: TrainingSet, run: Run) -> None:
        self.index = Bm25(train.documents, Bm25Options(self.k1, self.b, self.stem))

    def search(self, queries: Sequence[str], k: int) -> I64:
        return self.index.top(queries, k)
