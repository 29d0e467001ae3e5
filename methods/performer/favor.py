"""Attention in linear time: the products of features are never formed, only sums over positions."""

import math
from collections.abc import Iterator
from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

CAUSAL_BLOCK: Final = 128
"""Positions between which causal attention is computed pairwise."""
TILE: Final = 1 << 18
"""Features of a tile on a processor: one megabyte, so that a tile stays in its cache."""


def linear_attention(queries: Tensor, keys: Tensor, values: Tensor, causal: bool = False) -> Tensor:
    """F[... L d]: phi(Q) (phi(K)^T V) / (phi(Q) phi(K)^T 1) for features F[... L r] and values F[... L d].

    With `causal`, position i sums over the keys j <= i (section 2.5.1): pairwise within a block, as prefix sums over
    the blocks before. Keys to be ignored have features of zero.
    """
    if causal:
        return _causal(queries, keys, values)
    return (queries @ (keys.mT @ values)) / (queries @ keys.sum(-2).unsqueeze(-1))


def _causal(queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
    length = queries.shape[-2]
    padding = (0, 0, 0, -length % CAUSAL_BLOCK)
    values = torch.cat([values, torch.ones_like(values[..., :1])], dim=-1)
    q, k, v = (torch.unflatten(nn.functional.pad(x, padding), -2, (-1, CAUSAL_BLOCK)) for x in (queries, keys, values))
    states = k.mT @ v
    before = states.cumsum(-3) - states
    sums: Tensor = ((q @ k.mT).tril() @ v + q @ before).flatten(-3, -2)[..., :length, :]
    return sums[..., :-1] / sums[..., -1:]


def favor(q: Tensor, k: Tensor, v: Tensor, keep: Tensor, projection: Tensor, epsilon: float) -> Tensor:
    """F32[B H L d]: bidirectional attention by positive features, `epsilon` added to each of them.

    q, k, v: F32[B H L d], queries and keys not yet scaled; keep: Bool[B L]; projection: F32[m d]. The same as
    `linear_attention` of `positive` features but for rounding; faster, because features are made and used tile by tile.
    """
    batch, heads, length, _ = v.shape
    q, k, v = (x.reshape(batch * heads, length, -1) for x in (q, k, v))
    keep = keep.repeat_interleave(heads, dim=0).unsqueeze(-1)
    mixed: Tensor = _Favor.apply(q, k, v, keep, projection, epsilon)  # type: ignore[no-untyped-call]
    return mixed.view(batch, heads, length, -1)


class _Favor(torch.autograd.Function):
    """For every head, with exponentials E of the features' exponents less their largest, and e for epsilon:

    context   C = (E_k + e)^T V    and  z = (E_k + e)^T 1       over kept keys
    output    N / D                with N = (E_q + e) C  and  D = (E_q + e) z

    The terms in e have rank one and are added to the sums. Exponentials are powers of two, which processors compute
    faster: log2(e) and the scale d^(-1/4) are part of the projection.
    """

    @staticmethod
    def forward(ctx: Any, q: Tensor, k: Tensor, v: Tensor, keep: Tensor, projection: Tensor, epsilon: float) -> Tensor:
        """q, k, v: F[N L d], keep: Bool[N L 1], projection: F[m d] -> F[N L d]."""
        (n, length, d), m = q.shape, len(projection)
        binary = (projection * (d**-0.25 * math.log2(math.e))).T.contiguous()
        square = k.square().sum(-1, keepdim=True) * (d**-0.5 * math.log2(math.e) / 2)
        square.masked_fill_(~keep, math.inf)
        queries, keys = q.new_empty(n, length, m), q.new_empty(n, length, m)
        top = q.new_full((n, 1, 1), -math.inf)
        for tile in _tiles(keys):
            x = torch.matmul(k[tile], binary, out=keys[tile]).sub_(square[tile])
            torch.maximum(top[tile[0]], x.amax((1, 2), keepdim=True), out=top[tile[0]])
        context = epsilon * (keep.mT.to(v.dtype) @ v).expand(n, m, -1)
        total = (epsilon * keep.sum(1, keepdim=True)).to(v.dtype).repeat(1, m, 1)
        for tile in _tiles(keys):
            x = keys[tile].sub_(top[tile[0]]).exp2_()
            context[tile[0]].baddbmm_(x.mT, v[tile])
            total[tile[0]].add_(x.sum(1).unsqueeze(-1))
        out, divisor = torch.empty_like(v), q.new_empty(n, length, 1)
        rest, rest_total = epsilon * context.sum(1, keepdim=True), epsilon * total.sum(1, keepdim=True)
        for tile in _tiles(queries):
            h = tile[0]
            x = torch.matmul(q[tile], binary, out=queries[tile])
            x.sub_(x.amax(-1, keepdim=True)).exp2_()
            torch.baddbmm(rest_total[h], x, total[h], out=divisor[tile])
            torch.baddbmm(rest[h], x, context[h], out=out[tile]).div_(divisor[tile])
        ctx.save_for_backward(queries, keys, context, total, divisor, out, k, v, keep, projection)
        ctx.epsilon = epsilon
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        """The gradients of q, k and v. None flows through the largest exponents, nor to the projection."""
        queries, keys, context, total, divisor, out, k, v, keep, projection = ctx.saved_tensors
        scale = k.shape[-1] ** -0.25
        projection = projection * scale
        above = gradient / divisor
        below = -(above * out).sum(-1, keepdim=True)
        grad_q, grad_k, grad_v = torch.empty_like(k), torch.empty_like(k), torch.empty_like(v)
        grad_context = ctx.epsilon * above.sum(1, keepdim=True).expand_as(context)
        grad_total = ctx.epsilon * below.sum(1, keepdim=True).repeat(1, total.shape[1], 1)
        turned, across = context.mT.contiguous(), total.mT.contiguous()
        for tile in _tiles(queries):
            h, features = tile[0], queries[tile]
            x = torch.bmm(above[tile], turned[h]).addcmul_(below[tile], across[h]).mul_(features)
            torch.matmul(x, projection, out=grad_q[tile])
            grad_context[h].baddbmm_(features.mT, above[tile])
            grad_total[h].baddbmm_(features.mT, below[tile])
        turned, across = grad_context.mT.contiguous(), grad_total.mT.contiguous()
        for tile in _tiles(keys):
            h, features = tile[0], keys[tile]
            x = torch.bmm(v[tile], turned[h]).add_(across[h]).mul_(features)
            torch.matmul(x, projection, out=grad_k[tile])
            grad_k[tile].addcmul_(x.sum(-1, keepdim=True), k[tile], value=-(scale**2))
            torch.bmm(features, grad_context[h], out=grad_v[tile])
        grad_v.addcmul_(keep.to(v.dtype), grad_context.sum(1, keepdim=True), value=ctx.epsilon)
        return grad_q, grad_k, grad_v, None, None, None


def _tiles(features: Tensor) -> Iterator[tuple[slice, slice]]:
    """Contiguous parts of features [N L m]: several heads or some of one head's positions; on an accelerator, all."""
    n, length, m = features.shape
    if features.device.type != "cpu":
        yield slice(n), slice(length)
        return
    rows = max(1, TILE // m)
    group = max(1, rows // length)
    for i in range(0, n, group):
        for j in range(0, length, rows):
            yield slice(i, i + group), slice(j, j + rows)
