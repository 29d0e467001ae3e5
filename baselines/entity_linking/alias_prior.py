"""How often each string referred to each entity in the training data."""

from collections import Counter, defaultdict

import numpy as np

from harness.run import Run
from harness.tasks.entity_linking import I64, NIL, EntityLinker, Mentions, TrainingSet


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
        self.frequent = [entity for entity, _ in Counter(train.entities.tolist()).most_common()]

    def link(self, mentions: Mentions, k: int) -> I64:
        ranked = np.full((len(mentions), k), NIL, np.int64)
        for row, surface in enumerate(mentions.surfaces):
            known = [*self.seen.get(surface.lower(), []), *self.named.get(surface.lower(), [])]
            entities = list(dict.fromkeys([*known, *self.frequent[: k + len(known)]]))[:k]
            ranked[row, : len(entities)] = entities
        return ranked
