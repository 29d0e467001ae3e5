"""Units of several words: spans that are given by their starts and lengths, and which of overlapping ones are kept."""

import numpy as np

from harness.tasks.mlm.problems.blocks import Blocks
from harness.tasks.mlm.problems.lists import Spans
from harness.tasks.mlm.problems.words import I64, Mask


def units_of_starts(blocks: Blocks, starts: Mask) -> I64:
    """I64[n L]: the units of tokens, given the words Bool[n W] of each block at which units begin."""
    of_words = np.cumsum(starts, axis=1)
    column = np.maximum(blocks.words - blocks.first[:, None], 0)
    return np.where(blocks.words >= 0, np.take_along_axis(of_words, column, axis=1), -1)


def spans_in_blocks(blocks: Blocks, spans: Spans) -> I64:
    """I64[n W]: the number of words of the span that begins at each word of each block (0 = none), given that number
    for each word of the text. A span that the end of a block cuts is left out."""
    sizes = blocks.sizes[:, None]
    column = np.arange(sizes.max(initial=0))
    room = np.maximum(sizes - column, 0)
    lengths = spans[np.where(room > 0, blocks.first[:, None] + column, 0)].astype(np.int64)
    return np.where(lengths <= room, lengths, 0)


def starts_of_spans(kept: Mask, lengths: I64) -> Mask:
    """Bool[n W]: where units begin, if the kept spans, which do not overlap, are units and so is every other word."""
    inside = np.zeros_like(kept)
    for shift in range(1, min(int(lengths.max(initial=0)), kept.shape[1])):
        inside[:, shift:] |= (kept & (lengths > shift))[:, :-shift]
    return ~inside


def choose_disjoint(lengths: I64, rng: np.random.Generator) -> Mask:
    """Bool[n W]: which spans are kept, given the number of words `lengths` I64[n W] of the span that begins at each
    word (less than 2 = none).

    Spans are taken in random order, each if it overlaps with none that was taken before. Each round here takes those
    that come before all spans that they overlap with.
    """
    priority = rng.random(lengths.shape)
    left, kept = lengths > 1, np.zeros(lengths.shape, np.bool_)
    reach = min(int(lengths.max(initial=0)), lengths.shape[1])
    while left.any():
        is_first, overlaps = left.copy(), {}
        for shift in range(1, reach):
            both = left[:, :-shift] & left[:, shift:] & (lengths[:, :-shift] > shift)
            is_later = priority[:, :-shift] < priority[:, shift:]
            is_first[:, :-shift] &= ~(both & is_later)
            is_first[:, shift:] &= ~(both & ~is_later)
            overlaps[shift] = both
        kept |= is_first
        left &= ~is_first
        for shift, both in overlaps.items():
            left[:, shift:] &= ~(both & is_first[:, :-shift])
            left[:, :-shift] &= ~(both & is_first[:, shift:])
    return kept
