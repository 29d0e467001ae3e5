"""Runs and judgements as trec_eval reads them.

A run has six columns: query, `Q0`, document, rank, score, name of the run. As in trec_eval (version 10, which compares
double-precision numbers), documents are ordered by falling score and, where scores are equal, by falling document id in
the order of bytes; ranks do not matter for that, and must not contradict the scores.
"""

import gzip
import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from harness.formats.items import Found, check_items
from harness.formats.lines import Block, blocks, quoted, table_of, wrong

I64 = NDArray[np.int64]
F64 = NDArray[np.float64]

RUN: Final = ("query", "Q0", "document", "rank", "score", "run")
JUDGEMENTS: Final = ("query", "0", "document", "grade")
NAME: Final = b"tenfold"


class Numbering(dict[bytes, int]):
    """Numbers for names, in the order in which they are first looked up."""

    def __missing__(self, name: bytes) -> int:
        self[name] = len(self)
        return self[name]


class TrecRun(NamedTuple):
    """The lines of a run, the queries in their order and the documents of each best first: `queries` and `documents`
    I64[n]."""

    queries: I64
    documents: I64


class TrecJudgements(NamedTuple):
    """The lines of a file of judgements, in its order: I64[n] each."""

    queries: I64
    documents: I64
    grades: I64


class Names(NamedTuple):
    """Finds the number of a query and of a document by its name: below 0 for one that is unknown."""

    query: Callable[[bytes], int]
    document: Callable[[bytes], int]

    @classmethod
    def known(cls, queries: dict[bytes, int], documents: dict[bytes, int]) -> "Names":
        """Names that are all known beforehand."""
        return cls(lambda name: queries.get(name, -1), lambda name: documents.get(name, -1))

    @classmethod
    def any_document(cls, queries: dict[bytes, int], documents: Numbering) -> "Names":
        """Queries that are known beforehand, and documents that need not be judged."""
        return cls(lambda name: queries.get(name, -1), documents.__getitem__)


def read_run(path: Path, names: Names, asked: int) -> TrecRun:
    """The run in a file, whose queries and documents are known by these names; `asked` is the number of queries.

    A `UserError` names the first line with another number of fields, a score or a rank that is no finite number, a
    query or a document that is unknown or a document that its query has twice, or a rank that contradicts the scores.
    """
    parts: list[tuple[I64, I64, I64, F64]] = []
    texts: dict[int, bytes] = {}
    first_unknown = ""
    for block in blocks(path):
        rows = table_of(path, block, RUN, "a TREC run")
        query, _, document, rank, score, _ = zip(*rows, strict=True)
        queries, documents = _numbered(names.query, query), _numbered(names.document, document)
        first_unknown = first_unknown or _unknown({"query": (queries, query), "document": (documents, document)})
        texts.update(zip(documents.tolist(), document, strict=True))
        ranks = _integers(path, block, rank, "rank")
        parts.append((queries, documents, ranks, _floats(path, block, score, "score")))
    if not parts:
        raise wrong(path, "an empty file", "the lines of a TREC run")
    queries, documents, ranks, scores = (np.concatenate(column) for column in zip(*parts, strict=True))
    pairs = _pairs(queries, documents)
    missing = asked - len(np.unique(queries[queries >= 0]))

    def name(line: int) -> str:
        return first_unknown if pairs[line] < 0 else f"document {quoted(texts[int(documents[line])])} of a query"

    check_items(path, Found(pairs, np.arange(1, len(pairs) + 1), name), missing)
    _check_ranks(path, queries, ranks, scores)
    order = np.lexsort((-_alphabetical(texts)[documents], -scores, queries))
    return TrecRun(queries[order], documents[order])


def read_judgements(path: Path, queries: Numbering, documents: Numbering) -> TrecJudgements:
    """The judgements in a file. A line with another number of fields or a grade that is no whole number, and a document
    that a query has twice, is a `UserError`."""
    parts = []
    for block in blocks(path):
        query, _, document, grade = zip(*table_of(path, block, JUDGEMENTS, "TREC judgements"), strict=True)
        numbered = _numbered(queries.__getitem__, query), _numbered(documents.__getitem__, document)
        parts.append((*numbered, _integers(path, block, grade, "grade")))
    if not parts:
        raise wrong(path, "an empty file", "the lines of TREC judgements")
    judged = TrecJudgements(*(np.concatenate(column) for column in zip(*parts, strict=True)))
    pairs, names = _pairs(judged.queries, judged.documents), list(documents)

    def name(line: int) -> str:
        return f"document {quoted(names[judged.documents[line]])} of a query"

    check_items(path, Found(pairs, np.arange(1, len(pairs) + 1), name), missing=0)
    return judged


def written_run(ranked: I64, queries: Sequence[str], documents: Sequence[str]) -> bytes:
    """The gzipped run of documents I64[n k] by rank, -1 after the last. The scores fall by 1 from rank to rank."""
    buffer, depth = io.BytesIO(), ranked.shape[1]
    # Without a time in it, the same run gives the same bytes.
    with gzip.GzipFile(fileobj=buffer, mode="wb", mtime=0) as file:
        for query, row in zip(queries, ranked.tolist(), strict=True):
            lines = (
                f"{query} Q0 {documents[document]} {rank} {depth - rank} {NAME.decode()}\n"
                for rank, document in enumerate(row, 1)
                if document >= 0
            )
            file.write("".join(lines).encode())
    return buffer.getvalue()


def _floats(path: Path, block: Block, texts: Sequence[bytes], what: str) -> F64:
    """The finite numbers that a column of a block holds."""
    try:
        values: F64 = np.array(texts).astype(np.float64)
        index = None if np.isfinite(values).all() else int(np.argmin(np.isfinite(values)))
    except ValueError:
        index = next(i for i, text in enumerate(texts) if not _is_number(text, np.float64))
    if index is not None:
        raise wrong(path, f"{what} {quoted(texts[index])}", "a finite number", block.first + index)
    return values


def _integers(path: Path, block: Block, texts: Sequence[bytes], what: str) -> I64:
    """The whole numbers that a column of a block holds."""
    try:
        values: I64 = np.array(texts).astype(np.int64)
    except (ValueError, OverflowError):
        index = next(i for i, text in enumerate(texts) if not _is_number(text, np.int64))
        raise wrong(path, f"{what} {quoted(texts[index])}", "a whole number", block.first + index) from None
    return values


def _is_number(text: bytes, dtype: type) -> bool:
    try:
        np.array([text]).astype(dtype)
    except (ValueError, OverflowError):
        return False
    return True


def _numbered(number: Callable[[bytes], int], texts: Sequence[bytes]) -> I64:
    return np.fromiter(map(number, texts), np.int64, len(texts))


def _unknown(columns: dict[str, tuple[I64, Sequence[bytes]]]) -> str:
    """The first name in columns of numbers that is unknown, with its noun; "" if all are known."""
    first = {noun: int(np.argmax(numbers < 0)) for noun, (numbers, _) in columns.items() if (numbers < 0).any()}
    noun = min(first, key=first.__getitem__, default="")
    return f"{noun} {quoted(columns[noun][1][first[noun]])}" if noun else ""


def _pairs(queries: I64, documents: I64) -> I64:
    """I64[n]: a number for each pair of a query and a document, -1 where either is unknown."""
    pairs: I64 = np.where((queries < 0) | (documents < 0), -1, queries * (documents.max() + 1) + documents)
    return pairs


def _check_ranks(path: Path, queries: I64, ranks: I64, scores: F64) -> None:
    """Raise `UserError` where, by rank, the scores of a query rise."""
    order = np.lexsort((-scores, ranks, queries))
    is_risen = (np.diff(queries[order]) == 0) & (np.diff(ranks[order]) > 0) & (np.diff(scores[order]) > 0)
    if is_risen.any():
        before, after = order[np.argmax(is_risen)], order[np.argmax(is_risen) + 1]
        found = f"rank {ranks[after]} has the score {scores[after]:g}, but rank {ranks[before]} has {scores[before]:g}"
        raise wrong(path, found, "scores that fall with the rank", int(after) + 1)


def _alphabetical(texts: dict[int, bytes]) -> I64:
    """I64[documents]: the places of documents in the order of their ids."""
    places = np.zeros(max(texts) + 1, np.int64)
    places[sorted(texts, key=texts.__getitem__)] = np.arange(len(texts))
    return places
