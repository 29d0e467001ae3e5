"""`Encoder`, a pre-norm Transformer encoder whose attention is open."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from harness.nn.packing import Layout, Packed, Padded
from harness.nn.returned import returned_like


@dataclass(frozen=True)
class EncoderOptions:
    """The size of an encoder.

    `width` must be a multiple of `heads`. `expansion` is the width of the feed-forward layers divided by `width`.
    `dropout` applies to the embedding and to the output of every block, before it is added. Without `positions` no
    positions are learned, and the attention has to tell them apart. With `packed`, no layer but the attention computes
    the padding: the same states up to rounding, in less time where much is padding.
    """

    vocabulary: int
    max_length: int
    width: int = 64
    layers: int = 2
    heads: int = 4
    expansion: int = 4
    dropout: float = 0.0
    positions: bool = True
    packed: bool = False


class Encoder(nn.Module):
    """Learned token and position embeddings, then layers of attention and feed-forward blocks with a normalisation
    before each block (Xiong et al., 2020), and a final normalisation.

    `attention()` builds the attention of one layer: a module (q, k, v: F32[B H L d], keep: Bool[B L]) -> F32[B H L d]
    whose queries and keys are not yet scaled. The projections to and from the heads belong to the encoder. The
    attentions are built last, so that they do not shift the random numbers that everything else is initialised from.

    Raises `ValueError` if `width` is not a multiple of `heads`, and `BadOutput` if an attention returns another shape.
    """

    def __init__(self, options: EncoderOptions, attention: Callable[[], nn.Module]) -> None:
        super().__init__()
        if options.width % options.heads:
            raise ValueError(f"width {options.width} is not a multiple of {options.heads} heads")
        self._packed = options.packed
        self.tokens = nn.Embedding(options.vocabulary, options.width)
        self.positions = nn.Parameter(torch.randn(options.max_length, options.width)) if options.positions else None
        self.dropout = nn.Dropout(options.dropout)
        self.layers = nn.ModuleList(_Layer(options) for _ in range(options.layers))
        self.norm = nn.LayerNorm(options.width)
        for layer in self.layers:
            layer.attention = attention()

    @torch.no_grad()
    def scale_embeddings(self, factor: float) -> None:
        """Multiply the embeddings, which begin as standard normal numbers."""
        self.tokens.weight.mul_(factor)
        if self.positions is not None:
            self.positions.mul_(factor)

    def forward(self, tokens: Tensor, keep: Tensor) -> Tensor:
        """tokens I64[B L], keep Bool[B L] -> F32[B L width]. Positions that are not kept are not attended to, and their
        output has no meaning."""
        layout = Packed(keep) if self._packed else Padded()
        return layout.spread(self.encode(tokens, keep, layout))

    def encode(self, tokens: Tensor, keep: Tensor, layout: Layout) -> Tensor:
        """The same states in a layout of the positions, in which they are computed."""
        embedded = self.tokens(tokens)
        if self.positions is not None:
            embedded = embedded + self.positions[: tokens.shape[1]]
        states: Tensor = self.dropout(layout.pack(embedded))
        for layer in self.layers:
            states = layer(states, keep, layout)
        normed: Tensor = self.norm(states)
        return normed


class _Layer(nn.Module):
    attention: nn.Module

    def __init__(self, options: EncoderOptions) -> None:
        super().__init__()
        width, hidden = options.width, options.expansion * options.width
        self.heads = options.heads
        self.attention_norm = nn.LayerNorm(width)
        self.project = nn.Linear(width, 3 * width)
        self.merge = nn.Linear(width, width)
        self.dropout = nn.Dropout(options.dropout)
        self.feed_forward = nn.Sequential(
            nn.LayerNorm(width),
            nn.Linear(width, hidden),
            nn.GELU(),
            nn.Linear(hidden, width),
            nn.Dropout(options.dropout),
        )

    def forward(self, states: Tensor, keep: Tensor, layout: Layout) -> Tensor:
        projected = layout.spread(self.project(self.attention_norm(states)))
        batch, length, width = projected.shape
        q, k, v = projected.view(batch, length, 3, self.heads, width // (3 * self.heads)).permute(2, 0, 3, 1, 4)
        mixed = returned_like("attention", self.attention(q, k, v, keep), v)
        states = states + self.dropout(self.merge(layout.pack(mixed.transpose(1, 2).flatten(2))))
        output: Tensor = states + self.feed_forward(states)
        return output
