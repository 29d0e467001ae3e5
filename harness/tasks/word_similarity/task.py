"""The protocol of the task: how an embedding is scored by its vectors, its codes, and its vectors of words in
context."""

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from harness.core.task import Problem, Score, Task, checked
from harness.run import Run
from harness.tasks.word_similarity.data import Judgements, PairSet, gather
from harness.tasks.word_similarity.interface import Binariser, WordEmbedder
from harness.tasks.word_similarity.models.codes import Codes
from harness.tasks.word_similarity.problems.context import RatedUses, Senses, Uses
from harness.tasks.word_similarity.problems.corpus import F64
from harness.tasks.word_similarity.scores.metrics import (
    best_threshold,
    bytes_a_word,
    check_codes,
    cosine,
    information,
    longest_within,
    spearman,
)
from harness.tasks.word_similarity.scores.topics import classified_correctly


class WordSimilarity(Task[WordEmbedder]):
    """Rank word pairs by similarity as people do, after reading a text."""

    def problem(self, case: str, run: Run) -> Problem:
        """A text to learn from, and word pairs to validate and test on."""
        material = gather(case, run)
        chance = {}
        if material.test.documents:
            _, test = material.test.documents
            chance["newsgroups_accuracy"] = float(np.bincount(test.topic).max() / len(test.topic))
        return Problem(material.train, material.valid, material.test, material.drawn, chance)

    def measure(self, system: WordEmbedder, split: Judgements, run: Run) -> Iterator[Score]:
        """The training time; and, where there is something to be scored on, the correlations of vectors and codes with
        the judged pairs, the classification of documents, and the similarity of words in context."""
        shared_s = system.shared_s if isinstance(system, Binariser) else 0.0
        yield Score("train_s", run.clocks.seconds["train"] + shared_s, 1, 1)
        if not split.sets:
            return
        vectors = checked("vectors", system.vectors(), (split.words, None), "f")
        yield Score("bytes_a_word", bytes_a_word(system, vectors), split.words, split.words)
        correlations = _correlations(split, lambda pairs: cosine(vectors[pairs.first], vectors[pairs.second]))
        for pairs, value, shares in correlations:
            at = {"set": pairs.name}
            yield Score("coverage", len(shares) / pairs.expected, len(shares), pairs.expected, at)
            yield Score("spearman", value, len(shares), pairs.expected, at, shares)
        yield _mean("mean_spearman", split, correlations)
        capabilities = type(system).capabilities()
        if {"codes", "bits"} <= capabilities:
            yield from _code_scores(system, split, run)
        if split.documents:
            yield _accuracy("newsgroups_accuracy", classified_correctly(vectors, *split.documents))
        if "contextual" in capabilities and split.tuning and split.senses:
            yield _sense_accuracy(system, split.tuning, split.senses)
        if "contextual" in capabilities and split.rated:
            yield _correlation_in_context(system, split.rated)


class _Correlation(NamedTuple):
    """Spearman's correlation over a set of pairs, and the pairs' shares in it."""

    pairs: PairSet
    value: float
    shares: F64


def _correlations(split: Judgements, predict: Callable[[PairSet], F64]) -> list[_Correlation]:
    return [_Correlation(pairs, *spearman(predict(pairs), pairs.judged)) for pairs in split.sets]


def _mean(
    metric: str, split: Judgements, correlations: list[_Correlation], at: Mapping[str, float] | None = None
) -> Score:
    """The mean over the sets that enter it. Its items are all pairs of these sets, weighted such that every set counts
    the same and the mean of the items is the value."""
    entering = [entry for entry in correlations if entry.pairs.name in split.mean_over]
    value = float(np.mean([entry.value for entry in entering]))
    pairs = sum(len(entry.shares) for entry in entering)
    weighted = [(entry.shares - entry.value) * pairs / (len(entry.shares) * len(entering)) for entry in entering]
    expected = sum(entry.pairs.expected for entry in entering)
    return Score(metric, value, pairs, expected, at or {}, value + np.concatenate(weighted))


def _code_scores(system: WordEmbedder, split: Judgements, run: Run) -> Iterator[Score]:
    """The correlations of codes by number of active bits, and by information: the longest codes that carry at most so
    many bits."""
    for k in run.settings["code_lengths"]:
        if information(system, k) > 0:
            correlations = _code_correlations(system, split, k)
            for pairs, value, shares in correlations:
                at = {"set": pairs.name, "k": k}
                yield Score("code_spearman", value, len(shares), pairs.expected, at)
            yield _mean("code_mean_spearman", split, correlations, {"k": k})
    for bits in run.settings["code_bits"]:
        if k := longest_within(system, bits):
            yield _mean("bits_mean_spearman", split, _code_correlations(system, split, k), {"bits": bits})


def _code_correlations(system: WordEmbedder, split: Judgements, k: int) -> list[_Correlation]:
    codes: Codes = checked(f"codes({k})", system.codes(k), (split.words, None), "b")
    check_codes(codes, k)
    return _correlations(split, lambda pairs: (codes[pairs.first] & codes[pairs.second]).sum(axis=1) / k)


def _sense_accuracy(system: WordEmbedder, tuning: Senses, test: Senses) -> Score:
    """The share of the pairs of uses for which a threshold on the cosine, set on other pairs, tells correctly whether
    the word has the same sense in both."""
    threshold = best_threshold(_similarity_in_context(system, tuning.uses), tuning.same)
    return _accuracy("wic_accuracy", (_similarity_in_context(system, test.uses) > threshold) == test.same)


def _correlation_in_context(system: WordEmbedder, rated: RatedUses) -> Score:
    value, shares = spearman(_similarity_in_context(system, rated.uses), rated.judged)
    return Score("scws_spearman", value, len(shares), rated.expected, items=shares)


def _similarity_in_context(system: WordEmbedder, uses: Uses) -> F64:
    shape = len(uses.tokens), None
    vectors = checked("contextual", system.contextual(uses.tokens, uses.position), shape, "f")
    return cosine(vectors[0::2], vectors[1::2])


def _accuracy(metric: str, correct: NDArray[np.bool_]) -> Score:
    return Score(metric, float(correct.mean()), len(correct), len(correct), items=correct.astype(np.float64))
