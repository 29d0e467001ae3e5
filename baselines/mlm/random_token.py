"""Masks of single tokens."""

import numpy as np

from harness.tasks.mlm import I64, Blocks, Masking


class RandomToken(Masking):
    """Random-token masking: every piece of a word is a unit (Devlin et al., 2019)."""

    name = "random_token"

    def units(self, blocks: Blocks, rng: np.random.Generator) -> I64:
        return np.where(blocks.words >= 0, np.arange(blocks.words.shape[1]), -1)
