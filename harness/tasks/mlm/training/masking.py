"""Masking: units are drawn until a share of the tokens is masked, and the tokens of a drawn unit are replaced."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, NamedTuple, TypeAlias

import numpy as np
import torch
from torch import Tensor

from harness.core.errors import BadOutput
from harness.core.task import checked
from harness.tasks.mlm.problems.blocks import Blocks
from harness.tasks.mlm.problems.pieces import MASK, SPECIAL
from harness.tasks.mlm.problems.words import I32, I64, Mask

Overshoot: TypeAlias = Literal["skip", "take"]

MASKED, REPLACED = 0.8, 0.1
"""The shares of the drawn units that become `[MASK]` and random pieces; the others stay as they are."""
LONGEST_UNIT: Final = 10
"""Longer units are counted together with those of so many words."""


@dataclass(frozen=True)
class MaskingOptions:
    """How many tokens are masked.

    The budget of a batch is the share `rate` of its tokens without special ones, rounded. It is one budget for the
    whole batch, since that of a short block is smaller than a long unit. A unit that would exceed it is left out and
    others are drawn in its place (`skip`), or it is masked as the last one (`take`). At least one unit is masked.
    """

    rate: float = 0.15
    overshoot: Overshoot = "skip"


class MaskedBatch(NamedTuple):
    """A batch to predict from: tokens I32[n L], with the masks; and which tokens are to be predicted, Bool[n L]."""

    tokens: I32
    masked: Mask


@dataclass
class Tally:
    """What was masked in training, and how well it was predicted.

    tokens, masked: the numbers of all and of masked tokens by the number of words of their unit; index `LONGEST_UNIT`
    has those of longer units, too. gains: F32[] each, for every step the loss of guessing by frequency minus the loss.
    """

    tokens: I64 = field(default_factory=lambda: np.zeros(LONGEST_UNIT + 1, np.int64))
    masked: I64 = field(default_factory=lambda: np.zeros(LONGEST_UNIT + 1, np.int64))
    gains: list[Tensor] = field(default_factory=list)

    @property
    def gain(self) -> float:
        """The mean gain over the last tenth of the steps."""
        recent = self.gains[-max(1, len(self.gains) // 10) :]
        return float(torch.stack(recent).mean())

    @property
    def rates(self) -> dict[int, float]:
        """The share of the tokens that were masked by the number of words of their unit."""
        return {n: float(self.masked[n] / self.tokens[n]) for n in range(1, LONGEST_UNIT + 1) if self.tokens[n]}

    @property
    def rate(self) -> float:
        """The share of all tokens that were masked."""
        return float(self.masked.sum() / self.tokens.sum())

    @property
    def coverage(self) -> float:
        """The share of all tokens that are in units of several words."""
        return float(self.tokens[2:].sum() / self.tokens.sum())

    def state_dict(self) -> dict[str, Any]:
        """What was counted so far."""
        return {"tokens": torch.from_numpy(self.tokens), "masked": torch.from_numpy(self.masked), "gains": self.gains}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on from what was counted."""
        self.tokens, self.masked = (state_dict[name].numpy() for name in ("tokens", "masked"))
        self.gains = state_dict["gains"]


def mask(
    blocks: Blocks, units: I64, vocabulary: int, options: MaskingOptions, rng: np.random.Generator, tally: Tally
) -> MaskedBatch:
    """Masks a batch by its units I64[n L]: tokens of a row with the same number are a unit; those with -1 are never
    masked.

    Of the drawn units 80 % become `[MASK]`, 10 % are replaced by pieces that are drawn for each token from all pieces
    but the special ones, and 10 % stay as they are (Devlin et al., 2019); all tokens of a unit share its lot.
    """
    maskable = units >= 0
    rows = np.arange(len(units))[:, None] * (units.max(initial=0) + 1)
    _, unit, sizes = np.unique((rows + units)[maskable], return_inverse=True, return_counts=True)
    chosen = draw_units(sizes, options, rng)[unit]
    lot = rng.random(len(sizes))[unit]
    before = blocks.tokens[maskable]
    after = np.where(lot < MASKED, MASK, before)
    replaced = (lot >= MASKED) & (lot < MASKED + REPLACED)
    after[replaced] = rng.integers(len(SPECIAL), vocabulary, int(replaced.sum()))
    tokens, masked = blocks.tokens.copy(), np.zeros_like(maskable)
    tokens[maskable], masked[maskable] = np.where(chosen, after, before), chosen
    lengths = np.minimum(_words_of_units(blocks.words[maskable], unit), LONGEST_UNIT)[unit]
    tally.tokens += np.bincount(lengths, minlength=LONGEST_UNIT + 1)
    tally.masked += np.bincount(lengths[chosen], minlength=LONGEST_UNIT + 1)
    return MaskedBatch(tokens, masked)


def draw_units(sizes: I64, options: MaskingOptions, rng: np.random.Generator) -> Mask:
    """Bool[u]: the units that are drawn, uniformly and without replacement, given the number of tokens of each."""
    order = rng.permutation(len(sizes))
    budget = round(options.rate * int(sizes.sum()))
    drawn = np.zeros(len(sizes), np.bool_)
    if options.overshoot == "take":
        before = np.cumsum(sizes[order]) - sizes[order]
        drawn[order[before < max(1, budget)]] = True
        return drawn
    drawn[order[:1]] = True
    budget -= int(sizes[order[:1]].sum())
    order = order[1:]
    while len(order := order[sizes[order] <= budget]):
        fitting = int(np.searchsorted(np.cumsum(sizes[order]), budget, side="right"))
        drawn[order[:fitting]] = True
        budget -= int(sizes[order[:fitting]].sum())
        order = order[fitting:]
    return drawn


def check_units(units: I64, blocks: Blocks) -> I64:
    """The units I64[n L] that a masking returned. Raises `BadOutput` if special tokens are in units, or no token is."""
    units = checked("units", units, blocks.tokens.shape, "i")
    if wrong := int(((units >= 0) & (blocks.words < 0)).sum()):
        raise BadOutput(f"units put {wrong} special tokens into units; their unit must be -1, as their word is")
    if not (units >= 0).any():
        raise BadOutput("units put no token of the batch into a unit; those that may be masked need a number from 0 on")
    return units


def _words_of_units(words: I32, unit: I64) -> I64:
    """I64[u]: the number of words that each unit has a token of, given words and units I64[m] of tokens in order."""
    is_new = np.ones(len(unit), np.bool_)
    is_new[1:] = (words[1:] != words[:-1]) | (unit[1:] != unit[:-1])
    return np.bincount(unit[is_new])
