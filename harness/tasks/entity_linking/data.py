"""The problem of each case: a catalogue, mentions to learn from, and mentions to be linked."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from harness.core.canonical import array_digest
from harness.run import Run
from harness.tasks.entity_linking.models.candidates import with_candidates
from harness.tasks.entity_linking.problems.mentions import Catalogue, Linked, Mentions, TrainingSet


class LinkingData(NamedTuple):
    """The data of one seed. `drawn` is the digest of what the seed drew."""

    train: TrainingSet
    valid: Linked
    test: Linked
    drawn: str


def collect(case: str, run: Run) -> LinkingData:
    """The data of a case (`KeyError` if there is none)."""
    makers: dict[str, Callable[[Run], LinkingData]] = {"atlas": _atlas}
    return makers[case](run)


def _atlas(run: Run) -> LinkingData:
    """Generated articles: every surname is shared by three entities of other topics, and a name is a surname with the
    word that names the topic's entities. The seed draws all of it."""
    from harness.data.atlas import Atlas, AtlasOptions

    settings = run.settings
    options = AtlasOptions(
        entities=settings["entities"], distractors=settings["distractors"], length=settings["corpus_words"]
    )
    world = Atlas(options, run.rng("data"))
    corpus, notes = world.corpus(), world.annotations(settings["unseen"])
    texts = world.lexicon.render(corpus.tokens, corpus.articles)
    length = np.char.str_len(corpus.vocabulary)[corpus.tokens]
    begin = np.concatenate(([0], np.cumsum(length + 1)))  # of each word, with one space after every word
    start = begin[notes.place] - begin[corpus.articles[notes.article]]
    stop = start + length[notes.place]
    catalogue = Catalogue.of([" ".join(words) for words in corpus.vocabulary[notes.names].tolist()])

    def of(split: str) -> tuple[Mentions, np.ndarray]:
        (rows,) = np.nonzero(notes.split == split)
        rows = run.rng(f"{split} mentions").permutation(rows)[: settings[f"{split}_mentions"]]
        return Mentions(texts, notes.article[rows], start[rows], stop[rows]), notes.entity[rows]

    train = TrainingSet(catalogue, *of("train"))
    valid, test = (_linked(train, *of(split), run) for split in ("valid", "test"))
    drawn = array_digest(
        {"tokens": corpus.tokens, "articles": corpus.articles, "place": notes.place, "entity": notes.entity}
    )
    return LinkingData(train, valid, test, drawn)


def _linked(train: TrainingSet, mentions: Mentions, entities: np.ndarray, run: Run) -> Linked:
    mentions = with_candidates(mentions, train, run.settings["candidates"], run)
    return Linked.of(train, mentions, entities)
