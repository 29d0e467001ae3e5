"""Catalogues of growing size, to see how much memory an index of them takes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from harness.data.atlas.lexicon import Lexicon
from harness.data.atlas.world import zipf
from harness.tasks.entity_linking.problems.mentions import Catalogue

WORDS: Final = 10_000
LENGTHS: Final = (0.1, 0.45, 0.3, 0.15)
"""The shares of the names of one, two, three and four words."""


@dataclass(frozen=True, eq=False)
class Catalogues:
    """Catalogues, smallest first. `extrapolate` is a number of names, beyond the largest, at which the size is
    estimated from the last two; 0 for none."""

    catalogues: Sequence[Catalogue]
    extrapolate: int = 0


def growing(sizes: Sequence[int], rng: np.random.Generator) -> list[Catalogue]:
    """Catalogues of so many generated names, one an entity; each contains those before it.

    Names are drawn from 10,000 words of two or three syllables by Zipf's law, without repetition.
    """
    words = np.append(Lexicon.of_size(WORDS, 200).words, "")
    rows = np.zeros((0, len(LENGTHS)), np.int64)
    while len(rows) < max(sizes):
        count = max(sizes) - len(rows) + 1000
        drawn = rng.choice(WORDS, (count, len(LENGTHS)), p=zipf(WORDS))
        length = rng.choice(len(LENGTHS), count, p=LENGTHS) + 1
        drawn[np.arange(len(LENGTHS)) >= length[:, None]] = WORDS
        _, first = np.unique(np.vstack((rows, drawn)), axis=0, return_index=True)
        rows = np.vstack((rows, drawn))[np.sort(first)]
    names = [" ".join(filter(None, row)) for row in words[rows[: max(sizes)]].tolist()]
    return [Catalogue.of(names[:size]) for size in sorted(sizes)]
