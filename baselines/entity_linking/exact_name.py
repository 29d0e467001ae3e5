"""Mentions that are written like a name."""

import numpy as np

from harness.run import Run
from harness.tasks.entity_linking import I64, NIL, EntityLinker, Mentions, TrainingSet


class ExactName(EntityLinker):
    """A mention refers to the entities that have it as a name, in lower case; a mention that is no name to nothing."""

    name = "exact_name"

    def fit(self, train: TrainingSet, run: Run) -> None:
        self.named: dict[str, dict[int, None]] = {}
        for name, owner in zip(train.catalogue.names, train.catalogue.owners.tolist(), strict=True):
            self.named.setdefault(name.lower(), {})[owner] = None

    def link(self, mentions: Mentions, k: int) -> I64:
        ranked = np.full((len(mentions), k), NIL, np.int64)
        for row, surface in enumerate(mentions.surfaces):
            entities = list(self.named.get(surface.lower(), ()))[:k]
            ranked[row, : len(entities)] = entities
        return ranked
