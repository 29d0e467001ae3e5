"""`EncoderDecoder`, a Transformer that reads one sequence and writes another, all at once or token by token."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from harness.nn.encoder import Encoder, EncoderOptions
from harness.nn.packing import Layout, Packed, Padded


@dataclass(frozen=True)
class Seq2SeqOptions:
    """The size of an encoder-decoder: an encoder, and a decoder with as many layers of the same width.

    `max_target` is the largest number of tokens that the decoder reads. Embeddings start as normal numbers with the
    standard deviation `embedding_std`.
    """

    encoder: EncoderOptions
    max_target: int
    embedding_std: float = 1.0


class SoftmaxAttention(nn.Module):
    """Softmax attention to the positions that are kept."""

    def forward(self, q: Tensor, k: Tensor, v: Tensor, keep: Tensor) -> Tensor:
        """q, k, v F32[B H L d], keep Bool[B L] -> F32[B H L d]."""
        mixed: Tensor = functional.scaled_dot_product_attention(q, k, v, attn_mask=keep[:, None, None, :])
        return mixed


class KeysValues(NamedTuple):
    """The keys and values of one attention layer, F32[n H L d]."""

    keys: Tensor
    values: Tensor

    def take(self, rows: Tensor) -> "KeysValues":
        """Those of some rows I64[m]."""
        return KeysValues(self.keys[rows], self.values[rows])


@dataclass(frozen=True)
class Memory:
    """What the decoder remembers while it writes m sequences token by token, of which several may have one source.

    source: a layer's keys and values of the n sources. keep: Bool[n S], the positions of the sources that exist.
    owner: I64[m], the source of each sequence. written: a layer's keys and values of the tokens written so far.
    length: the number of tokens written.
    """

    source: tuple[KeysValues, ...]
    keep: Tensor
    owner: Tensor
    written: tuple[KeysValues, ...] = field(default=())
    length: int = 0

    def take(self, rows: Tensor) -> "Memory":
        """That of some sequences I64[k], in this order; the same one may be taken several times."""
        return replace(self, owner=self.owner[rows], written=tuple(layer.take(rows) for layer in self.written))

    def places(self) -> "Places":
        """The places of the sequences beside others of the same source."""
        order = torch.argsort(self.owner, stable=True)
        counts = torch.bincount(self.owner, minlength=len(self.keep))
        nth = torch.empty_like(self.owner)
        nth[order] = torch.arange(len(order), device=order.device) - (counts.cumsum(0) - counts)[self.owner[order]]
        return Places(self.owner, nth, int(counts.max()))


class Places(NamedTuple):
    """Where m sequences stand in a table [n most] with a row for each source: source, nth: I64[m]."""

    source: Tensor
    nth: Tensor
    most: int

    def arrange(self, queries: Tensor, sources: int) -> Tensor:
        """F32[n most width]: the table of F32[m 1 width], with zeros in free places. Sequences of one source share its
        keys then, which need not be copied for each."""
        table = queries.new_zeros(sources, self.most, queries.shape[2])
        table[self.source, self.nth] = queries[:, 0]
        return table

    def collect(self, table: Tensor) -> Tensor:
        """F32[m 1 width]: what stands in the table F32[n most width]."""
        return table[self.source, self.nth, None]


class EncoderDecoder(nn.Module):
    """A pre-norm Transformer encoder and decoder (Vaswani et al., 2017; Xiong et al., 2020).

    Encoder, decoder and output share one table of embeddings, as in BART (Lewis et al., 2020). No layer but the
    attention computes padding.
    """

    def __init__(self, options: Seq2SeqOptions) -> None:
        super().__init__()
        size = options.encoder
        self.encoder = Encoder(size, SoftmaxAttention)
        self.positions = nn.Parameter(torch.randn(options.max_target, size.width) * options.embedding_std)
        self.dropout = _dropout(size.dropout)
        self.layers = nn.ModuleList(_DecoderLayer(size) for _ in range(size.layers))
        self.norm = nn.LayerNorm(size.width)
        self.encoder.scale_embeddings(options.embedding_std)

    def forward(self, source: Tensor, keep: Tensor, target: Tensor, wanted: Tensor) -> Tensor:
        """source I64[B S], keep Bool[B S], target I64[B T], wanted Bool[B T] -> logits F32[N vocabulary] of the tokens
        that follow each of the N wanted prefixes of the targets. If a prefix is wanted, so are all shorter ones."""
        read, written = Packed(keep), Packed(wanted)
        encoded = self.encoder.encode(source, keep, read)
        states = written.pack(self._embedded(target, 0))
        for layer in self._layers():
            states, _ = layer(states, layer.remember(encoded, read), keep, layout=written)
        return self._logits(states)

    def read(self, source: Tensor, keep: Tensor) -> Memory:
        """source I64[B S], keep Bool[B S] -> the memory before the first token is written."""
        layout = Packed(keep)
        encoded = self.encoder.encode(source, keep, layout)
        remembered = tuple(layer.remember(encoded, layout) for layer in self._layers())
        return Memory(remembered, keep, torch.arange(len(source), device=source.device))

    def write(self, tokens: Tensor, memory: Memory) -> tuple[Tensor, Memory]:
        """The last tokens I64[n] of n sequences -> logits F32[n vocabulary] of the next ones, and the memory with these
        tokens. Raises `ValueError` if they are more than `max_target`."""
        if memory.length == len(self.positions):
            raise ValueError(f"the decoder writes at most {len(self.positions)} tokens")
        states, places = self._embedded(tokens[:, None], memory.length), memory.places()
        written = []
        for depth, layer in enumerate(self._layers()):
            before = memory.written[depth] if memory.written else None
            states, own = layer(states, memory.source[depth], memory.keep, before=before, places=places)
            written.append(own)
        return self._logits(states)[:, 0], replace(memory, written=tuple(written), length=memory.length + 1)

    def _layers(self) -> "Iterator[_DecoderLayer]":
        return iter(self.layers)  # type: ignore[arg-type]

    def _embedded(self, tokens: Tensor, start: int) -> Tensor:
        embedded: Tensor = self.encoder.tokens(tokens) + self.positions[start : start + tokens.shape[1]]
        return self.dropout(embedded)  # type: ignore[no-any-return]

    def _logits(self, states: Tensor) -> Tensor:
        return functional.linear(self.norm(states), self.encoder.tokens.weight)


_AS_THEY_ARE: Final = Padded()


class _DecoderLayer(nn.Module):
    def __init__(self, size: EncoderOptions) -> None:
        super().__init__()
        width = size.width
        self.heads = size.heads
        self.own_norm, self.source_norm = nn.LayerNorm(width), nn.LayerNorm(width)
        self.own, self.own_merge = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.query, self.source, self.source_merge = (
            nn.Linear(width, width),
            nn.Linear(width, 2 * width),
            nn.Linear(width, width),
        )
        self.dropout = _dropout(size.dropout)
        self.feed_forward = nn.Sequential(
            nn.LayerNorm(width),
            nn.Linear(width, size.expansion * width),
            nn.GELU(),
            nn.Linear(size.expansion * width, width),
            _dropout(size.dropout),
        )

    def remember(self, encoded: Tensor, layout: Layout) -> KeysValues:
        """encoded, which lies in a layout -> what the layer attends to."""
        return KeysValues(*self._heads(layout.spread(self.source(encoded)), 2))

    def forward(
        self,
        states: Tensor,
        source: KeysValues,
        keep: Tensor,
        *,
        before: KeysValues | None = None,
        places: Places | None = None,
        layout: Layout = _AS_THEY_ARE,
    ) -> tuple[Tensor, KeysValues]:
        """states F32[m T width], which lie in a layout, of tokens that follow those in `before` -> the layer's output,
        and its keys and values of all tokens. Without `before`, every token attends to itself and to those before it.
        `places` are those of a `Memory`, for single tokens; without them, each sequence has the source of its row."""
        query, *own = self._heads(layout.spread(self.own(self.own_norm(states))), 3)
        written = KeysValues(*own)
        if before is not None:
            written = KeysValues(*(torch.cat(pair, dim=2) for pair in zip(before, written, strict=True)))
        attend = functional.scaled_dot_product_attention
        mixed = attend(query, *written, is_causal=before is None and query.shape[2] > 1)
        states = states + self.dropout(self.own_merge(layout.pack(_joined(mixed))))
        query = layout.spread(self.query(self.source_norm(states)))
        if places is not None:
            query = places.arrange(query, len(keep))
        mixed = _joined(attend(self._heads(query, 1)[0], *source, attn_mask=keep[:, None, None, :]))
        mixed = layout.pack(mixed) if places is None else places.collect(mixed)
        states = states + self.dropout(self.source_merge(mixed))
        return states + self.feed_forward(states), written

    def _heads(self, projected: Tensor, parts: int) -> Tensor:
        """F32[n L parts*width] -> F32[parts n H L d]."""
        rows, length, _ = projected.shape
        return projected.view(rows, length, parts, self.heads, -1).permute(2, 0, 3, 1, 4)


def _joined(heads: Tensor) -> Tensor:
    """F32[n H L d] -> F32[n L H*d]."""
    return heads.transpose(1, 2).flatten(2)


def _dropout(share: float) -> nn.Module:
    """Dropout; a share of 0 costs nothing, which is felt where single tokens are written."""
    return nn.Dropout(share) if share else nn.Identity()
