"""Copying: symbols are shown, then blanks, then a marker, after which the symbols must be repeated.

The problem comes from Hochreiter and Schmidhuber (1997) and is used as in Goyal et al. (2021).
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

BLANK: Final = 0
"""The symbol that is shown during the delay and while symbols are repeated. It is also the target of all steps before
that. The symbols to be copied are numbered from 1."""


@dataclass(frozen=True)
class Copying:
    """The problem in which `copied` symbols out of an alphabet of `alphabet` symbols must be repeated after a delay."""

    copied: int
    alphabet: int

    @property
    def marker(self) -> int:
        """The symbol that asks for the answer."""
        return self.alphabet + 1

    @property
    def vocabulary(self) -> int:
        """The number of symbols: blank, alphabet and marker."""
        return self.alphabet + 2

    @property
    def classes(self) -> int:
        """The number of classes: blank and alphabet."""
        return self.alphabet + 1

    def draw(self, items: int, rng: np.random.Generator) -> np.ndarray:
        """U8[items copied]: random symbols to be copied."""
        return rng.integers(1, self.alphabet + 1, size=(items, self.copied), dtype=np.uint8)

    def pose(self, shown: np.ndarray, delay: int) -> tuple[np.ndarray, np.ndarray]:
        """`symbols` and `targets`, U8[n T] each, with T = delay + 2 copied.

        The symbols are those `shown` U8[n copied], `delay` - 1 blanks, the marker, and as many blanks as symbols are to
        be copied. At these last steps the targets are the shown symbols, and blanks before.
        """
        symbols = np.full((len(shown), delay + 2 * self.copied), BLANK, dtype=np.uint8)
        targets = symbols.copy()
        symbols[:, : self.copied] = shown
        symbols[:, self.copied + delay - 1] = self.marker
        targets[:, -self.copied :] = shown
        return symbols, targets
