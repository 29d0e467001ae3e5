"""The task's own masks of held-out blocks, which are the same for all entrants."""

from typing import Final

import numpy as np

from harness.core.errors import UserError
from harness.tasks.mlm.problems.blocks import Blocks
from harness.tasks.mlm.problems.lists import Spans
from harness.tasks.mlm.problems.ngrams import F64
from harness.tasks.mlm.problems.text import MaskedBlocks
from harness.tasks.mlm.problems.words import Mask
from harness.tasks.mlm.training.masking import MaskingOptions, draw_units
from harness.tasks.mlm.training.spans import spans_in_blocks

SPAN: Final = 4
"""The number of words of the spans of the mask `span`."""


def scattered(kind: str, blocks: Blocks, piece_log_p: F64, rate: float, rng: np.random.Generator) -> MaskedBlocks:
    """Masks a share of the tokens, drawn unit by unit: pieces (`token`), words (`word`), or runs of four words into
    which each block is divided from a random place on (`span`)."""
    position = blocks.words.astype(np.int64)
    if kind == "token":
        position = np.broadcast_to(np.arange(position.shape[1]), position.shape)
    elif kind == "span":
        position = (position - blocks.first[:, None] + rng.integers(SPAN, size=(len(blocks), 1))) // SPAN
    inside = blocks.words >= 0
    rows = np.arange(len(blocks))[:, None] * (int(position.max()) + 1)
    _, unit, sizes = np.unique((rows + position)[inside], return_inverse=True, return_counts=True)
    masked = np.zeros(inside.shape, np.bool_)
    masked[inside] = draw_units(sizes, MaskingOptions(rate), rng)[unit]
    return _masked(blocks, masked, piece_log_p)


def one_span_a_block(
    blocks: Blocks, spans: Spans, piece_log_p: F64, limit: int, rng: np.random.Generator
) -> MaskedBlocks:
    """Masks a random span, and nothing else, of each of the first `limit` blocks that have one among the
    text's `spans`. Raises `UserError` if there is none."""
    (having,) = np.nonzero((spans_in_blocks(blocks, spans) > 0).any(axis=1))
    if not len(having):
        raise UserError(
            f"none of the {len(blocks)} held-out blocks has a phrase, or an n-gram of the list, to mask; take more "
            "held-out text or longer blocks, or lower the settings `least` and `title_least`"
        )
    blocks = blocks.select(having[:limit])
    lengths = spans_in_blocks(blocks, spans)
    start = np.where(lengths > 0, rng.random(lengths.shape), -1.0).argmax(axis=1)
    length = lengths[np.arange(len(blocks)), start]
    first = (blocks.first + start)[:, None]
    masked = (blocks.words >= first) & (blocks.words < first + length[:, None])
    return _masked(blocks, masked, piece_log_p)


def _masked(blocks: Blocks, masked: Mask, piece_log_p: F64) -> MaskedBlocks:
    is_first: Mask = np.diff(blocks.words, axis=1, prepend=-1) != 0
    words, chance = int((masked & is_first).sum()), -float(piece_log_p[blocks.tokens[masked]].sum())
    return MaskedBlocks(blocks.tokens.astype(np.int64), masked, words, chance)
