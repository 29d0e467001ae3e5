"""Masks of random spans of words."""

from typing import Annotated

import numpy as np
from annotated_types import Ge, Gt, Lt

from harness.tasks.mlm import F64, I64, Blocks, Masking, units_of_starts


class RandomSpan(Masking):
    """Random-span masking, as in SpanBERT (Joshi et al., 2020) without its objective at the boundaries of spans.

    Each time that a block is masked, it is divided anew into spans of whole words. Their numbers of words are drawn
    from the geometric distribution of parameter `p`, of which lengths above `longest` are left out and the others
    scaled to a sum of 1: with the defaults 3.8 words on average. The last span ends with the block.
    """

    name = "random_span"
    cases = ("atlas", "wikipedia")
    p: Annotated[float, Gt(0), Lt(1)] = 0.2
    longest: Annotated[int, Ge(1)] = 10

    def units(self, blocks: Blocks, rng: np.random.Generator) -> I64:
        words = int(blocks.sizes.max())
        lengths = rng.choice(np.arange(1, self.longest + 1), (len(blocks), words), p=self.length_distribution())
        starts = np.zeros((len(blocks), words + 1), np.bool_)
        np.put_along_axis(starts, np.minimum(np.cumsum(lengths, axis=1), words), True, axis=1)
        return units_of_starts(blocks, starts[:, :-1])

    def length_distribution(self) -> F64:
        """F64[longest]: the probabilities of 1, 2, ... words."""
        weights = (1 - self.p) ** np.arange(self.longest, dtype=np.float64)
        probabilities: F64 = weights / weights.sum()
        return probabilities
