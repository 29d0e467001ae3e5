"""The writer of a search: an encoder-decoder that remembers what it has read and written."""

import numpy as np
import torch
from torch import Tensor

from harness.nn.seq2seq import EncoderDecoder
from harness.tasks.entity_linking.problems.mentions import I64
from harness.tasks.entity_linking.problems.tokens import I32, Mark


class ModelWriter:
    """Writes texts with an encoder-decoder, given what it reads for each: source I32[n S], padded with 0."""

    def __init__(self, model: EncoderDecoder, source: I32, device: str) -> None:
        self._model = model
        self._device = device
        tokens = trimmed(torch.from_numpy(source.astype(np.int64))).to(device)
        self._memory = model.read(tokens, tokens != Mark.PAD)

    def write(self, tokens: I64, rows: I64) -> Tensor:
        """The logits of the next tokens; see `Writer`."""
        memory = self._memory.take(torch.from_numpy(rows).to(self._device))
        logits, self._memory = self._model.write(torch.from_numpy(tokens).to(self._device), memory)
        return logits


def trimmed(tokens: Tensor) -> Tensor:
    """Tokens I64[n L] without the last columns in which all rows are padding; at least one column stays."""
    longest = int((tokens != Mark.PAD).any(dim=0).sum())
    return tokens[:, : max(1, longest)]
