"""Annotated texts of real data: where mentions are, and which entity of a catalogue each of them refers to."""

import re
from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import unquote

import numpy as np

from harness.tasks.entity_linking.problems.mentions import I64, NIL, Catalogue, Mentions


class Annotated(NamedTuple):
    """Mentions, their entities I64[n] (NIL for one that the catalogue lacks), and the part of the data that each is
    from, str[n]: its split, or its benchmark."""

    mentions: Mentions
    entities: I64
    source: np.ndarray

    def take(self, rows: I64) -> "Annotated":
        """Some mentions I64[k], in this order."""
        return Annotated(self.mentions.take(rows), self.entities[rows], self.source[rows])


class Span(NamedTuple):
    """A mention as the readers give it: its text, its place there in characters, its entity, and what it is from."""

    document: int
    start: int
    stop: int
    entity: int
    source: str


def diseases() -> tuple[Catalogue, Annotated]:
    """MEDIC, and the diseases in NCBI disease and BC5CDR by split.

    Of a composite mention, which has several identifiers, the first counts. An identifier of a disease that was merged
    into another stands for the other.
    """
    from harness.data.sets import pubtator

    catalogue, number = disease_names()
    documents = [*pubtator.documents("ncbi-disease"), *pubtator.documents("bc5cdr")]
    spans = [
        Span(i, mention.start, mention.stop, number.get(first_identifier(mention.identifier), NIL), document.split)
        for i, document in enumerate(documents)
        for mention in document.mentions
        if mention.kind != "Chemical"
    ]
    return catalogue, annotated([document.text for document in documents], spans)


def disease_names() -> tuple[Catalogue, dict[str, int]]:
    """MEDIC, and the number of each disease by its identifier and by those that were merged into it."""
    from harness.data.sets import medic

    entries = medic.diseases()
    number = {other: i for i, entry in reversed(list(enumerate(entries))) for other in entry.alternatives}
    number |= {entry.id: i for i, entry in enumerate(entries)}
    others = [(i, name) for i, entry in enumerate(entries) for name in entry.names[1:]]
    return Catalogue.of([entry.names[0] for entry in entries], others), number


def first_identifier(identifiers: str) -> str:
    """The first of several identifiers, without the name of its vocabulary."""
    return re.split(r"[|+]", identifiers)[0].strip().removeprefix("MESH:").removeprefix("OMIM:")


def wikipedia_titles() -> tuple[Catalogue, Annotated]:
    """The Wikipedia titles of GUM, and its mentions by split; pronouns are left out."""
    from harness.data.sets import gum

    documents = gum.documents()
    named = [(i, mention) for i, document in enumerate(documents) for mention in document.mentions]
    named = [(i, mention) for i, mention in named if not mention.is_pronoun]
    titles = sorted({mention.title for _, mention in named})
    number = {title: i for i, title in enumerate(titles)}
    spans = [Span(i, m.start, m.stop, number[m.title], documents[i].split) for i, m in named]
    catalogue = Catalogue.of([unquote(title).replace("_", " ") for title in titles])
    return catalogue, annotated([document.text for document in documents], spans)


BENCHMARKS = {
    "kore50": "test",
    "msnbc": "test",
    "oke-2015-eval": "test",
    "oke-2016-eval": "test",
    "reuters-128": "test",
    "rss-500": "test",
    "derczynski": "test",
    "spotlight": "test",
    "news-fair-v2-no-coref": "test",
    "wiki-fair-v2-no-coref": "test",
    "oke-2015-train": "valid",
}
"""The benchmarks of ELEVANT that are used, and the split of each. The training texts of OKE 2016 are not: half of them
are those that OKE 2015 evaluates on."""


def wikipedia_benchmarks() -> tuple[Catalogue, Annotated]:
    """The titles of GUM with all entities of ELEVANT's benchmarks, all mentions of GUM (source `gum`), and those of
    each benchmark. Entities with the same name are one, since the data sets name them in different ways."""
    from harness.data.sets import elevant

    titles, gum = wikipedia_titles()
    texts = [text for text in elevant.texts() if text.benchmark in BENCHMARKS]
    linked = [(i, m) for i, text in enumerate(texts) for m in text.mentions if m.identifier.startswith("Q")]
    names = dict.fromkeys([*titles.names, *(mention.name for _, mention in linked if mention.name.strip())])
    number = {name: i for i, name in enumerate(names)}
    offset = len(gum.mentions.texts)
    spans = [Span(offset + i, m.start, m.stop, number.get(m.name, NIL), texts[i].benchmark) for i, m in linked]
    spans += [
        Span(d, i, j, number[titles.names[entity]], "gum")
        for d, i, j, entity in zip(
            gum.mentions.document, gum.mentions.start, gum.mentions.stop, gum.entities, strict=True
        )
    ]
    return Catalogue.of(list(names)), annotated([*gum.mentions.texts, *(text.text for text in texts)], spans)


def annotated(texts: Sequence[str], spans: Sequence[Span]) -> Annotated:
    """The mentions of texts."""
    document, start, stop, entities = (np.array([span[i] for span in spans], np.int64) for i in range(4))
    return Annotated(Mentions(texts, document, start, stop), entities, np.array([span.source for span in spans]))
