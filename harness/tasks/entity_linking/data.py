"""The problem of each case: a catalogue, mentions to learn from, and mentions to be linked."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

import numpy as np

from harness.core.canonical import array_digest
from harness.run import Run
from harness.tasks.entity_linking.models.candidates import with_candidates
from harness.tasks.entity_linking.problems.annotated import (
    BENCHMARKS,
    Annotated,
    disease_names,
    diseases,
    wikipedia_benchmarks,
    wikipedia_titles,
)
from harness.tasks.entity_linking.problems.growing import Catalogues, growing
from harness.tasks.entity_linking.problems.mentions import I64, NIL, Catalogue, Linked, Mentions, TrainingSet
from harness.tasks.entity_linking.problems.passages import Links, Passages

if TYPE_CHECKING:
    from harness.data.atlas import Atlas

DRAWN_SHARE: Final = 0.9
"""The share of the training mentions of real data that a seed draws to learn from."""
HELD_OUT: Final = {"test": 0.2, "valid": 0.05}
"""The shares of the entities of which no mention is for training, where splits have no entity in common."""


class Timed(NamedTuple):
    """Mentions of which it is measured how long linking them takes."""

    linked: Linked


class LinkingData(NamedTuple):
    """The data of one seed. `drawn` is the digest of what the seed drew."""

    train: TrainingSet
    valid: "Measured"
    test: "Measured"
    drawn: str


Measured: TypeAlias = Linked | Timed | Passages | Catalogues
"""What linkers are measured on."""


def collect(case: str, run: Run) -> LinkingData:
    """The data of a case (`KeyError` if there is none)."""
    makers: dict[str, Callable[[Run], LinkingData]] = {
        "atlas": _atlas,
        "atlas_titles": _atlas_titles,
        "atlas_marking": _atlas_marking,
        "speed": _speed,
        "index": _index,
        "disease_index": _disease_index,
        "diseases": _diseases,
        "new_diseases": _new_diseases,
        "gum": _gum,
        "benchmarks": _benchmarks,
        "benchmarks_marking": _benchmarks_marking,
    }
    return makers[case](run)


def _world(run: Run) -> "Atlas":
    """The generated encyclopedia that the seed draws."""
    from harness.data.atlas import Atlas, AtlasOptions

    settings = run.settings
    options = AtlasOptions(
        entities=settings["entities"], distractors=settings["distractors"], length=settings["corpus_words"]
    )
    return Atlas(options, run.rng("data"))


def _atlas(run: Run) -> LinkingData:
    """Mentions in generated articles: every surname is shared by three entities of other topics, and a name is a
    surname with the word that names the entities of a topic."""
    world = _world(run)
    notes = world.annotations(run.settings["unseen"])
    articles = world.corpus().articles
    texts, start, stop = _spans(world, articles, notes.article, notes.place)
    catalogue = _names(world)

    def of(split: str) -> tuple[Mentions, I64]:
        rows = _drawn(np.flatnonzero(notes.split == split), split, run)
        return Mentions(texts, notes.article[rows], start[rows], stop[rows]), notes.entity[rows]

    train = TrainingSet(catalogue, *of("train"))
    drawn = array_digest({"articles": articles, "place": notes.place, "entity": notes.entity})
    return LinkingData(train, _linked(train, *of("valid"), run), _linked(train, *of("test"), run), drawn)


def _atlas_titles(run: Run) -> LinkingData:
    """Questions about a fact, as mentions from their first word to their last; the entity is the one that the article
    with the answer is about. There are no candidate sets."""
    world = _world(run)
    questions = world.questions(run.settings["questions"])
    ends = np.arange(len(questions.words) + 1) * questions.words.shape[1]
    texts = world.lexicon.render(questions.words.ravel(), ends)
    entities = world.prose.subject[questions.article]

    def of(split: str) -> tuple[Mentions, I64]:
        rows = _drawn(np.flatnonzero(questions.split == split), split, run)
        return Mentions(texts, rows, np.zeros(len(rows), np.int64), np.array([len(texts[i]) for i in rows])), entities[
            rows
        ]

    train = TrainingSet(_names(world), *of("train"))
    valid, test = (Linked.of(train, *of(split)) for split in ("valid", "test"))
    return LinkingData(train, valid, test, array_digest({"words": questions.words, "entities": entities}))


def _atlas_marking(run: Run) -> LinkingData:
    """Sentences of generated articles, in which mentions are to be found and linked. No sentence for training mentions
    an unseen entity."""
    world = _world(run)
    corpus, notes = world.corpus(), world.annotations(run.settings["unseen"])
    sentence = np.searchsorted(corpus.sentences, notes.place, side="right") - 1
    texts, start, stop = _spans(world, corpus.sentences, sentence, notes.place)
    split_of = np.full(len(texts), "", "U5")
    split_of[sentence] = notes.split
    mentioned = world.prose.entity
    hidden = np.flatnonzero((mentioned >= 0) & notes.unseen[mentioned])
    hidden_sentences = np.searchsorted(corpus.sentences, hidden, side="right") - 1
    split_of[hidden_sentences[split_of[hidden_sentences] == "train"]] = ""

    def of(split: str) -> tuple[list[str], Links]:
        chosen = _drawn(np.flatnonzero(split_of == split), split, run)
        number = np.full(len(texts), -1)
        number[chosen] = np.arange(len(chosen))
        (rows,) = np.nonzero(number[sentence] >= 0)
        return [texts[i] for i in chosen], Links(number[sentence[rows]], start[rows], stop[rows], notes.entity[rows])

    catalogue = _names(world)
    learned, links = of("train")
    train = TrainingSet(catalogue, Mentions(learned, *links[:3]), links.entity)
    valid, test = (Passages(catalogue, *of(split)) for split in ("valid", "test"))
    return LinkingData(train, valid, test, array_digest({"sentences": corpus.sentences, "entity": notes.entity}))


def _speed(run: Run) -> LinkingData:
    """The mentions of `atlas`, whose linking is timed."""
    data = _atlas(run)
    assert isinstance(data.valid, Linked)
    assert isinstance(data.test, Linked)
    return data._replace(valid=Timed(data.valid), test=Timed(data.test))


def _index(run: Run) -> LinkingData:
    """Catalogues of generated names."""
    catalogues = growing(run.settings["index_names"], run.rng("data"))
    measured = Catalogues(catalogues, run.settings["extrapolated_names"])
    return LinkingData(_nothing(), measured, measured, catalogues[-1].digest)


def _disease_index(run: Run) -> LinkingData:
    """MEDIC with its preferred names alone, and with all names."""
    catalogue, _ = disease_names()
    measured = Catalogues([catalogue.preferred(), catalogue])
    return LinkingData(_nothing(), measured, measured, catalogue.digest)


def _nothing() -> TrainingSet:
    """No mentions to learn from."""
    none = np.zeros(0, np.int64)
    return TrainingSet(Catalogue.of([]), Mentions([], none, none, none), none)


def _names(world: "Atlas") -> Catalogue:
    """The names of the entities of a world."""
    names = world.lexicon.words[world.annotations().names]
    return Catalogue.of([" ".join(words) for words in names.tolist()])


def _spans(world: "Atlas", ends: I64, document: I64, place: I64) -> tuple[list[str], I64, I64]:
    """The texts between word offsets I64[texts + 1], and where the words at `place` I64[n], which are in texts
    `document` I64[n], start and stop there, in characters."""
    length = np.strings.str_len(world.lexicon.words)[world.prose.tokens]
    begin = np.concatenate(([0], np.cumsum(length + 1)))  # of each word, with one space after every word
    start = begin[place] - begin[ends[document]]
    return world.lexicon.render(world.prose.tokens, ends), start, start + length[place]


def _drawn(rows: I64, split: str, run: Run) -> I64:
    """At most so many rows as the settings allow for a split."""
    return run.rng(f"{split} mentions").permutation(rows)[: run.settings[f"{split}_mentions"]]


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
    of_split = data._replace(source=split)
    made = _published(catalogue, of_split, run)
    assert isinstance(made.test, Linked)
    of_test = data.source[_fixed(of_split, "test", run)]
    parts = {name: of_test == name for name in BENCHMARKS if BENCHMARKS[name] == "test"}
    return made._replace(test=made.test.in_parts(parts))


def _benchmarks_marking(run: Run) -> LinkingData:
    """The texts of the benchmarks, in which mentions are to be found and linked, with GUM's texts to learn from. Links
    to entities without a name are left out."""
    catalogue, data = wikipedia_benchmarks()
    learned = data.take(np.flatnonzero((data.source == "gum") & (data.entities != NIL)))
    texts = data.mentions.texts
    source = np.full(len(texts), "", data.source.dtype)
    source[data.mentions.document] = data.source

    def of(split: str) -> Passages:
        chosen = np.flatnonzero([BENCHMARKS.get(name) == split for name in source.tolist()])
        number = np.full(len(texts), -1)
        number[chosen] = np.arange(len(chosen))
        rows = np.flatnonzero((number[data.mentions.document] >= 0) & (data.entities != NIL))
        mentions = data.mentions
        links = Links(number[mentions.document[rows]], mentions.start[rows], mentions.stop[rows], data.entities[rows])
        parts = {name: source[chosen] == name for name in BENCHMARKS if BENCHMARKS[name] == split}
        return Passages(catalogue, [texts[i] for i in chosen.tolist()], links, parts)

    own_texts = texts[: learned.mentions.document.max() + 1]  # GUM's come first
    train = TrainingSet(catalogue, replace(learned.mentions, texts=own_texts), learned.entities)
    return LinkingData(train, of("valid"), of("test"), array_digest({"entities": data.entities}))


def _published(catalogue: Catalogue, data: Annotated, run: Run) -> LinkingData:
    """The data whose sources are splits. Mentions of entities that the catalogue lacks are left out."""
    drawn = run.rng("data").permutation(_rows(data, "train"))
    drawn = np.sort(drawn[: round(DRAWN_SHARE * len(drawn))])
    chosen = data.take(drawn)
    train = TrainingSet(catalogue, chosen.mentions, chosen.entities)
    valid, test = (data.take(_fixed(data, split, run)) for split in ("valid", "test"))
    return LinkingData(
        train,
        _linked(train, valid.mentions, valid.entities, run),
        _linked(train, test.mentions, test.entities, run),
        array_digest({"train": drawn}),
    )


def _fixed(data: Annotated, split: str, run: Run) -> I64:
    """The rows of a split, at most so many as the settings allow, the same for every seed."""
    shuffled = np.random.default_rng(0).permutation(_rows(data, split))
    return np.sort(shuffled[: run.settings[f"{split}_mentions"]])


def _rows(data: Annotated, split: str) -> I64:
    return np.flatnonzero((data.source == split) & (data.entities != NIL))


def _linked(train: TrainingSet, mentions: Mentions, entities: np.ndarray, run: Run) -> Linked:
    mentions = with_candidates(mentions, train, run.settings["candidates"], run)
    return Linked.of(train, mentions, entities)


def _random_share(name: str) -> float:
    """A number from 0 to 1 that is the same in every run."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:6], "big") / 2**48
