"""Reformer: softmax attention between positions that hash to the same bucket."""

import math
from typing import Annotated, Final, Literal

import torch
from annotated_types import Ge, Gt
from torch import Tensor, nn

from harness.tasks.long_range import Attention, is_redraw_due

FACTORS: Final = 2
"""A bucket is a pair of hashes, so that the rotations grow with the root of the number of buckets."""
ITSELF: Final = -1e5
"""Added to the score of a position with itself: it counts only where there is no other."""
OUT_OF_REACH: Final = -1e9
"""Added to the score of what a query does not attend to. Finite: softmax is never over nothing."""
NOWHERE: Final = -2
"""Stands for the bucket of what lies before the first chunk."""


class Reformer(Attention):
    """Attention among similar positions, found by locality-sensitive hashing (Kitaev et al., 2020).

    Queries and keys are one: as in the paper and the Long Range Arena only queries and values enter, and the keys are
    the queries, all at one length: sqrt(d) as in the authors' code (`keys = "root"`), which cancels softmax's scaling,
    or 1 as the paper writes (`keys = "unit"`).

    In each of `n_hashes` rounds the positions are sorted by bucket and cut into chunks; a query attends to its bucket
    within its own chunk and the one before (with `across_buckets`, to all of these chunks), and to itself only if there
    is nothing else. A pair that meets in several rounds counts once (appendix A). As in the paper a chunk is twice as
    long as a bucket on average. The Arena has chunks of 10, one round and 10 buckets, the paper longer chunks and up to
    8 rounds; here 2 rounds of chunks of 16 see at most 64 of 257 positions.

    The rotations that hash are drawn for every layer and head when it is built, for sequences of the greatest length,
    and drawn anew every `redraw` training passes (0 = never; the authors' code: every pass).
    """

    name = "reformer"
    from_tier = "small"
    search_space = {
        "lr": (3e-4, 3e-3),
        "keys": ["root", "unit"],
        "across_buckets": [False, True],
        "redraw": [0, 1],
    }
    chunk: Annotated[int, Gt(0)] = 16
    n_hashes: Annotated[int, Gt(0)] = 2
    keys: Literal["root", "unit"] = "root"
    across_buckets: bool = False
    redraw: Annotated[int, Ge(0)] = 0

    def build(self, width: int, heads: int, max_length: int, causal: bool) -> nn.Module:
        dimension = width // heads
        half = max(1, round((2 * max_length / self.chunk) ** (1 / FACTORS) / 2))
        shape = (heads, dimension, self.n_hashes, FACTORS, half)
        scale = 1.0 if self.keys == "root" else dimension**-0.5
        return _HashedAttention(shape, self.chunk, scale, self.across_buckets, self.redraw, causal)


class _HashedAttention(nn.Module):
    """The score of a query q and a key k is `scale` times q.k / |k|. In 32-bit numbers under autocast too.

    In shapes: `r` rounds of `p` positions, which are L and what fills the last of `n` chunks of `c`.
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
        shared, values = (nn.functional.pad(x.float(), (0, 0, 0, padding)) for x in (q, v))
        with torch.autocast(q.device.type, enabled=False):
            mixed = self._attend(shared, values, nn.functional.pad(keep, (0, padding)))
        return mixed[:, :, : v.shape[-2]].to(v.dtype)

    def _attend(self, shared: Tensor, values: Tensor, keep: Tensor) -> Tensor:
        """F[B H p d]. Exponentials are powers of two, which processors compute faster."""
        dimension = values.shape[-1]
        with torch.no_grad():
            bucket = self._buckets(shared).masked_fill(~keep[:, None, None], self._count())
            order = bucket.argsort(dim=-1, stable=True)
            place = order.argsort(dim=-1)
            bias = self._bias(bucket, order, place).flatten(0, 3)
        queries = shared * (self.scale * math.log2(math.e))
        keys = nn.functional.normalize(shared, dim=-1)
        rows = torch.cat([queries, keys, values, torch.ones_like(values[..., :1])], dim=-1)
        queries, others = torch.split(self._chunked(_taken(rows, order)), [dimension, 2 * dimension + 1], dim=-1)
        keys, values = torch.split(_with_previous(others).flatten(0, 3), [dimension, dimension + 1], dim=-1)
        scores = torch.baddbmm(bias, queries.flatten(0, 3), keys.mT)
        greatest = scores.detach().amax(-1, keepdim=True)
        sums = torch.exp2(scores - greatest) @ values
        sums = _restored(sums.view(*order.shape, dimension + 1), place)
        greatest = greatest.view(order.shape).gather(-1, place)
        sums = (sums * torch.exp2(greatest - greatest.amax(2, keepdim=True)).unsqueeze(-1)).sum(2)
        return sums[..., :-1] / sums[..., -1:]

    def _count(self) -> int:
        """The number of buckets."""
        *_, factors, half = self.rotations.shape
        return int((2 * half) ** factors)

    def _buckets(self, shared: Tensor) -> Tensor:
        """I32[B H r p]: in every factor the nearest of the rotated axes and their opposites."""
        *_, rounds, factors, half = self.rotations.shape
        along = (shared @ self.rotations.flatten(2)).view(*shared.shape[:-1], rounds, factors, half)
        hashes = torch.cat([along, -along], dim=-1).argmax(-1)
        digits = (2 * half) ** torch.arange(factors, device=shared.device)
        return (hashes * digits).sum(-1).transpose(2, 3).to(torch.int32)

    def _bias(self, bucket: Tensor, order: Tensor, place: Tensor) -> Tensor:
        """F[B H r n c 2c]: what is added to the scores of a chunk with the one before it and itself.

        A pair in reach in several rounds counts in the first of them; the paper has it count in all, each time by the
        inverse of their number, which gives the same sum.
        """
        label = torch.where(bucket < self._count(), 0, bucket) if self.across_buckets else bucket
        found = self._chunked(label.gather(-1, order))
        reach = found.unsqueeze(-1) == _with_previous(found, NOWHERE).unsqueeze(-2)
        chunk = (place // self.chunk).to(torch.int32)
        # Two positions' codes are the same, or follow each other, where the second is in reach of the first.
        code = label * (reach.shape[3] + 1) + chunk
        for earlier in range(order.shape[2] - 1):
            later = order[:, :, earlier + 1 :]
            mine = self._chunked(code[:, :, earlier : earlier + 1].expand_as(later).gather(-1, later))
            theirs, mine = _with_previous(mine, NOWHERE).unsqueeze(-2), mine.unsqueeze(-1)
            reach[:, :, earlier + 1 :] &= (mine != theirs) & (mine != theirs + 1)
        if self.causal:
            position = self._chunked(order)
            reach &= position.unsqueeze(-1) >= _with_previous(position, NOWHERE).unsqueeze(-2)
        bias = torch.where(reach, 0.0, OUT_OF_REACH)
        bias.diagonal(self.chunk, -2, -1).fill_(ITSELF)
        return bias

    def _chunked(self, x: Tensor) -> Tensor:
        batch, heads, rounds, _, *rest = x.shape
        return x.reshape(batch, heads, rounds, -1, self.chunk, *rest)


def _with_previous(chunks: Tensor, before: int = 0) -> Tensor:
    """[B H r n 2c ...] of [B H r n c ...]: every chunk after the one before it, the first after `before`."""
    rest = (0, 0) * (chunks.dim() - 4)
    previous = nn.functional.pad(chunks, (*rest, 1, 0), value=before)[:, :, :, :-1]
    return torch.cat([previous, chunks], dim=4)


def _taken(x: Tensor, order: Tensor) -> Tensor:
    """F[B H r p d] of F[B H p d]: the rows in the order I64[B H r p] of every round."""
    batch, heads, rows, _ = x.shape
    first = torch.arange(0, batch * heads * rows, rows, device=x.device).view(batch, heads, 1, 1)
    # `embedding` is the indexing whose gradient is fast on a processor.
    return nn.functional.embedding(first + order, x.reshape(batch * heads * rows, -1))


def _restored(x: Tensor, place: Tensor) -> Tensor:
    """F[B H r p d]: the sorted rows F[B H r p d] of every round back in their places."""
    batch, heads, rounds, rows, width = x.shape
    x = x.reshape(batch, heads * rounds, rows, width)
    return _taken(x, place.reshape(batch, heads * rounds, 1, rows)).view(batch, heads, rounds, rows, width)
