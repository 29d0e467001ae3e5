"""How the problems of each case are made: a text for training; word pairs and word senses to judge by."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from harness.canonical import array_digest
from harness.errors import UserError
from harness.run import Run
from harness.tasks.word_similarity.corpus import I64, Corpus
from harness.tasks.word_similarity.metrics import F64
from harness.tasks.word_similarity.text import SPECIAL, Vocabulary, WikipediaText, words

ATLAS_SLACK: Final = 1.2
"""An Atlas text is written that much longer than asked for and then cut, because its length is random."""


class PairSet(NamedTuple):
    """A set of judged word pairs: `first`, `second` I64[n], rows of the vocabulary; `judged` F64[n].

    `expected` counts the published pairs, with those that the vocabulary lacks a word of.
    """

    name: str
    first: I64
    second: I64
    judged: F64
    expected: int


class Senses(NamedTuple):
    """Pairs of uses of one word. tokens: I64[2n L], use 2i and use 2i + 1 a row each, -1 after the end; position:
    I64[2n]; same: Bool[n], whether both have one sense."""

    tokens: I64
    position: I64
    same: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Judgements:
    """What a system is scored on: pair sets over a vocabulary of so many words; the names of those that enter the mean;
    senses to set a threshold on and to test it on (both or none)."""

    words: int = 0
    sets: Sequence[PairSet] = ()
    mean_over: frozenset[str] = frozenset()
    tuning: Senses | None = None
    senses: Senses | None = None


class Material(NamedTuple):
    """The data of one seed. `drawn`: digest of what the seed drew."""

    train: Corpus
    valid: Judgements
    test: Judgements
    drawn: str


def gather(case: str, run: Run) -> Material:
    """The material of a case (`KeyError` if there is none); the `cost` cases have nothing to be scored on."""
    if case.startswith("cost"):
        text = {"cost": _atlas, "cost_wikipedia": _wikipedia}[case](run).train
        return Material(text, Judgements(), Judgements(), text.digest)
    return {"atlas": _atlas, "wikipedia": _wikipedia}[case](run)


def _atlas(run: Run) -> Material:
    """A world of the seed's own; pairs by turns for validation and test, so that both span all similarities."""
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
    """Articles drawn by the seed; the published pair sets, and the senses of Word in Context."""
    from harness.data.catalogue import catalogue
    from harness.data.sets import word_pairs

    recipe = WikipediaText(content=catalogue()["wikipedia"].content, size=run.settings["vocabulary"])
    text = run.artefact(recipe)
    vocabulary = Vocabulary(tuple(text["vocabulary"].tolist()))
    corpus = _excerpt(text["tokens"], text["sentences"], text["articles"], vocabulary, run)
    published = word_pairs.pairs()

    def judged(names: Sequence[str]) -> list[PairSet]:
        return [known_pairs(name, published[name], vocabulary) for name in names]

    main, also, validation = (run.settings[name] for name in ("sets", "also", "validation"))
    valid = Judgements(len(vocabulary), judged(validation), frozenset(validation))
    test = Judgements(
        len(vocabulary),
        judged([*main, *also]),
        frozenset(main),
        tuning=_senses("train", vocabulary),
        senses=_senses("dev", vocabulary),
    )
    return Material(corpus, valid, test, corpus.digest)


def known_pairs(name: str, published: "tuple[list[str], list[str], F64]", vocabulary: Vocabulary) -> PairSet:
    """The pairs (first words, second words, scores) whose words, in lower case, are both in the vocabulary."""
    first, second, scores = published
    pairs = [(one.lower(), other.lower()) for one, other in zip(first, second, strict=True)]
    known = np.array([one in vocabulary and other in vocabulary for one, other in pairs])
    rows = np.array([[vocabulary.row(word) for word in pair] for pair in pairs])[known]
    return PairSet(name, rows[:, 0], rows[:, 1], scores[known], len(pairs))


def _senses(split: str, vocabulary: Vocabulary) -> Senses:
    from harness.data.sets import wic

    items = wic.items(split)
    uses = [rows_around(c, at, vocabulary) for item in items for c, at in zip(item.contexts, item.at, strict=True)]
    tokens = np.full((len(uses), max(len(rows) for rows, _ in uses)), -1)
    for use, (rows, _) in enumerate(uses):
        tokens[use, : len(rows)] = rows
    position = np.array([at for _, at in uses])
    return Senses(tokens, position, np.array([item.same for item in items]))


def rows_around(context: Sequence[str], at: int, vocabulary: Vocabulary) -> tuple[list[int], int]:
    """The rows of a sentence given as tokens, its punctuation left out as in the text, and where token `at` is then;
    a token without letters or digits at that place is `<unk>`."""
    split = [words(token) for token in context]
    split[at] = split[at] or [""]
    return [vocabulary.row(word) for part in split for word in part], sum(map(len, split[:at]))


def _excerpt(tokens: np.ndarray, sentences: I64, articles: I64, vocabulary: Vocabulary, run: Run) -> Corpus:
    """Exactly `tokens` (a setting) words of articles drawn without replacement, the last article cut."""
    asked = run.settings["tokens"]
    if len(tokens) < asked:
        raise UserError(f"tokens = {asked} asks for more words than the text has ({len(tokens)})")
    order = run.rng("data").permutation(len(articles) - 1)
    drawn = _joined(articles[order], articles[order + 1])
    ends = np.cumsum(np.diff(sentences)[drawn])
    drawn = drawn[: np.searchsorted(ends, asked) + 1]
    offsets = np.minimum(np.r_[0, ends[: len(drawn)]], asked)
    chosen = _joined(sentences[drawn], sentences[drawn + 1])[:asked]
    return Corpus(tokens[chosen].astype(np.int32), offsets, vocabulary.words, run.settings["radius"])


def _joined(starts: I64, stops: I64) -> I64:
    """The ranges start ... stop - 1, one after the other."""
    lengths = stops - starts
    positions: I64 = np.arange(lengths.sum()) + np.repeat(starts - (np.cumsum(lengths) - lengths), lengths)
    return positions
