"""`Tower`: the encoder of the generators as a network that gives a text one vector."""

import numpy as np
import torch
from torch import Tensor, nn

from harness.nn.encoder import Encoder, EncoderOptions
from harness.nn.seq2seq import SoftmaxAttention
from harness.nn.training import evaluating
from harness.tasks.entity_linking.models.writer import trimmed
from harness.tasks.entity_linking.problems.tokens import I32, Mark

ENCODE_BATCH = 512
"""The number of texts that are encoded at a time where no gradient is needed."""


class Tower(nn.Module):
    """A Transformer encoder, the mean of its states between the marks of the mention, and a linear layer.

    Embeddings start as normal numbers with the standard deviation `embedding_std`.
    """

    def __init__(self, options: EncoderOptions, embedding_std: float = 1.0) -> None:
        super().__init__()
        self.encoder = Encoder(options, SoftmaxAttention)
        self.head = nn.Linear(options.width, options.width)
        self.encoder.scale_embeddings(embedding_std)

    def forward(self, tokens: Tensor) -> Tensor:
        """tokens I64[n L], padded with 0, of mentions in their contexts -> F32[n width]."""
        tokens = trimmed(tokens)
        states = self.encoder(tokens, tokens != Mark.PAD)
        is_inside = ((tokens == Mark.MENTION).cumsum(dim=1) > (tokens == Mark.MENTION_END).cumsum(dim=1)).float()
        mean = torch.einsum("nl,nlw->nw", is_inside / is_inside.sum(dim=1, keepdim=True), states)
        vectors: Tensor = self.head(mean)
        return vectors

    def vectors(self, tokens: I32, device: str) -> Tensor:
        """F32[n width]: the vectors of texts, without gradient; those of similar length are encoded together."""
        order = np.argsort((tokens != Mark.PAD).sum(axis=1), kind="stable")
        vectors = torch.empty((len(tokens), self.head.out_features), device=device)
        with evaluating(self):
            for rows in np.array_split(order, max(1, len(order) // ENCODE_BATCH)):
                vectors[torch.from_numpy(rows)] = self(torch.from_numpy(tokens[rows].astype(np.int64)).to(device))
        return vectors
