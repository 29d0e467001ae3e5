"""Attention in linear time: the matrix of all products of features is never formed, only sums over positions."""

import math
from collections.abc import Iterator
from typing import Any, Final

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

TILE: Final = 1 << 18
"""The number of features in a tile on a processor: one megabyte, so that a tile stays in the cache."""


def linear_attention(queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
    """F[... L d]: `phi(Q) (phi(K)^T V) / (phi(Q) phi(K)^T 1)` for features F[... L r] and values F[... L d].

    Keys that are to be ignored have features of zero.
    """
    return (queries @ (keys.mT @ values)) / (queries @ keys.sum(-2).unsqueeze(-1))


def favor(q: Tensor, k: Tensor, v: Tensor, keep: Tensor, projection: Tensor, epsilon: float) -> Tensor:
    """F32[B H L d]: bidirectional attention by positive features, to each of which `epsilon` is added.

    q, k, v: F32[B H L d], queries and keys not yet scaled; keep: Bool[B L]; projection: F32[m d]. Up to rounding, the
    result is `linear_attention` of `positive` features. It is faster because features are made and used tile by tile.
    """
    batch, heads, length, _ = v.shape
    q, k, v = (x.reshape(batch * heads, length, -1) for x in (q, k, v))
    keep = keep.repeat_interleave(heads, dim=0).unsqueeze(-1)
    mixed: Tensor = _Favor.apply(q, k, v, keep, projection, epsilon)  # type: ignore[no-untyped-call]
    return mixed.view(batch, heads, length, -1)


class _Favor(torch.autograd.Function):
    """Attention of every head. E are the exponentials of the features' exponents minus their largest one, e is epsilon:

        context   C = (E_k + e)^T V    and  z = (E_k + e)^T 1       over kept keys
        output    N / D                with N = (E_q + e) C  and  D = (E_q + e) z

    The terms with e have rank one and are added to the sums. Exponentials are powers of two, which processors compute
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
        largest = q.new_full((n, 1, 1), -math.inf)
        for tile in _tiles(keys):
            x = torch.matmul(k[tile], binary, out=keys[tile]).sub_(square[tile])
            torch.maximum(largest[tile[0]], x.amax((1, 2), keepdim=True), out=largest[tile[0]])
        context = epsilon * (keep.mT.to(v.dtype) @ v).expand(n, m, -1)
        total = (epsilon * keep.sum(1, keepdim=True)).to(v.dtype).repeat(1, m, 1)
        for tile in _tiles(keys):
            x = keys[tile].sub_(largest[tile[0]]).exp2_()
            context[tile[0]].baddbmm_(x.mT, v[tile])
            total[tile[0]].add_(x.sum(1).unsqueeze(-1))
        out, divisor = torch.empty_like(v), q.new_empty(n, length, 1)
        rank_one, rank_one_total = epsilon * context.sum(1, keepdim=True), epsilon * total.sum(1, keepdim=True)
        for tile in _tiles(queries):
            h = tile[0]
            x = torch.matmul(q[tile], binary, out=queries[tile])
            x.sub_(x.amax(-1, keepdim=True)).exp2_()
            torch.baddbmm(rank_one_total[h], x, total[h], out=divisor[tile])
            torch.baddbmm(rank_one[h], x, context[h], out=out[tile]).div_(divisor[tile])
        ctx.save_for_backward(queries, keys, context, total, divisor, out, k, v, keep, projection)
        ctx.epsilon = epsilon
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        """The gradients of q, k and v. The largest exponents and the projection have none."""
        queries, keys, context, total, divisor, out, k, v, keep, projection = ctx.saved_tensors
        scale = k.shape[-1] ** -0.25
        projection = projection * scale
        numerator = gradient / divisor
        denominator = -(numerator * out).sum(-1, keepdim=True)
        # Contiguous, which the inputs are not where a batch has one sequence: products could not be written to them.
        grad_q, grad_k, grad_v = (torch.empty_like(x, memory_format=torch.contiguous_format) for x in (k, k, v))
        grad_context = ctx.epsilon * numerator.sum(1, keepdim=True).expand_as(context)
        grad_total = ctx.epsilon * denominator.sum(1, keepdim=True).repeat(1, total.shape[1], 1)
        context_transposed, total_transposed = context.mT.contiguous(), total.mT.contiguous()
        for tile in _tiles(queries):
            h, features = tile[0], queries[tile]
            x = torch.bmm(numerator[tile], context_transposed[h])
            x = x.addcmul_(denominator[tile], total_transposed[h]).mul_(features)
            torch.matmul(x, projection, out=grad_q[tile])
            grad_context[h].baddbmm_(features.mT, numerator[tile])
            grad_total[h].baddbmm_(features.mT, denominator[tile])
        context_transposed, total_transposed = grad_context.mT.contiguous(), grad_total.mT.contiguous()
        for tile in _tiles(keys):
            h, features = tile[0], keys[tile]
            x = torch.bmm(v[tile], context_transposed[h]).add_(total_transposed[h]).mul_(features)
            torch.matmul(x, projection, out=grad_k[tile])
            grad_k[tile].addcmul_(x.sum(-1, keepdim=True), k[tile], value=-(scale**2))
            torch.bmm(features, grad_context[h], out=grad_v[tile])
        grad_v.addcmul_(keep.to(v.dtype), grad_context.sum(1, keepdim=True), value=ctx.epsilon)
        return grad_q, grad_k, grad_v, None, None, None


def _tiles(features: Tensor) -> Iterator[tuple[slice, slice]]:
    """Contiguous parts of features [N L m]: several heads, or some of the positions of one head; on an accelerator
    everything at once."""
    n, length, m = features.shape
    if features.device.type != "cpu":
        yield slice(n), slice(length)
        return
    rows = max(1, TILE // m)
    group = max(1, rows // length)
    for i in range(0, n, group):
        for j in range(0, length, rows):
            yield slice(i, i + group), slice(j, j + rows)
