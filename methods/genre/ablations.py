"""GENRE with one choice undone."""

from typing import Literal

import numpy as np

from harness.tasks.entity_linking import Catalogue
from methods.genre.genre import Genre


class NoCandidates(Genre):
    """GENRE without candidate sets: any name of the catalogue may be written. Its weights are those of `genre`."""

    name = "no_candidates"
    tuned_as = "genre"
    cases = ("atlas", "diseases", "speed")
    allowed: Literal["candidates", "catalogue", "anything"] = "catalogue"


class Unconstrained(Genre):
    """GENRE without a trie: anything may be written, and what is no name is a wrong answer. Its weights are those of
    `genre`."""

    name = "unconstrained"
    tuned_as = "genre"
    cases = ("atlas", "diseases")
    allowed: Literal["candidates", "catalogue", "anything"] = "anything"


class NumericIds(Genre):
    """GENRE that writes a random number of as many digits for every entity, instead of its names."""

    name = "numeric_ids"
    cases = ("atlas", "diseases", "new_diseases")

    def names(self, catalogue: Catalogue, rng: np.random.Generator) -> Catalogue:
        digits = len(str(10 * catalogue.entities))
        numbers = rng.choice(9 * 10 ** (digits - 1), catalogue.entities, replace=False) + 10 ** (digits - 1)
        return Catalogue.of([str(number) for number in numbers])


class PermutedNames(Genre):
    """GENRE that writes, for every entity, the names of another one, drawn at random: names of the same kind that tell
    nothing about the entity."""

    name = "permuted_names"
    cases = ("atlas", "diseases")

    def names(self, catalogue: Catalogue, rng: np.random.Generator) -> Catalogue:
        new_owner = rng.permutation(catalogue.entities)
        pairs = [(int(new_owner[owner]), name) for owner, name in zip(catalogue.owners, catalogue.names, strict=True)]
        preferred = dict(pairs[: catalogue.entities])
        return Catalogue.of([preferred[entity] for entity in range(catalogue.entities)], pairs[catalogue.entities :])
