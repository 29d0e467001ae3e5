"""The protocol: which scores an embedding gets, from its vectors, its codes, and its vectors of words in context."""

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
    longest_within,
    spearman,
)
from harness.tasks.word_similarity.scores.topics import told_apart


class WordSimilarity(Task[WordEmbedder]):
    """Order word pairs by similarity as people do, after reading one text."""

    def problem(self, case: str, run: Run) -> Problem:
        """A text to learn from, word pairs to validate and test on."""
        material = gather(case, run)
        chance = {}
        if material.test.documents:
            _, tested = material.test.documents
            chance["newsgroups_accuracy"] = float(np.bincount(tested.topic).max() / len(tested.topic))
        return Problem(material.train, material.valid, material.test, material.drawn, chance)

    def measure(self, system: WordEmbedder, split: Judgements, run: Run) -> Iterator[Score]:
        """What training took; then, where there is something to be judged by, the correlations of vectors and codes
        over the pair sets, and how well documents and uses of words are told apart."""
        shared_s = system.shared_s if isinstance(system, Binariser) else 0.0
        yield Score("train_s", run.clocks.seconds["train"] + shared_s, 1, 1)
        if not split.sets:
            return
        vectors = checked("vectors", system.vectors(), (split.words, None), "f")
        yield Score("bytes_a_word", bytes_a_word(system, vectors), split.words, split.words)
        of_sets = _correlations(split, lambda pairs: cosine(vectors[pairs.first], vectors[pairs.second]))
        for pairs, value, shares in of_sets:
            at = {"set": pairs.name}
            yield Score("coverage", len(shares) / pairs.expected, len(shares), pairs.expected, at)
            yield Score("spearman", value, len(shares), pairs.expected, at, shares)
        yield _mean("mean_spearman", split, of_sets)
        capabilities = type(system).capabilities()
        if {"codes", "bits"} <= capabilities:
            yield from _of_codes(system, split, run)
        if split.documents:
            yield _share("newsgroups_accuracy", told_apart(vectors, *split.documents))
        if "contextual" in capabilities and split.tuning and split.senses:
            yield _of_senses(system, split.tuning, split.senses)
        if "contextual" in capabilities and split.rated:
            yield _of_rated_uses(system, split.rated)


class _Correlation(NamedTuple):
    """Spearman's correlation over one set, and its pairs' shares in it."""

    pairs: PairSet
    value: float
    shares: F64


def _correlations(split: Judgements, predict: Callable[[PairSet], F64]) -> list[_Correlation]:
    return [_Correlation(pairs, *spearman(predict(pairs), pairs.judged)) for pairs in split.sets]


def _mean(metric: str, split: Judgements, found: list[_Correlation], at: Mapping[str, float] | None = None) -> Score:
    """The mean over the sets that enter it. Its items are all pairs of these sets, weighted so that sets count alike
    and their mean is the value."""
    entering = [one for one in found if one.pairs.name in split.mean_over]
    value = float(np.mean([one.value for one in entering]))
    pairs = sum(len(one.shares) for one in entering)
    weighted = [(one.shares - one.value) * pairs / (len(one.shares) * len(entering)) for one in entering]
    expected = sum(one.pairs.expected for one in entering)
    return Score(metric, value, pairs, expected, at or {}, value + np.concatenate(weighted))


def _of_codes(system: WordEmbedder, split: Judgements, run: Run) -> Iterator[Score]:
    """The correlations by code length, then by information: the longest codes that carry at most so many bits."""
    for k in run.settings["code_lengths"]:
        if system.bits(k) > 0:
            found = _with_codes(system, split, k)
            for pairs, value, shares in found:
                at = {"set": pairs.name, "k": k}
                yield Score("code_spearman", value, len(shares), pairs.expected, at)
            yield _mean("code_mean_spearman", split, found, {"k": k})
    for bits in run.settings["code_bits"]:
        if k := longest_within(system, bits):
            yield _mean("bits_mean_spearman", split, _with_codes(system, split, k), {"bits": bits})


def _with_codes(system: WordEmbedder, split: Judgements, k: int) -> list[_Correlation]:
    codes: Codes = checked(f"codes({k})", system.codes(k), (split.words, None), "b")
    check_codes(codes, k)
    return _correlations(split, lambda pairs: (codes[pairs.first] & codes[pairs.second]).sum(axis=1) / k)


def _of_senses(system: WordEmbedder, tuning: Senses, test: Senses) -> Score:
    """The share of word uses in pairs that a threshold on the cosine, set on other pairs, tells apart or together."""
    threshold = best_threshold(_closeness(system, tuning.uses), tuning.same)
    return _share("wic_accuracy", (_closeness(system, test.uses) > threshold) == test.same)


def _of_rated_uses(system: WordEmbedder, rated: RatedUses) -> Score:
    value, shares = spearman(_closeness(system, rated.uses), rated.judged)
    return Score("scws_spearman", value, len(shares), rated.expected, items=shares)


def _closeness(system: WordEmbedder, uses: Uses) -> F64:
    shape = len(uses.tokens), None
    vectors = checked("contextual", system.contextual(uses.tokens, uses.position), shape, "f")
    return cosine(vectors[0::2], vectors[1::2])


def _share(metric: str, right: NDArray[np.bool_]) -> Score:
    return Score(metric, float(right.mean()), len(right), len(right), items=right.astype(np.float64))
