"""The problem of each case: a catalogue, mentions to learn from, and mentions to be linked."""

import hashlib
from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np

from harness.core.canonical import array_digest
from harness.run import Run
from harness.tasks.entity_linking.models.candidates import with_candidates
from harness.tasks.entity_linking.problems.annotated import (
    BENCHMARKS,
    Annotated,
    diseases,
    wikipedia_benchmarks,
    wikipedia_titles,
)
from harness.tasks.entity_linking.problems.mentions import I64, NIL, Catalogue, Linked, Mentions, TrainingSet

DRAWN_SHARE: Final = 0.9
"""The share of the training mentions of real data that a seed draws to learn from."""
HELD_OUT: Final = {"test": 0.2, "valid": 0.05}
"""The shares of the entities of which no mention is for training, where splits have no entity in common."""


class LinkingData(NamedTuple):
    """The data of one seed. `drawn` is the digest of what the seed drew."""

    train: TrainingSet
    valid: Linked
    test: Linked
    drawn: str


def collect(case: str, run: Run) -> LinkingData:
    """The data of a case (`KeyError` if there is none)."""
    makers: dict[str, Callable[[Run], LinkingData]] = {
        "atlas": _atlas,
        "diseases": _diseases,
        "new_diseases": _new_diseases,
        "gum": _gum,
        "benchmarks": _benchmarks,
    }
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


def _diseases(run: Run) -> LinkingData:
    """Diseases in abstracts, in the published splits."""
    catalogue, data = diseases()
    return _published(catalogue, data, run)


def _new_diseases(run: Run) -> LinkingData:
    """Diseases in abstracts; no two splits have a mention of the same disease."""
    catalogue, data = diseases()
    draw = np.array([_random_share(name) for name in catalogue.names[: catalogue.entities]])
    edges = np.cumsum(list(HELD_OUT.values()))
    split = np.array([*HELD_OUT, "train"])[np.searchsorted(edges, draw, side="right")]
    return _published(catalogue, data._replace(source=np.where(data.entities == NIL, "", split[data.entities])), run)


def _gum(run: Run) -> LinkingData:
    """Mentions of all kinds in texts of many genres, with the Wikipedia titles of their entities."""
    catalogue, data = wikipedia_titles()
    return _published(catalogue, data, run)


def _benchmarks(run: Run) -> LinkingData:
    """Benchmarks of entity linking, with GUM's mentions to learn from."""
    catalogue, data = wikipedia_benchmarks()
    split = np.array([BENCHMARKS.get(source, "train") for source in data.source.tolist()])
    made = _published(catalogue, data._replace(source=split), run)
    of_test = data.source[_rows(data._replace(source=split), "test")]
    parts = {name: of_test == name for name in BENCHMARKS if BENCHMARKS[name] == "test"}
    return made._replace(test=made.test.in_parts(parts))


def _published(catalogue: Catalogue, data: Annotated, run: Run) -> LinkingData:
    """The data whose sources are splits. Mentions of entities that the catalogue lacks are left out."""
    drawn = run.rng("data").permutation(_rows(data, "train"))
    drawn = np.sort(drawn[: round(DRAWN_SHARE * len(drawn))])
    chosen = data.take(drawn)
    train = TrainingSet(catalogue, chosen.mentions, chosen.entities)
    shuffled = np.random.default_rng(0).permutation(_rows(data, "valid"))[: run.settings["valid_mentions"]]
    valid, test = (data.take(rows) for rows in (np.sort(shuffled), _rows(data, "test")))
    return LinkingData(
        train,
        _linked(train, valid.mentions, valid.entities, run),
        _linked(train, test.mentions, test.entities, run),
        array_digest({"train": drawn}),
    )


def _rows(data: Annotated, split: str) -> I64:
    return np.flatnonzero((data.source == split) & (data.entities != NIL))


def _linked(train: TrainingSet, mentions: Mentions, entities: np.ndarray, run: Run) -> Linked:
    mentions = with_candidates(mentions, train, run.settings["candidates"], run)
    return Linked.of(train, mentions, entities)


def _random_share(name: str) -> float:
    """A number from 0 to 1 that is the same in every run."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:6], "big") / 2**48
