"""Key-value recall: which value does the given key have in this sequence?"""

from dataclasses import dataclass
from typing import Final

import numpy as np

PAD: Final = 0


@dataclass(frozen=True)
class Recall:
    """Sequences in which each of `keys` keys has one of `values` values.

    The first token names a key. After it come between half of `longest` and `longest` pairs of a key and its value,
    with every key at least once. The label is the value of the named key.
    """

    longest: int
    keys: int
    values: int

    @property
    def vocabulary(self) -> int:
        """The number of tokens: padding, keys that are asked for, and pairs of key and value."""
        return 1 + self.keys + self.keys * self.values

    def draw(self, items: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """`tokens` I16[items longest + 1], in which `PAD` follows the last pair, and `labels` I64[items]."""
        values = rng.integers(self.values, size=(items, self.keys))
        queried = rng.integers(self.keys, size=(items, 1))
        pairs = rng.integers(max(self.longest // 2, self.keys), self.longest + 1, size=(items, 1))
        keys = rng.integers(self.keys, size=(items, self.longest))
        keys[:, : self.keys] = np.arange(self.keys)
        position = np.arange(self.longest)
        order = np.argsort(np.where(position < pairs, rng.random(keys.shape), 1 + position), axis=1)
        keys = np.take_along_axis(keys, order, axis=1)
        tokens = 1 + self.keys + keys * self.values + np.take_along_axis(values, keys, axis=1)
        tokens[position >= pairs] = PAD
        return np.hstack([1 + queried, tokens]).astype(np.int16), np.take_along_axis(values, queried, axis=1)[:, 0]
