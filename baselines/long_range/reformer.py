"""Reformer: softmax attention between positions that hash to the same bucket."""

import math
from typing import Annotated, Final, Literal

import torch
from annotated_types import Ge, Gt
from torch import Tensor, nn

from harness.tasks.long_range import Attention, is_redraw_due

FACTORS: Final = 2
"""The number of hashes in a bucket's number. With pairs, the number of rotations grows with the square root of the
number of buckets."""
SELF_BIAS: Final = -1e5
"""The bias of the score of a position with itself, so that it counts only where there is no other position."""
MASKED_BIAS: Final = -1e9
"""The bias of scores of positions that a query does not attend to. It is finite, so that no softmax is over nothing."""
NO_BUCKET: Final = -2
"""The bucket of the positions before the first chunk, which do not exist."""


class Reformer(Attention):
    """Attention among similar positions, found by locality-sensitive hashing (Kitaev et al., 2020).

    Queries and keys are the same vectors: as in the paper and the Long Range Arena, the projected keys are not used. A
    key is the query, normalised to a length of sqrt(d) as in the authors' code (`keys = "root"`), which cancels the
    scaling of the softmax, or of 1 as the paper writes (`keys = "unit"`).

    In each of `n_hashes` rounds the positions are sorted by bucket and cut into chunks of `chunk` positions. A query
    attends to all positions of its own chunk and of the one before, as in the authors' code and the Arena (without
    `across_buckets`, only to those of its bucket, as the paper writes), and to itself only if there is no other. A pair
    that meets in several rounds counts once (appendix A). As in the paper, a chunk is twice as long as an average
    bucket. The Arena has chunks of 10, one round and 10 buckets; the paper has longer chunks and up to 8 rounds. Here,
    2 rounds of chunks of 16 reach at most 64 of 257 positions.

    The random rotations for the hashes are drawn for every layer and head when it is built, for sequences of the
    greatest length. They are drawn anew every `redraw` training passes (0 = never; in the authors' code, every pass).
    """

    name = "reformer"
    from_tier = "small"
    search_space = {**Attention.search_space, "keys": ["root", "unit"], "redraw": [0, 1]}
    chunk: Annotated[int, Gt(0)] = 16
    n_hashes: Annotated[int, Gt(0)] = 2
    keys: Literal["root", "unit"] = "root"
    across_buckets: bool = True
    redraw: Annotated[int, Ge(0)] = 0

    def build(self, width: int, heads: int, max_length: int, causal: bool) -> nn.Module:
        dimension = width // heads
        half = max(1, round((2 * max_length / self.chunk) ** (1 / FACTORS) / 2))
        shape = (heads, dimension, self.n_hashes, FACTORS, half)
        scale = 1.0 if self.keys == "root" else dimension**-0.5
        return _HashedAttention(shape, self.chunk, scale, self.across_buckets, self.redraw, causal)


class _HashedAttention(nn.Module):
    """Attention in 32-bit numbers, under autocast too. The score of a query q and a key k is `scale` times `q.k / |k|`.

    In shapes, there are `r` rounds of `p` positions: the L positions of the sequence and padding up to a multiple of
    the chunk, that is `n` chunks of `c` positions.
    """

    rotations: Tensor
    passes: Tensor

    def __init__(
        self, shape: tuple[int, ...], chunk: int, scale: float, across_buckets: bool, redraw: int, causal: bool
    ) -> None:
        super().__init__()
        self.chunk = chunk
        self.scale = scale
        self.across_buckets = across_buckets
        self.redraw = redraw
        self.causal = causal
        self.register_buffer("rotations", torch.randn(shape))
        self.register_buffer("passes", torch.zeros((), dtype=torch.int64))

    def forward(self, q: Tensor, k: Tensor, v: Tensor, keep: Tensor) -> Tensor:
        if is_redraw_due(self, self.passes, self.redraw):
            self.rotations = torch.randn(self.rotations.shape).to(self.rotations)
        padding = -v.shape[-2] % self.chunk
        queries_keys, values = (nn.functional.pad(x.float(), (0, 0, 0, padding)) for x in (q, v))
        with torch.autocast(q.device.type, enabled=False):
            mixed = self._attend(queries_keys, values, nn.functional.pad(keep, (0, padding)))
        return mixed[:, :, : v.shape[-2]].to(v.dtype)

    def _attend(self, queries_keys: Tensor, values: Tensor, keep: Tensor) -> Tensor:
        """F[B H p d]: the mixtures of the values. Exponentials are powers of two, which processors compute faster."""
        dimension = values.shape[-1]
        with torch.no_grad():
            bucket = self._buckets(queries_keys).masked_fill(~keep[:, None, None], self._bucket_count())
            order = bucket.argsort(dim=-1, stable=True)
            inverse = order.argsort(dim=-1)
            bias = self._bias(bucket, order, inverse).flatten(0, 3)
        queries = queries_keys * (self.scale * math.log2(math.e))
        keys = nn.functional.normalize(queries_keys, dim=-1)
        rows = torch.cat([queries, keys, values, torch.ones_like(values[..., :1])], dim=-1)
        chunks = self._chunked(_gather(rows, order))
        queries, keys_values = torch.split(chunks, [dimension, 2 * dimension + 1], dim=-1)
        keys, values = torch.split(_with_previous(keys_values).flatten(0, 3), [dimension, dimension + 1], dim=-1)
        scores = torch.baddbmm(bias, queries.flatten(0, 3), keys.mT)
        greatest = scores.detach().amax(-1, keepdim=True)
        sums = torch.exp2(scores - greatest) @ values
        sums = _unsort(sums.view(*order.shape, dimension + 1), inverse)
        greatest = greatest.view(order.shape).gather(-1, inverse)
        sums = (sums * torch.exp2(greatest - greatest.amax(2, keepdim=True)).unsqueeze(-1)).sum(2)
        return sums[..., :-1] / sums[..., -1:]

    def _bucket_count(self) -> int:
        """The number of buckets."""
        *_, factors, half = self.rotations.shape
        return int((2 * half) ** factors)

    def _buckets(self, queries_keys: Tensor) -> Tensor:
        """I32[B H r p]: the bucket of every position. Each hash is the nearest of the rotated axes and their
        negatives."""
        *_, rounds, factors, half = self.rotations.shape
        rotated = (queries_keys @ self.rotations.flatten(2)).view(*queries_keys.shape[:-1], rounds, factors, half)
        hashes = torch.cat([rotated, -rotated], dim=-1).argmax(-1)
        digits = (2 * half) ** torch.arange(factors, device=queries_keys.device)
        return (hashes * digits).sum(-1).transpose(2, 3).to(torch.int32)

    def _bias(self, bucket: Tensor, order: Tensor, inverse: Tensor) -> Tensor:
        """F[B H r n c 2c]: the biases of the scores of every chunk with the chunk before it and itself.

        A pair in reach in several rounds counts in the first of them. In the paper it counts in all of them, divided by
        their number, which gives the same sum.
        """
        label = torch.where(bucket < self._bucket_count(), 0, bucket) if self.across_buckets else bucket
        labels = self._chunked(label.gather(-1, order))
        reach = labels.unsqueeze(-1) == _with_previous(labels, NO_BUCKET).unsqueeze(-2)
        chunk = (inverse // self.chunk).to(torch.int32)
        # The second position is in reach of the first where their codes are equal or the first one's is one larger.
        code = label * (reach.shape[3] + 1) + chunk
        for earlier in range(order.shape[2] - 1):
            later = order[:, :, earlier + 1 :]
            query_code = self._chunked(code[:, :, earlier : earlier + 1].expand_as(later).gather(-1, later))
            key_code, query_code = _with_previous(query_code, NO_BUCKET).unsqueeze(-2), query_code.unsqueeze(-1)
            reach[:, :, earlier + 1 :] &= (query_code != key_code) & (query_code != key_code + 1)
        if self.causal:
            position = self._chunked(order)
            reach &= position.unsqueeze(-1) >= _with_previous(position, NO_BUCKET).unsqueeze(-2)
        bias = torch.where(reach, 0.0, MASKED_BIAS)
        bias.diagonal(self.chunk, -2, -1).fill_(SELF_BIAS)
        return bias

    def _chunked(self, x: Tensor) -> Tensor:
        batch, heads, rounds, _, *rest = x.shape
        return x.reshape(batch, heads, rounds, -1, self.chunk, *rest)


def _with_previous(chunks: Tensor, before: int = 0) -> Tensor:
    """[B H r n 2c ...]: each of the chunks [B H r n c ...] with the one before it in front. `before` fills the one
    before the first."""
    rest = (0, 0) * (chunks.dim() - 4)
    previous = nn.functional.pad(chunks, (*rest, 1, 0), value=before)[:, :, :, :-1]
    return torch.cat([previous, chunks], dim=4)


def _gather(x: Tensor, order: Tensor) -> Tensor:
    """F[B H r p d]: the rows of x F[B H p d] in the order I64[B H r p] of every round."""
    batch, heads, rows, _ = x.shape
    first = torch.arange(0, batch * heads * rows, rows, device=x.device).view(batch, heads, 1, 1)
    # `embedding` is the indexing function with a fast gradient on a processor.
    return nn.functional.embedding(first + order, x.reshape(batch * heads * rows, -1))


def _unsort(x: Tensor, inverse: Tensor) -> Tensor:
    """F[B H r p d]: the sorted rows x F[B H r p d] of every round, back in their original order."""
    batch, heads, rounds, rows, width = x.shape
    x = x.reshape(batch, heads * rounds, rows, width)
    return _gather(x, inverse.reshape(batch, heads * rounds, 1, rows)).view(batch, heads, rounds, rows, width)
