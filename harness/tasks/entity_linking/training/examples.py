"""The examples that a generator learns from: pairs of what it reads and what it writes."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from harness.tasks.entity_linking.models.names import NameIndex
from harness.tasks.entity_linking.problems.mentions import TrainingSet
from harness.tasks.entity_linking.problems.tokens import I32, Reader
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
