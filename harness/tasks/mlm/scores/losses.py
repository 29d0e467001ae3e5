"""The loss at the evaluation masks."""

from typing import Final

import numpy as np

from harness.core.errors import BadOutput
from harness.core.task import checked
from harness.tasks.mlm.interface import MaskedLanguageModel
from harness.tasks.mlm.problems.ngrams import F64
from harness.tasks.mlm.problems.pieces import MASK
from harness.tasks.mlm.problems.text import MaskedBlocks

BATCH: Final = 64
"""The number of blocks that are asked about at a time."""
_TOLERANCE: Final = 1e-3
"""How far from 1 the sum of probabilities may be."""


def all_losses(system: MaskedLanguageModel, blocks: MaskedBlocks, vocabulary: int) -> F64:
    """F64[m]: minus the log-probabilities of all masked tokens, row by row."""
    rows = np.arange(len(blocks.tokens))
    parts = (rows[start : start + BATCH] for start in range(0, len(rows), BATCH))
    return np.concatenate([token_losses(system, blocks, part, vocabulary) for part in parts])


def token_losses(system: MaskedLanguageModel, blocks: MaskedBlocks, rows: np.ndarray, vocabulary: int) -> F64:
    """F64[m]: minus the log-probabilities of the masked tokens of some blocks, row by row."""
    tokens, masked = blocks.tokens[rows], blocks.masked[rows]
    targets = tokens[masked]
    returned = system.log_probabilities(np.where(masked, MASK, tokens), masked)
    log_p = checked("log_probabilities", returned, (len(targets), vocabulary))
    sums = np.exp(log_p).sum(axis=1)
    if (np.abs(sums - 1) > _TOLERANCE).any():
        raise BadOutput(
            f"log_probabilities returned rows whose probabilities sum to {sums.min():.4g} to {sums.max():.4g}, not 1"
        )
    losses: F64 = -log_p[np.arange(len(targets)), targets].astype(np.float64)
    return losses


def block_losses(system: MaskedLanguageModel, blocks: MaskedBlocks, rows: np.ndarray, vocabulary: int) -> F64:
    """F64[n]: the sum of the losses in each of some blocks."""
    owner = np.nonzero(blocks.masked[rows])[0]
    losses = token_losses(system, blocks, rows, vocabulary)
    return np.bincount(owner, weights=losses, minlength=len(rows)).astype(np.float64)
