"""Copying: symbols are shown, then nothing for a while, then a marker; after it the symbols are to be repeated.

After Hochreiter and Schmidhuber (1997), as Goyal et al. (2021) use it.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

BLANK: Final = 0
"""Shown during the delay and while symbols are repeated; and what is right before that. Symbols follow from 1."""


@dataclass(frozen=True)
class Copying:
    """`copied` symbols out of `alphabet` are repeated after a delay."""

    copied: int
    alphabet: int

    @property
    def marker(self) -> int:
        """The symbol that asks for the answer."""
        return self.alphabet + 1

    @property
    def vocabulary(self) -> int:
        """Blank, symbols, marker."""
        return self.alphabet + 2

    @property
    def classes(self) -> int:
        """Blank, symbols."""
        return self.alphabet + 1

    def draw(self, items: int, rng: np.random.Generator) -> np.ndarray:
        """U8[items copied]: what is to be copied."""
        return rng.integers(1, self.alphabet + 1, size=(items, self.copied), dtype=np.uint8)

    def posed(self, shown: np.ndarray, delay: int) -> tuple[np.ndarray, np.ndarray]:
        """`symbols` and `targets`, U8[n T] each, T = delay + 2 copied: what is `shown` U8[n copied], `delay` - 1
        blanks, the marker, and blanks during which what was shown is right."""
        symbols = np.full((len(shown), delay + 2 * self.copied), BLANK, dtype=np.uint8)
        targets = symbols.copy()
        symbols[:, : self.copied] = shown
        symbols[:, self.copied + delay - 1] = self.marker
        targets[:, -self.copied :] = shown
        return symbols, targets
