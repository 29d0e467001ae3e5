"""Key-value recall: which value does the key that is asked for have in this sequence?"""

from dataclasses import dataclass
from typing import Final

import numpy as np

PAD: Final = 0


@dataclass(frozen=True)
class Recall:
    """Sequences in each of which every key has one of so many values.

    The first token asks for a key. After it come between half of `longest` and `longest` pairs of a key and its value,
    every key at least once. The label is the asked key's value.
    """

    longest: int
    keys: int
    values: int

    @property
    def vocabulary(self) -> int:
        """Padding, questions, pairs."""
        return 1 + self.keys + self.keys * self.values

    def draw(self, items: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """`tokens` I16[items longest + 1], which end with `PAD`, and `labels` I64[items]."""
        values = rng.integers(self.values, size=(items, self.keys))
        asked = rng.integers(self.keys, size=(items, 1))
        pairs = rng.integers(max(self.longest // 2, self.keys), self.longest + 1, size=(items, 1))
        keys = rng.integers(self.keys, size=(items, self.longest))
        keys[:, : self.keys] = np.arange(self.keys)
        place = np.arange(self.longest)
        order = np.argsort(np.where(place < pairs, rng.random(keys.shape), 1 + place), axis=1)
        keys = np.take_along_axis(keys, order, axis=1)
        tokens = 1 + self.keys + keys * self.values + np.take_along_axis(values, keys, axis=1)
        tokens[place >= pairs] = PAD
        return np.hstack([1 + asked, tokens]).astype(np.int16), np.take_along_axis(values, asked, axis=1)[:, 0]
