"""Entities with their names, and mentions of entities in texts."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from harness.core.canonical import array_digest, digest
from harness.core.errors import UserError
from harness.core.task import read_only

I64 = NDArray[np.int64]
Mask = NDArray[np.bool_]

NIL = -1
"""No entity: what follows the last entity of a ranking, and what an entity that the catalogue lacks is called."""
INVALID = -2
"""An answer that names no entity: a generated text that is no name."""


@dataclass(frozen=True, eq=False)
class Catalogue:
    """The entities that a mention can refer to, numbered from 0, and their names.

    Name e is the preferred name of entity e, for each of the `entities`; their other names follow. owners: I64[names],
    the entity of each name. An entity that shares a name with others can also be reached by its other names.
    """

    names: Sequence[str]
    owners: I64
    entities: int

    @classmethod
    def of(cls, preferred: Sequence[str], others: Iterable[tuple[int, str]] = ()) -> Self:
        """The catalogue of entities by their preferred names, and of further names (entity, name).

        A name that an entity already has is left out. Raises `UserError` for an empty name.
        """
        pairs = dict.fromkeys([*enumerate(preferred), *others])
        if empty := [entity for entity, name in pairs if not name.strip()]:
            raise UserError(f"entity {empty[0]} of the catalogue has an empty name; give it one, or leave the name out")
        owners = np.array([entity for entity, _ in pairs], np.int64)
        read_only(owners)
        return cls([name for _, name in pairs], owners, len(preferred))

    @cached_property
    def digest(self) -> str:
        """The digest of the names and of their owners."""
        return digest([list(self.names), array_digest({"owners": self.owners})])

    def preferred(self) -> "Catalogue":
        """The same entities with their preferred names alone."""
        return Catalogue(self.names[: self.entities], self.owners[: self.entities], self.entities)

    def names_of(self, entities: I64) -> tuple[I64, I64]:
        """The names of entities I64[n], as two arrays: for each name the position of its entity among the n, and the
        row of the name; in order of position, then of row."""
        order, starts = self._rows_by_owner
        return ragged(order, starts, entities)

    @cached_property
    def _rows_by_owner(self) -> tuple[I64, I64]:
        order = np.argsort(self.owners, kind="stable")
        return order, np.searchsorted(self.owners[order], np.arange(self.entities + 1))


class Candidates(NamedTuple):
    """The candidates of n mentions: those of mention i are `entities[ends[i]:ends[i + 1]]`, distinct, in any order.

    ends: I64[n + 1]; entities: I64[m].
    """

    ends: I64
    entities: I64

    def take(self, mentions: I64) -> "Candidates":
        """The candidates of some mentions I64[k], in this order."""
        position, rows = ragged(None, self.ends, mentions)
        ends = np.searchsorted(position, np.arange(len(mentions) + 1))
        return Candidates(ends, self.entities[rows])

    @property
    def mentions(self) -> I64:
        """I64[m]: the mention of each candidate."""
        return np.arange(len(self.ends) - 1).repeat(np.diff(self.ends))


@dataclass(frozen=True, eq=False)
class Mentions:
    """n mentions in texts: mention i is the span from `start[i]` to `stop[i]` (in characters) of text `document[i]`.

    document, start, stop: I64[n]. candidates: the entities that each mention may refer to; None where the case has
    no candidate sets. Raises `UserError` if a mention is empty or outside its text.
    """

    texts: Sequence[str]
    document: I64
    start: I64
    stop: I64
    candidates: Candidates | None = None

    def __post_init__(self) -> None:
        length = np.array([len(text) for text in self.texts], np.int64)[self.document]
        wrong = (self.start < 0) | (self.start >= self.stop) | (self.stop > length)
        if wrong.any():
            i = int(wrong.argmax())
            raise UserError(
                f"mention {i} spans characters {self.start[i]} to {self.stop[i]} of text {self.document[i]}, which has "
                f"{length[i]}; a span needs 0 <= start < stop <= {length[i]}"
            )

    def __len__(self) -> int:
        return len(self.document)

    @cached_property
    def surfaces(self) -> list[str]:
        """The mentions as they are written."""
        return [self.texts[d][i:j] for d, i, j in zip(self.document, self.start, self.stop, strict=True)]

    @cached_property
    def read_texts(self) -> list[str]:
        """The texts that have mentions."""
        return [self.texts[document] for document in np.unique(self.document).tolist()]

    def contexts(self, words: int) -> list[tuple[str, str]]:
        """The text before and after each mention, at most so many words of it on either side."""
        pairs = []
        for d, i, j in zip(self.document, self.start, self.stop, strict=True):
            before = self.texts[d][:i].rsplit(None, words)[-words:] if words else []
            after = self.texts[d][j:].split(None, words)[:words]
            pairs.append((" ".join(before), " ".join(after)))
        return pairs

    def with_candidates(self, candidates: Candidates) -> "Mentions":
        """The same mentions with candidate sets."""
        return replace(self, candidates=candidates)

    def take(self, rows: I64) -> "Mentions":
        """Some mentions I64[k], in this order."""
        candidates = None if self.candidates is None else self.candidates.take(rows)
        return replace(
            self, document=self.document[rows], start=self.start[rows], stop=self.stop[rows], candidates=candidates
        )


@dataclass(frozen=True, eq=False)
class TrainingSet:
    """The catalogue, and mentions with the entities I64[n] that they refer to, all of which the catalogue has."""

    catalogue: Catalogue
    mentions: Mentions
    entities: I64


@dataclass(frozen=True, eq=False)
class Linked:
    """Mentions to be linked, and what entrants never see: their entities I64[n], and the mentions of each part,
    Bool[n].

    Parts are `seen` and `unseen`, whether the entity has a mention for training; `new`, whether the mention is written
    like no mention for training and like no name of the catalogue (in lower case); and those that a case adds.
    """

    catalogue: Catalogue
    mentions: Mentions
    entities: I64
    parts: Mapping[str, Mask]

    @classmethod
    def of(cls, train: TrainingSet, mentions: Mentions, entities: I64) -> Self:
        """Compares mentions with those for training."""
        known = {text.lower() for text in (*train.mentions.surfaces, *train.catalogue.names)}
        new = np.array([surface.lower() not in known for surface in mentions.surfaces], np.bool_)
        seen = np.isin(entities, train.entities)
        return cls(train.catalogue, mentions, entities, {"seen": seen, "unseen": ~seen, "new": new})

    def in_parts(self, parts: Mapping[str, Mask]) -> "Linked":
        """The same mentions with further parts."""
        return replace(self, parts={**self.parts, **parts})


def ragged(values: I64 | None, starts: NDArray[np.integer], groups: I64) -> tuple[I64, I64]:
    """The values `values[starts[g]:starts[g + 1]]` of each group of I64[n], one after the other, and before them each
    value's position among the n. Without `values`, the values are their own places."""
    sizes = (starts[groups + 1] - starts[groups]).astype(np.int64)
    position = np.arange(len(groups)).repeat(sizes)
    place = np.arange(len(position)) + (starts[groups] - (np.cumsum(sizes) - sizes))[position]
    return position, place if values is None else values[place]
