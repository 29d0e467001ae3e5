"""The examples that a generator learns from: pairs of what it reads and what it writes."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from harness.tasks.entity_linking.models.marking import marked
from harness.tasks.entity_linking.models.names import NameIndex
from harness.tasks.entity_linking.problems.mentions import I64, Mentions, TrainingSet
from harness.tasks.entity_linking.problems.tokens import I32, Mark, Reader, padded
from harness.tasks.entity_linking.training.mixing import mixed_rows


class Pairs(NamedTuple):
    """n pairs: what is read, I32[n S], and what is written, I32[n T] with its END; padded with 0."""

    source: I32
    target: I32


class Examples:
    """Linked mentions, to write the preferred name of their entities; and the names of the catalogue, half of them to
    write the same name and half to write the preferred name of its owner.

    Where the names that are written are not those of the catalogue, an entity's first written name stands for each.
    """

    def __init__(self, train: TrainingSet, reader: Reader, written: NameIndex) -> None:
        self._contexts = reader.contexts(train.mentions)
        self._alone = reader.alone(train.catalogue.names)
        self._entities, self._owners = train.entities, train.catalogue.owners
        self._written = written.tokens
        self._is_same = list(train.catalogue.names) == list(written.catalogue.names)

    def batches(self, batch: int, name_share: float, rng: np.random.Generator) -> Iterator[Pairs]:
        """Endless batches, of which `name_share` are names of the catalogue."""
        counts, shares = (len(self._contexts), len(self._alone)), (1 - name_share, name_share)
        for mentions, names in mixed_rows(counts, shares, batch, rng):
            is_copied = self._is_same & (rng.random(len(names)) < 0.5)
            written = np.where(is_copied, names, self._owners[names])
            yield Pairs(
                np.concatenate((self._contexts[mentions], self._alone[names])),
                self._written[np.concatenate((self._entities[mentions], written))],
            )


class MarkedExamples:
    """Texts, to write them with marks around their mentions and the preferred names of these; and the names of the
    catalogue as texts that consist of one mention.

    `length` is the largest number of tokens of a marked text; longer ones are left out. A mention that does not begin
    and end with tokens, or that overlaps the one before it, is not marked.
    """

    def __init__(self, train: TrainingSet, reader: Reader, written: NameIndex, length: int) -> None:
        self._names = [row[: row.index(Mark.END)] for row in written.tokens.tolist()]
        texts, names = train.mentions.texts, train.catalogue.names
        spans = spans_by_text(train.mentions, train.entities)
        whole = [[(0, len(name), owner)] for name, owner in zip(names, train.catalogue.owners.tolist(), strict=True)]
        self._texts = self._pairs(texts, spans, reader, length)
        self._alone = self._pairs(names, whole, reader, length)

    def batches(self, batch: int, name_share: float, rng: np.random.Generator) -> Iterator[Pairs]:
        """Endless batches, of which `name_share` are names of the catalogue."""
        counts, shares = (len(self._texts.source), len(self._alone.source)), (1 - name_share, name_share)
        for texts, names in mixed_rows(counts, shares, batch, rng):
            yield Pairs(
                *(np.concatenate((a[texts], b[names])) for a, b in zip(self._texts, self._alone, strict=True)),
            )

    def _pairs(
        self, texts: Sequence[str], spans: Sequence[Sequence[tuple[int, int, int]]], reader: Reader, length: int
    ) -> Pairs:
        source, target = [], []
        for (tokens, places), mentions in zip(reader.placed(texts), spans, strict=True):
            begins = {start: i for i, (start, _) in enumerate(places)}
            ends = {stop: i + 1 for i, (_, stop) in enumerate(places)}
            found, place = [], 0
            for start, stop, entity in sorted(mentions):
                first, after = begins.get(start, -1), ends.get(stop, -1)
                if place <= first < after:
                    found.append((first, after, self._names[entity]))
                    place = after
            written = marked(tokens, found)
            if len(written) <= length:
                source.append(tokens)
                target.append(written)
        return Pairs(padded(source, reader.source_length), padded(target, length))


def spans_by_text(mentions: Mentions, entities: I64) -> list[list[tuple[int, int, int]]]:
    """The mentions in each text: where they start and stop, and their entities."""
    spans: list[list[tuple[int, int, int]]] = [[] for _ in mentions.texts]
    columns = (mentions.document, mentions.start, mentions.stop, entities)
    for document, start, stop, entity in zip(*(column.tolist() for column in columns), strict=True):
        spans[document].append((start, stop, entity))
    return spans
