"""Texts in which mentions are to be found and linked, and links in them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from harness.tasks.entity_linking.problems.mentions import I64, Catalogue, Mask


class Links(NamedTuple):
    """Links in texts: m spans in characters, and their entities. document, start, stop, entity: I64[m]."""

    document: I64
    start: I64
    stop: I64
    entity: I64

    def within(self, texts: Mask) -> "Links":
        """The links in some texts, Bool[texts]."""
        return Links(*(column[texts[self.document]] for column in self))

    def rows(self) -> set[tuple[int, ...]]:
        """The links as a set of (document, start, stop, entity)."""
        return set(zip(*(column.tolist() for column in self), strict=True))


@dataclass(frozen=True, eq=False)
class Passages:
    """Texts to be marked, and what entrants never see: the links in them, and the texts of each part, Bool[texts]."""

    catalogue: Catalogue
    texts: Sequence[str]
    links: Links
    parts: Mapping[str, Mask] = field(default_factory=dict)


def links_of(rows: Sequence[tuple[int, int, int, int]]) -> Links:
    """Links from their rows (document, start, stop, entity)."""
    table = np.array(rows, np.int64).reshape(len(rows), 4)
    return Links(*table.T.copy())
