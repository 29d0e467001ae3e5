"""`TrainingText`, which maskings learn from, and what held-out text is scored on."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from harness.tasks.mlm.problems.blocks import Blocks
from harness.tasks.mlm.problems.ngrams import F64, NGrams
from harness.tasks.mlm.problems.pieces import Pieces
from harness.tasks.mlm.problems.words import I64, Mask, Words


@dataclass(frozen=True, eq=False)
class TrainingText:
    """The training documents as words and as blocks of pieces of words."""

    words: Words
    pieces: Pieces
    blocks: Blocks

    @cached_property
    def piece_log_p(self) -> F64:
        """F64[pieces]: the logarithm of the share of each piece in the text, with one more occurrence of each."""
        lengths = self.pieces.lengths
        counts = np.ones(len(self.pieces.names))
        np.add.at(counts, self.pieces.ids, self.words.counts.repeat(lengths))
        log_p: F64 = np.log(counts / counts.sum())
        return log_p


class MaskedBlocks(NamedTuple):
    """Blocks with some tokens to be predicted. tokens: I64[n L], without masks; masked: Bool[n L]; words: the number of
    masked words; chance: the sum of minus the log-probabilities of the masked tokens by their frequency in the training
    text."""

    tokens: I64
    masked: Mask
    words: int
    chance: float

    @property
    def chance_loss(self) -> float:
        """The loss of guessing by frequency, in nats for each masked token."""
        return self.chance / int(self.masked.sum())

    @property
    def chance_loss_per_word(self) -> float:
        """The same for each masked word."""
        return self.chance / self.words


class Sentences(NamedTuple):
    """Labelled sentences of a probe. tokens: I64[n L]; labels: I64[n], 0 or 1."""

    tokens: I64
    labels: I64


class Probe(NamedTuple):
    """A task of classification that is learned from the encoder's states."""

    train: Sentences
    test: Sentences


@dataclass(frozen=True, eq=False)
class HeldOut:
    """What one split is scored on: blocks by evaluation mask, of held-out articles and of another source; and probes.
    `vocabulary` is the number of pieces."""

    masks: Mapping[str, MaskedBlocks]
    elsewhere: Mapping[str, MaskedBlocks]
    probes: Mapping[str, Probe]
    vocabulary: int


class Collocations(NamedTuple):
    """N-grams of a text to be ranked: which of them are planted phrases, and which are junk."""

    ngrams: NGrams
    is_planted: Mask
    is_junk: Mask
