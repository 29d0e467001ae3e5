"""The problem of each case: a text to learn from, and pairs, uses of words and documents to be scored on."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import numpy as np

from harness.core.canonical import array_digest
from harness.core.errors import UserError
from harness.run import Run
from harness.tasks.word_similarity.problems.context import RatedUses, Senses, rated_uses, senses
from harness.tasks.word_similarity.problems.corpus import F64, I64, Corpus
from harness.tasks.word_similarity.problems.text import SPECIAL, Prose, Vocabulary
from harness.tasks.word_similarity.problems.topics import Documents, newsgroup_documents

ATLAS_SLACK: Final = 1.2
"""The length of a generated Atlas text as a multiple of the required length, to which it is then cut, because the
length is random."""


class PairSet(NamedTuple):
    """A set of judged word pairs: `first` and `second` I64[n], rows of the vocabulary, and `judged` F64[n].

    `expected` is the number of published pairs, including those with a word that the vocabulary lacks.
    """

    name: str
    first: I64
    second: I64
    judged: F64
    expected: int


@dataclass(frozen=True, eq=False)
class Judgements:
    """What a system is scored on.

    `words` is the size of the vocabulary. `sets` are sets of word pairs, and `mean_over` the names of those that enter
    the mean. `tuning` and `senses` are the pairs of uses on which a threshold is set and tested (both or none). `rated`
    are rated uses of words. `documents` are those to learn topics from and those to test this on.
    """

    words: int = 0
    sets: Sequence[PairSet] = ()
    mean_over: frozenset[str] = frozenset()
    tuning: Senses | None = None
    senses: Senses | None = None
    rated: RatedUses | None = None
    documents: tuple[Documents, Documents] | None = None


class Material(NamedTuple):
    """The data of one seed. `drawn` is the digest of what the seed drew."""

    train: Corpus
    valid: Judgements
    test: Judgements
    drawn: str


def gather(case: str, run: Run) -> Material:
    """The material of a case (`KeyError` if there is none). The `cost` cases have nothing to be scored on."""
    make: Callable[[Run], Material] = {
        "atlas": _atlas,
        "wikipedia": _wikipedia,
        "mix": _mix,
        "cost": lambda run: _unjudged(_atlas(run).train),
        "cost_wikipedia": lambda run: _unjudged(_text(["wikipedia"], run)[0]),
    }[case]
    return make(run)


def _unjudged(text: Corpus) -> Material:
    return Material(text, Judgements(), Judgements(), text.digest)


def _atlas(run: Run) -> Material:
    """A world that the seed draws. Every second pair is for validation and the others for the test, so that both span
    all similarities."""
    from harness.data.atlas import Atlas, AtlasOptions

    options = AtlasOptions(words=run.settings["atlas_words"], length=round(ATLAS_SLACK * run.settings["tokens"]))
    world = Atlas(options, run.rng("data"))
    text, pairs = world.corpus(), world.pairs(run.settings["atlas_pairs"])
    vocabulary = Vocabulary((*SPECIAL, *text.vocabulary.tolist()))
    articles = np.searchsorted(text.sentences, text.articles)
    corpus = _excerpt(text.tokens + len(SPECIAL), text.sentences, articles, vocabulary, run)
    rows = pairs.words + len(SPECIAL)
    occurs = np.logical_and(*(corpus.counts[rows.T] > 0))

    def every_second(start: int) -> Judgements:
        kept = np.flatnonzero(occurs[start::2]) * 2 + start
        judged = PairSet("atlas", rows[kept, 0], rows[kept, 1], pairs.similarity[kept], len(occurs[start::2]))
        return Judgements(len(vocabulary), [judged], frozenset(["atlas"]))

    drawn: dict[str, np.ndarray] = {
        "pairs": rows,
        "similarity": pairs.similarity,
        "tokens": corpus.tokens,
        "sentences": corpus.sentences,
    }
    return Material(corpus, every_second(1), every_second(0), array_digest(drawn))


def _wikipedia(run: Run) -> Material:
    """Articles drawn by the seed, all published judgements, and 20 Newsgroups, which is no part of this text."""
    corpus, vocabulary = _text(["wikipedia"], run)
    valid, test = _published(vocabulary, run)
    return Material(corpus, valid, replace(test, documents=newsgroup_documents(vocabulary, run)), corpus.digest)


def _mix(run: Run) -> Material:
    """Articles, reviews and posts drawn by the seed, and all published judgements."""
    corpus, vocabulary = _text(["wikipedia", "imdb", "newsgroups20"], run)
    return Material(corpus, *_published(vocabulary, run), corpus.digest)


def _text(sources: Sequence[str], run: Run) -> tuple[Corpus, Vocabulary]:
    """Documents of these data sets that the seed draws, and their vocabulary, which is the same for every seed."""
    from harness.data.catalogue import catalogue

    contents = tuple(catalogue()[source].content for source in sources)
    text = run.artefact(Prose(sources=tuple(sources), contents=contents, size=run.settings["vocabulary"]))
    vocabulary = Vocabulary(tuple(text["vocabulary"].tolist()))
    return _excerpt(text["tokens"], text["sentences"], text["documents"], vocabulary, run), vocabulary


def _published(vocabulary: Vocabulary, run: Run) -> tuple[Judgements, Judgements]:
    """The published judgements for validation and for the test, restricted to words of the vocabulary."""
    from harness.data.sets import word_pairs

    published = word_pairs.pairs()

    def judged(names: Sequence[str]) -> list[PairSet]:
        return [known_pairs(name, published[name], vocabulary) for name in names]

    main, also, validation = (run.settings[name] for name in ("sets", "also", "validation"))
    rated = rated_uses(vocabulary)
    valid = Judgements(len(vocabulary), judged(validation), frozenset(validation))
    test = Judgements(
        len(vocabulary),
        [*judged([*main, *also]), out_of_context("SCWS", rated)],
        frozenset(main),
        tuning=senses("train", vocabulary),
        senses=senses("dev", vocabulary),
        rated=rated,
    )
    return valid, test


def out_of_context(name: str, rated: RatedUses) -> PairSet:
    """The pairs of words whose uses were rated, as if the words had been rated without their contexts."""
    first, second = rated.uses.targets.reshape(-1, 2).T
    return PairSet(name, first, second, rated.judged, rated.expected)


def known_pairs(name: str, published: "tuple[list[str], list[str], F64]", vocabulary: Vocabulary) -> PairSet:
    """The pairs (first words, second words, scores) of which both words, in lower case, are in the vocabulary."""
    first, second, scores = published
    pairs = [(left.lower(), right.lower()) for left, right in zip(first, second, strict=True)]
    known = np.array([left in vocabulary and right in vocabulary for left, right in pairs])
    rows = np.array([[vocabulary.row(word) for word in pair] for pair in pairs])[known]
    return PairSet(name, rows[:, 0], rows[:, 1], scores[known], len(pairs))


def _excerpt(tokens: np.ndarray, sentences: I64, documents: I64, vocabulary: Vocabulary, run: Run) -> Corpus:
    """Exactly `tokens` (a setting) words of documents that are drawn without replacement; the last document is cut.

    Raises `UserError` if the text has fewer words.
    """
    length = run.settings["tokens"]
    if len(tokens) < length:
        raise UserError(f"tokens = {length} asks for more words than the text has ({len(tokens)})")
    order = run.rng("data").permutation(len(documents) - 1)
    drawn = _concatenated_ranges(documents[order], documents[order + 1])
    ends = np.cumsum(np.diff(sentences)[drawn])
    drawn = drawn[: np.searchsorted(ends, length) + 1]
    offsets = np.minimum(np.r_[0, ends[: len(drawn)]], length)
    chosen = _concatenated_ranges(sentences[drawn], sentences[drawn + 1])[:length]
    return Corpus(tokens[chosen].astype(np.int32), offsets, vocabulary.words, run.settings["radius"])


def _concatenated_ranges(starts: I64, stops: I64) -> I64:
    """The ranges start, ..., stop - 1, one after the other."""
    lengths = stops - starts
    positions: I64 = np.arange(lengths.sum()) + np.repeat(starts - (np.cumsum(lengths) - lengths), lengths)
    return positions
