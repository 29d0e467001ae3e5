"""The network: a small BERT, which is the same for every masking."""

from collections.abc import Mapping
from typing import Any, Final

from torch import Tensor, nn

from harness.nn.distance_attention import DistanceAttention
from harness.nn.encoder import Encoder, EncoderOptions
from harness.tasks.mlm.problems.pieces import PAD

_DEVIATION: Final = 0.02
"""The standard deviation of the embeddings at the start, as in BERT."""


class ReadingEncoder(nn.Module):
    """The encoder as a function of tokens alone: padding is not attended to.

    With `positions = "learned"` its attention knows positions from their embeddings, with `"distance"` from a fixed
    bias (`DistanceAttention`).
    """

    def __init__(self, vocabulary: int, settings: Mapping[str, Any]) -> None:
        super().__init__()
        self.width: int = settings["width"]
        learned = {"learned": True, "distance": False}[settings["positions"]]
        sizes = {name: settings[name] for name in ("width", "layers", "heads", "expansion", "dropout")}
        options = EncoderOptions(vocabulary=vocabulary, max_length=settings["length"], positions=learned, **sizes)
        self.encoder = Encoder(
            options, PlainAttention if learned else lambda: DistanceAttention(options.heads, options.max_length)
        )
        nn.init.normal_(self.encoder.tokens.weight, std=_DEVIATION)
        if self.encoder.positions is not None:
            nn.init.normal_(self.encoder.positions, std=_DEVIATION)

    def forward(self, tokens: Tensor) -> Tensor:
        """I64[n L] -> F32[n L width]."""
        states: Tensor = self.encoder(tokens, tokens != PAD)
        return states


class PlainAttention(nn.Module):
    """Softmax attention."""

    def forward(self, q: Tensor, k: Tensor, v: Tensor, keep: Tensor) -> Tensor:
        """q, k, v: F32[B H L d], keep: Bool[B L] -> F32[B H L d]."""
        return nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=keep[:, None, None, :])


class Network(nn.Module):
    """The encoder, and a read-out that shares the embeddings (Devlin et al., 2019).

    `log_p` F32[V] are the logarithms of the pieces' frequencies, at which the output's bias starts, so that these need
    not be learned.
    """

    def __init__(self, log_p: Tensor, settings: Mapping[str, Any]) -> None:
        super().__init__()
        self.reader = ReadingEncoder(len(log_p), settings)
        width = self.reader.width
        self.transform = nn.Sequential(nn.Linear(width, width), nn.GELU(), nn.LayerNorm(width))
        self.bias = nn.Parameter(log_p.clone())

    def forward(self, tokens: Tensor, masked: Tensor) -> Tensor:
        """tokens I64[n L], masked Bool[n L] -> the logits F32[m V] of the m masked tokens, row by row."""
        states = self.transform(self.reader(tokens)[masked])
        logits: Tensor = nn.functional.linear(states, self.reader.encoder.tokens.weight, self.bias)
        return logits
