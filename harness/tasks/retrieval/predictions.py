"""Predictions of retrieval: a TREC run. Documents are called `d0`, `d1`, ... and queries `q0`, `q1`, ..., in the order
of the corpus and of the test split."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np

from harness.core.canonical import canonical
from harness.core.predictions import Answer, InOrder, PredictionFormat, Replay, values_of
from harness.core.task import Problem
from harness.formats.items import check_missing
from harness.formats.trec import Names, Numbering, TrecRun, read_judgements, read_run, written_run
from harness.run import Run
from harness.tasks.retrieval.interface import Retriever
from harness.tasks.retrieval.problems.collection import DEPTH, I64, Judgements, Questions, TrainingSet

FILE = "run.gz"


class RetrievalPredictions(PredictionFormat):
    """Runs of the test queries over the corpus."""

    methods = ("search",)
    silent: ClassVar[Mapping[str, str]] = {
        "queries_per_s": "a run does not say how long the search took",
    }

    def inputs(self, problem: Problem) -> Iterator[tuple[str, bytes]]:
        """Documents and queries, a line each."""
        yield "corpus.jsonl", _lines(document_names(problem.train), problem.train.documents)
        yield "queries.jsonl", _lines(query_names(problem.test), problem.test.queries)

    def guesses(self, problem: Problem) -> list[Answer]:
        """The first documents of the corpus for every query."""
        first = np.arange(min(DEPTH, len(problem.train.documents)))
        return [Answer("search", (), np.tile(first, (len(problem.test.queries), 1)))]

    def write(self, answers: Sequence[Answer], problem: Problem) -> dict[str, bytes]:
        """The run of the one search that measures."""
        (ranked,) = values_of(answers, "search")
        return {FILE: written_run(np.asarray(ranked), query_names(problem.test), document_names(problem.train))}

    def read(self, path: Path, problem: Problem, *, allow_missing: bool) -> Replay:
        """The first documents that a run has for each query."""
        documents, queries = document_names(problem.train), query_names(problem.test)
        found = read_run(path, Names.known(_numbers(queries), _numbers(documents)), len(queries))
        return replay(path, found, problem.test, queries, allow_missing=allow_missing)

    def read_outside(self, path: Path, labels: Path, *, allow_missing: bool) -> Replay:
        """A run over any collection, with its TREC judgements."""
        queries, documents = Numbering(), Numbering()
        judged = read_judgements(labels, queries, documents)
        found = read_run(path, Names.any_document(queries, documents), len(queries))
        judgements = Judgements.of(judged.queries, judged.documents, len(documents), judged.grades)
        names = [query.decode() for query in queries]
        return replay(path, found, Questions(names, judgements), names, allow_missing=allow_missing)


class FoundBefore(Retriever):
    """Answers with documents I64[queries k] that were found elsewhere."""

    def __init__(self, ranked: I64) -> None:
        self._ranked = InOrder(ranked)

    def fit(self, train: TrainingSet, run: Run) -> None:
        """Nothing is left to learn."""

    def search(self, queries: Sequence[str], k: int) -> I64:
        """The documents of the next queries."""
        return self._ranked.take(len(queries))[:, :k]


def replay(path: Path, found: TrecRun, questions: Questions, names: Sequence[str], *, allow_missing: bool) -> Replay:
    """A run in place of a retriever, for questions with these names; `path` is its file."""
    asked = len(names)
    ranked = np.full((asked, DEPTH), -1)
    rank = np.arange(len(found.queries)) - np.searchsorted(found.queries, found.queries)
    is_shown = rank < DEPTH
    ranked[found.queries[is_shown], rank[is_shown]] = found.documents[is_shown]
    present = np.unique(found.queries)
    missing = np.setdiff1d(np.arange(asked), present)
    example = names[missing[0]] if len(missing) else ""
    check_missing(path, len(missing), asked, "queries", example, allow_missing=allow_missing)
    whole = Replay(FoundBefore(ranked), questions)
    if not len(missing):
        return whole
    part = Questions([questions.queries[row] for row in present], questions.judgements.of_queries(present))
    return Replay(FoundBefore(ranked[present]), part, missing=len(missing), whole=whole)


def document_names(train: TrainingSet) -> list[str]:
    """The names of the documents."""
    return [f"d{row}" for row in range(len(train.documents))]


def query_names(questions: Questions) -> list[str]:
    """The names of the queries."""
    return [f"q{row}" for row in range(len(questions.queries))]


def _numbers(names: Sequence[str]) -> dict[bytes, int]:
    return {name.encode(): number for number, name in enumerate(names)}


def _lines(names: Sequence[str], texts: Sequence[str]) -> bytes:
    lines = (canonical({"_id": name, "text": text}) for name, text in zip(names, texts, strict=True))
    return b"".join(line + b"\n" for line in lines)
