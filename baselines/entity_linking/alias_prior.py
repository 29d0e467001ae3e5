"""How often each string referred to each entity in the training data."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

import numpy as np

from harness.run import Run
from harness.tasks.entity_linking import I64, NIL, EntityLinker, Links, Mentions, TrainingSet, links_of

WORD = re.compile(r"\w+")
LEAST_SHARE = 0.5


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
        where they stand in the training texts; each is linked to its most probable entity."""
        shares = _share_linked(self.learned)
        longest = _longest(shares)
        rows = []
        for document, text in enumerate(texts):
            words = [match.span() for match in WORD.finditer(text)]
            place = 0
            while place < len(words):
                start = words[place][0]
                for last in range(min(place + longest, len(words)) - 1, place - 1, -1):
                    surface = text[start : words[last][1]].lower()
                    if shares.get(surface, 0.0) >= LEAST_SHARE:
                        rows.append((document, start, words[last][1], self.seen[surface][0]))
                        place = last
                        break
                place += 1
        return links_of(rows)


def _share_linked(mentions: Mentions) -> dict[str, float]:
    """In which share of the places where it stands in the training texts each seen string is a mention."""
    linked = Counter(surface.lower() for surface in mentions.surfaces)
    longest = _longest(linked)
    places: Counter[str] = Counter()
    for text in mentions.texts:
        words = [match.span() for match in WORD.finditer(text)]
        for i, (start, _) in enumerate(words):
            places.update(text[start:stop].lower() for _, stop in words[i : i + longest])
    return {surface: count / max(count, places[surface]) for surface, count in linked.items()}


def _longest(surfaces: Iterable[str]) -> int:
    """The largest number of words of a string."""
    return max((len(surface.split()) for surface in surfaces), default=1)
