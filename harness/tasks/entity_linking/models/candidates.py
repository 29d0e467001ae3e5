"""Candidate sets: the entities that a mention may refer to, judged by how it is written."""

from dataclasses import dataclass, field
from itertools import chain

import numpy as np

from harness.core.artefacts import Recipe
from harness.core.canonical import array_digest, digest
from harness.run import Run
from harness.tasks.entity_linking.models.similarity import NameSimilarity
from harness.tasks.entity_linking.problems.mentions import I64, NIL, Candidates, Mentions, TrainingSet


@dataclass(frozen=True, kw_only=True)
class CandidateSets(Recipe):
    """The recipe of the candidates of mentions (`ends` and `entities`, as in `Candidates`).

    They are the entities that the same string referred to in the training mentions, and then those whose names are most
    similar to it, `most` in all; sorted by their number, which tells nothing.
    """

    train: str
    surfaces: str
    most: int
    data: TrainingSet = field(compare=False, repr=False)
    mentions: Mentions = field(compare=False, repr=False)

    def build(self) -> dict[str, np.ndarray]:
        """Looks up and compares all mentions."""
        aliases: dict[str, dict[int, None]] = {}
        for surface, entity in zip(self.data.mentions.surfaces, self.data.entities.tolist(), strict=True):
            aliases.setdefault(surface.lower(), {})[entity] = None
        surfaces = [surface.lower() for surface in self.mentions.surfaces]
        similar = NameSimilarity(self.data.catalogue).top(surfaces, self.most)
        rows = [self._chosen(aliases.get(s, {}), row) for s, row in zip(surfaces, similar, strict=True)]
        ends = np.cumsum([0, *map(len, rows)])
        return {"ends": ends, "entities": np.fromiter(chain.from_iterable(rows), np.int64)}

    def _chosen(self, aliases: dict[int, None], similar: I64) -> list[int]:
        ranked = dict.fromkeys([*aliases, *similar[similar != NIL].tolist()])
        return sorted(list(ranked)[: self.most])


def with_candidates(mentions: Mentions, train: TrainingSet, most: int, run: Run) -> Mentions:
    """The mentions with their candidate sets, at most so many entities each."""
    linked = array_digest({"entities": train.entities})
    recipe = CandidateSets(
        train=digest([train.catalogue.digest, train.mentions.surfaces, linked]),
        surfaces=digest(mentions.surfaces),
        most=most,
        data=train,
        mentions=mentions,
    )
    return mentions.with_candidates(Candidates(**run.artefact(recipe)))
