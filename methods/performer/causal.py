"""Causal attention in linear time, in which no number depends on a later position."""

from typing import Final

import torch
from torch import Tensor, nn

BLOCK: Final = 128
"""The number of positions in a block, within which attention is computed pair by pair."""


def causal_attention(
    queries: Tensor, keys: Tensor, log_scales: Tensor, values: Tensor, keep: Tensor, epsilon: float = 0.0
) -> Tensor:
    """F[... L d]: at each position, `linear_attention` of the positions up to it (section 2.5.1).

    The features of key j are `keys` F[... L r] times exp(`log_scales`), F[... L 1], of which only those with `keep`
    Bool[... L 1] count. For position i, features are divided by the largest scale of the keys up to i, and `epsilon`
    is added to each. So the result at i is that of bidirectional attention to the positions up to i, as if the text
    ended there. (The authors' code divides by the largest exponent of all keys, later ones too. That cancels but for
    epsilon, through which a later key then changes earlier results.)

    Within a block, products of features are computed pair by pair; sums over the blocks before are passed on.
    """
    length = queries.shape[-2]
    scales = log_scales.masked_fill(~keep, -torch.inf)
    largest = scales.cummax(-2).values
    largest = largest.masked_fill(largest.isneginf(), 0.0)  # before the first key that counts
    values = torch.cat([values, torch.ones_like(values[..., :1])], dim=-1) * keep
    uniform = epsilon * queries.sum(-1, keepdim=True) * values.cumsum(-2)
    q, k, v, scales, largest = (_blocks(x) for x in (queries, keys, values, scales, largest))
    last = largest[..., -1:, :]
    # Where the exponent of a pair is above 0, the key is later than the query.
    pairs = (q @ k.mT * (scales.mT - largest).clamp(max=0).exp()).tril()
    before = _sums_before(k.mT @ (v * (scales - last).clamp(max=0).exp()), last)
    carried = (torch.cat([last[..., :1, :, :], last[..., :-1, :, :]], dim=-3) - largest).clamp(max=0).exp()
    sums = (pairs @ v + carried * (q @ before)).flatten(-3, -2)[..., :length, :] + uniform
    mixed: Tensor = sums[..., :-1] / sums[..., -1:]
    return mixed


def _sums_before(added: Tensor, largest: Tensor) -> Tensor:
    """F[... n r d]: for each of n blocks the sum over the blocks before it, divided by the largest scale up to them,
    from the sum over each block F[... n r d], divided by the largest scale up to it, whose logarithm is F[... n 1
    1]."""
    total = torch.zeros_like(added[..., 0, :, :])
    sums, scale = [], largest[..., 0, :, :]
    for addition, next_scale in zip(added.unbind(-3), largest.unbind(-3), strict=True):
        sums.append(total)
        total = total * (scale - next_scale).clamp(max=0).exp() + addition
        scale = next_scale
    return torch.stack(sums, dim=-3)


def _blocks(x: Tensor) -> Tensor:
    """[... n b r]: the positions of [... L r] in blocks; the last one is padded with zeros."""
    return torch.unflatten(nn.functional.pad(x, (0, 0, 0, -x.shape[-2] % BLOCK)), -2, (-1, BLOCK))
