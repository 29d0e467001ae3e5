"""How often each string referred to each entity in the training data."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from harness.run import Run
from harness.tasks.entity_linking import I64, NIL, EntityLinker, Links, Mentions, TrainingSet, links_of

WORD = re.compile(r"\w+")
LEAST_SHARE = 0.5
LONGEST = 6


class AliasPrior(EntityLinker):
    """The alias prior p(entity | mention) from counts of the training mentions, in lower case.

    A mention that was never seen refers to the entities that have it as a name, and after these to the most frequent
    entities of the training mentions.
    """

    name = "alias_prior"

    def fit(self, train: TrainingSet, run: Run) -> None:
        counts: defaultdict[str, Counter[int]] = defaultdict(Counter)
        pairs = list(zip(train.mentions.surfaces, train.entities.tolist(), strict=True))
        for surface, entity in run.draw(pairs, 1):
            counts[surface.lower()][entity] += 1
        self.seen = {surface: [entity for entity, _ in count.most_common()] for surface, count in counts.items()}
        self.named: defaultdict[str, list[int]] = defaultdict(list)
        for name, owner in zip(train.catalogue.names, train.catalogue.owners.tolist(), strict=True):
            self.named[name.lower()].append(owner)
        self.learned = train.mentions
        self.frequent = [entity for entity, _ in Counter(train.entities.tolist()).most_common()]

    def link(self, mentions: Mentions, k: int) -> I64:
        ranked = np.full((len(mentions), k), NIL, np.int64)
        for row, surface in enumerate(mentions.surfaces):
            known = [*self.seen.get(surface.lower(), []), *self.named.get(surface.lower(), [])]
            entities = list(dict.fromkeys([*known, *self.frequent[: k + len(known)]]))[:k]
            ranked[row, : len(entities)] = entities
        return ranked

    def mark(self, texts: Sequence[str]) -> Links:
        """The longest strings of whole words, from left to right, that are mentions in at least half of the places
        where they stand in the training texts, or names that do not stand there; each is linked to its most probable
        entity."""
        entities = {
            **{name: owners[0] for name, owners in self.named.items()},
            **{s: e[0] for s, e in self.seen.items()},
        }
        shares = _shares_linked(self.learned, entities)
        rows = []
        for document, text in enumerate(texts):
            place = 0
            for start, stop in _strings(text):
                surface = text[start:stop].lower()
                if start >= place and shares.get(surface, 0.0) >= LEAST_SHARE:
                    rows.append((document, start, stop, entities[surface]))
                    place = stop
        return links_of(rows)


def _shares_linked(mentions: Mentions, strings: Iterable[str]) -> dict[str, float]:
    """In which share of the places where it stands in the training texts each string is a mention; 1 if it stands
    nowhere."""
    linked = Counter(surface.lower() for surface in mentions.surfaces)
    places = dict.fromkeys(strings, 0)
    for text in mentions.texts:
        for start, stop in _strings(text):
            if (surface := text[start:stop].lower()) in places:
                places[surface] += 1
    return {surface: linked[surface] / count if count else 1.0 for surface, count in places.items()}


def _strings(text: str) -> Iterator[tuple[int, int]]:
    """Where strings of at most LONGEST whole words start and stop, from left to right, the longest of a place first."""
    words = [match.span() for match in WORD.finditer(text)]
    for i, (start, _) in enumerate(words):
        yield from ((start, stop) for _, stop in reversed(words[i : i + LONGEST]))
