"""The language of all Atlas worlds: words that are spelled from syllables, the same for every seed."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int64]

FUNCTION_WORDS: Final = 32
_STREAM: Final = 2021  # the seed of the lexicon, which is the same for every world
_ONSETS: Final = (
    "b d f g h j k l m n p r s t v w z br dr fr gr kr pr tr bl fl gl kl pl sl st sk sp sm sn sh ch sw kw tw"
)
INVENTORY: Final = tuple(onset + vowel for onset in _ONSETS.split() for vowel in "aeiou")


@dataclass(frozen=True, eq=False)
class Lexicon:
    """Words and their spelling. A syllable ends at its only vowel, so a word is split into syllables in one way.

    words: str[V], distinct; first function words of one syllable, the most frequent first, then words of two or three
    syllables. spelling: I64[V 3], the ids of the syllables of each word, -1 after its end. syllables: str[s], the
    inventory.
    """

    words: NDArray[np.str_]
    spelling: Ids
    syllables: NDArray[np.str_]

    @classmethod
    def of_size(cls, words: int, syllables: int) -> Self:
        """Draws `words` distinct words over the first `syllables` syllables of the inventory."""
        rng = np.random.default_rng(_STREAM)
        lengths = rng.choice([2, 3], words, p=[0.6, 0.4])
        lengths[:FUNCTION_WORDS] = 1
        spelling = np.full((words, 3), -1)
        for length in (1, 2, 3):
            (rows,) = np.nonzero(lengths == length)
            codes = rng.choice(syllables**length, len(rows), replace=False)
            spelling[rows, :length] = codes[:, None] // syllables ** np.arange(length) % syllables
        parts = np.array([*INVENTORY[:syllables], ""])
        first, second, third = parts[spelling.T]
        return cls(np.strings.add(np.strings.add(first, second), third), spelling, parts[:-1])

    def spell(self, tokens: Ids) -> tuple[Ids, Ids]:
        """The syllable ids I64[m] of words I64[n], and for each syllable the index of its word in `tokens`."""
        pieces = self.spelling[tokens]
        inside = pieces >= 0
        return pieces[inside], np.arange(len(tokens)).repeat(inside.sum(axis=1))

    def render(self, tokens: Ids, offsets: Ids) -> list[str]:
        """The texts, of which text i has the words of `tokens[offsets[i]:offsets[i + 1]]`, joined by single spaces."""
        words = self.words[tokens].tolist()
        return [" ".join(words[start:stop]) for start, stop in pairwise(offsets.tolist())]
