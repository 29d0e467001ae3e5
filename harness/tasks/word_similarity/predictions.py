"""Predictions of word similarity: a vector for each word, and codes where there are any."""

import gzip
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar, Final

import numpy as np

from harness.core.card import Case
from harness.core.errors import UserError
from harness.core.predictions import Answer, PredictionFormat, Replay, values_of
from harness.core.task import Problem
from harness.formats.arrays import check_array, is_array_file, read_arrays
from harness.formats.items import Found, check_items, check_missing
from harness.formats.json_lines import written_json_lines
from harness.formats.lines import quoted, wrong
from harness.formats.vectors import WORDS, Vectors, read_vectors, read_words, written_binary
from harness.run import Run
from harness.tasks.word_similarity.data import Judgements, PairSet
from harness.tasks.word_similarity.interface import WordEmbedder
from harness.tasks.word_similarity.models.codes import Codes
from harness.tasks.word_similarity.problems.corpus import F32, Corpus
from harness.tasks.word_similarity.problems.text import SPECIAL

FILE: Final = "vectors.bin"
_VECTORS: Final = "vectors."
_CODES: Final = re.compile(r"codes_(\d+)\.(txt|npy)(\.gz)?")
_INFORMATION: Final = "files of codes do not say how much information a code carries"


class WordVectors(PredictionFormat):
    """The vectors of the vocabulary's words; words beyond it are left aside. A folder may also hold codes of k active
    bits, as `codes_k.txt` or `codes_k.npy`."""

    methods = ("vectors", "codes")
    silent: ClassVar[Mapping[str, str]] = {
        "train_s": "vectors do not say how long they took to learn",
        "bits_mean_spearman": _INFORMATION,
    }

    def refusal(self, case: Case) -> str:
        """Some cases are about training time."""
        return "it times the training" if case.exclusive else ""

    def inputs(self, problem: Problem) -> Iterator[tuple[str, bytes]]:
        """The vocabulary, and the pairs of words whose similarity is judged."""
        corpus, test = problem.train, problem.test
        yield WORDS, "".join(f"{word}\n" for word in corpus.vocabulary).encode()
        yield (
            "pairs.jsonl",
            written_json_lines(
                {"set": pairs.name, "first": str(corpus.vocabulary[i]), "second": str(corpus.vocabulary[j])}
                for pairs in test.sets
                for i, j in zip(pairs.first, pairs.second, strict=True)
            ),
        )

    def guesses(self, problem: Problem) -> list[Answer]:
        """Random vectors."""
        drawn = np.random.default_rng(0).standard_normal((len(problem.train.vocabulary), 8))
        return [Answer("vectors", (), drawn.astype(np.float32))]

    def write(self, answers: Sequence[Answer], problem: Problem) -> dict[str, bytes]:
        """The vectors in word2vec's binary form; with codes, a list of words and an array for each k."""
        words = list(map(str, problem.train.vocabulary))
        (vectors,) = values_of(answers, "vectors")
        files = {FILE: written_binary(words, np.asarray(vectors, np.float32))}
        codes = {answer.given[0]: answer.value for answer in answers if answer.method == "codes"}
        if codes:
            files[WORDS] = "".join(f"{word}\n" for word in words).encode()
        return files | {f"codes_{k}.npy.gz": _packed(np.asarray(array)) for k, array in codes.items()}

    def read(self, path: Path, problem: Problem, *, allow_missing: bool) -> Replay:
        """The vectors in a file; or those in a folder, with codes. If words may be missing, the pairs that have one are
        left out, and in documents its vector is zero."""
        vocabulary = [str(word) for word in problem.train.vocabulary]
        file = _only(path, f"{_VECTORS}*") if path.is_dir() else path
        read = read_vectors(file)
        values, known = _placed(file, read, vocabulary, allow_missing=allow_missing)
        codes: dict[int, Codes] = {}
        for code in sorted(path.iterdir()) if path.is_dir() else ():
            if parts := _CODES.fullmatch(code.name):
                codes[int(parts[1])], has_code = _read_codes(
                    code, int(parts[1]), vocabulary, allow_missing=allow_missing
                )
                known &= has_code
        is_code = bool(np.isin(values, (0, 1)).all())
        silent = {"bytes_a_word": _INFORMATION} if is_code else {}
        system = EmbeddedBefore(values) if not codes else CodedBefore(values, codes)
        missing = int((~known[len(SPECIAL) :]).sum())
        return Replay(system, _of_words(problem.test, known), silent, missing)


class EmbeddedBefore(WordEmbedder):
    """Answers with vectors F32[V d] that were learned elsewhere."""

    def __init__(self, vectors: F32) -> None:
        self._vectors = vectors

    def fit(self, train: Corpus, run: Run, /) -> None:
        """Nothing is left to learn."""

    def vectors(self) -> F32:
        """The vectors."""
        return self._vectors


class CodedBefore(EmbeddedBefore):
    """Answers with vectors and with codes Bool[V m] by their number of active bits."""

    def __init__(self, vectors: F32, codes: Mapping[int, Codes]) -> None:
        super().__init__(vectors)
        self._codes = codes

    def codes(self, k: int) -> Codes:
        """The codes with k active bits."""
        return self._codes[k]

    def bits(self, k: int) -> float:
        """1 where there are such codes: how much they say is unknown, and no score that depends on it is kept."""
        return float(k in self._codes)


def _placed(
    path: Path, read: Vectors, vocabulary: Sequence[str], *, allow_missing: bool
) -> tuple[np.ndarray, np.ndarray]:
    """The vectors [V d] of a vocabulary, zeros for words that are missing; and Bool[V], which are there."""
    row = {word: number for number, word in enumerate(vocabulary)}
    rows = np.array([row.get(word, -1) for word in read.words], np.int64)
    (ours,) = np.nonzero(rows >= 0)
    is_known = np.zeros(len(vocabulary), np.bool_)
    is_known[rows[ours]] = True
    found = Found(rows[ours], ours + read.first, lambda n: f"word {quoted(read.words[ours[n]])}")
    check_items(path, found, int((~is_known).sum()))
    (missing,) = np.nonzero(~is_known[len(SPECIAL) :])
    example = quoted(vocabulary[len(SPECIAL) + missing[0]]) if len(missing) else ""
    asked = len(vocabulary) - len(SPECIAL)
    check_missing(path, len(missing), asked, "words", example, allow_missing=allow_missing)
    values = np.zeros((len(vocabulary), read.values.shape[1]), read.values.dtype)
    values[rows[ours]] = read.values[ours]
    return values, is_known


def _read_codes(path: Path, k: int, vocabulary: Sequence[str], *, allow_missing: bool) -> tuple[Codes, np.ndarray]:
    """Bool[V m]: the codes in a file; and Bool[V], which words have one. A word without k ones is a `UserError`."""
    if is_array_file(path):
        words, values = read_words(path.parent / WORDS), read_arrays(path, [])[""]
        read = Vectors(words, check_array(path, "", values, (len(words), None), "biu", "words x 0 or 1"), 1)
    else:
        read = read_vectors(path)
    is_code = np.isin(read.values, (0, 1)).all(axis=1) & (read.values.sum(axis=1) == k)
    if not is_code.all():
        n = int(np.argmin(is_code))
        raise wrong(path, f"the code of {quoted(read.words[n])}", f"zeros and {k} ones", read.first + n)
    values, is_known = _placed(path, read, vocabulary, allow_missing=allow_missing)
    values[~is_known, :k] = 1  # no pair with these words is scored
    return values.astype(np.bool_), is_known


def _only(folder: Path, pattern: str) -> Path:
    """The one file of a folder whose name fits."""
    files = sorted(folder.glob(pattern))
    if len(files) != 1:
        raise UserError(f"{folder} has {len(files)} files {pattern}; expected one, as vectors.txt or vectors.bin")
    return files[0]


def _of_words(test: Judgements, is_known: np.ndarray) -> Judgements:
    """What can be scored with some words of the vocabulary, Bool[V]. Words in context have no vectors in files."""
    sets = [
        PairSet(pairs.name, pairs.first[kept], pairs.second[kept], pairs.judged[kept], pairs.expected)
        for pairs in test.sets
        for kept in [is_known[pairs.first] & is_known[pairs.second]]
    ]
    if empty := [pairs.name for pairs in sets if len(pairs.judged) < _FEWEST]:
        raise UserError(f"fewer than {_FEWEST} pairs of {empty[0]} have vectors for both words; add more words")
    return replace(test, sets=sets)


_FEWEST: Final = 2


def _packed(codes: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, codes)
    return gzip.compress(buffer.getvalue(), mtime=0)
