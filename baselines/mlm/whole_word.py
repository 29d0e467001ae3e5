"""Masks of whole words."""

import numpy as np

from harness.tasks.mlm import I64, Blocks, Masking


class WholeWord(Masking):
    """Whole-word masking: all pieces of a word are a unit (as BERT's authors released it later)."""

    name = "whole_word"

    def units(self, blocks: Blocks, rng: np.random.Generator) -> I64:
        return blocks.words.astype(np.int64)
