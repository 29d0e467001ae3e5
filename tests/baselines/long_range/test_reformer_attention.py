"""Reformer's attention: who attends to whom by its definition, what hashing leaves alone, and what it costs."""

import math

import pytest
import torch
from torch import Tensor, nn

from baselines.long_range.reformer import Reformer

BATCH, HEADS, LENGTH, DIMENSION = 2, 2, 45, 4
Inputs = tuple[Tensor, Tensor, Tensor, Tensor]


@pytest.fixture
def inputs() -> Inputs:
    """q, k, v and keep: the second item has padding at its end."""
    torch.manual_seed(0)
    q, k, v = (torch.randn(BATCH, HEADS, LENGTH, DIMENSION, requires_grad=True) for _ in range(3))
    keep = torch.ones(BATCH, LENGTH, dtype=torch.bool)
    keep[1, 30:] = False
    return q, k, v, keep


def build(entrant: Reformer, length: int = LENGTH, causal: bool = False) -> nn.Module:
    torch.manual_seed(1)
    return entrant.build(HEADS * DIMENSION, HEADS, length, causal)


def reach_by_definition(module: nn.Module, head: int, q: Tensor, keep: Tensor) -> Tensor:
    """Bool[L L] for one head's q F[L d]: the pairs that some round brings together, position by position."""
    length = len(q)
    together = torch.zeros(length, length, dtype=torch.bool)
    for rotations in module.rotations[head].unbind(1):  # F[d factors half]
        digits = [torch.cat([q @ r, -(q @ r)], dim=-1).argmax(-1) for r in rotations.unbind(1)]
        bucket = [tuple(int(digit[i]) for digit in reversed(digits)) for i in range(length)]
        ranked = sorted((i for i in range(length) if keep[i]), key=lambda i: (bucket[i], i))
        chunk = {i: rank // module.chunk for rank, i in enumerate(ranked)}
        for i in ranked:
            for j in ranked:
                same = module.across_buckets or bucket[i] == bucket[j]
                together[i, j] |= same and chunk[i] - chunk[j] in (0, 1)
    return together


def by_definition(module: nn.Module, q: Tensor, v: Tensor, keep: Tensor) -> Tensor:
    """F[B H L d]: softmax over the pairs that meet; a position has itself only if it has no other."""
    out = torch.zeros_like(v)
    for b in range(len(q)):
        for h in range(HEADS):
            allowed = reach_by_definition(module, h, q[b, h].detach(), keep[b])
            allowed = allowed.tril() if module.causal else allowed
            scores = module.scale * q[b, h] @ nn.functional.normalize(q[b, h], dim=-1).T
            scores = scores.masked_fill(~allowed, -math.inf) - 1e5 * torch.eye(q.shape[2])
            kept = keep[b].nonzero()[:, 0]
            out[b, h, kept] = scores[kept].softmax(-1) @ v[b, h]
    return out


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("across", [False, True])
@pytest.mark.parametrize("rounds", [1, 3])
def test_attention_is_the_definition(inputs: Inputs, rounds: int, across: bool, causal: bool) -> None:
    q, k, v, keep = inputs
    module = build(Reformer(chunk=6, n_hashes=rounds, across_buckets=across), causal=causal)
    kept = keep[:, None, :, None]
    found, expected = (x * kept for x in (module(q, k, v, keep), by_definition(module, q, v, keep)))
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-4)
    weights = torch.randn_like(found)
    one, other = (torch.autograd.grad(x, (q, v), weights, retain_graph=True) for x in (found, expected))
    torch.testing.assert_close(one, other, atol=1e-4, rtol=1e-3)


@pytest.mark.parametrize("causal", [False, True])
def test_with_one_bucket_and_chunk_it_is_softmax_attention(inputs: Inputs, causal: bool) -> None:
    _, k, v, keep = inputs
    # Nearly parallel queries hash alike, whatever the rotations.
    q = 3 + 1e-2 * torch.randn_like(v)
    module = build(Reformer(chunk=LENGTH, keys="unit"), causal=causal)
    scores = q @ nn.functional.normalize(q, dim=-1).mT / math.sqrt(DIMENSION)
    allowed = keep[:, None, None, :] & ~torch.eye(LENGTH, dtype=torch.bool)
    allowed = allowed.tril() if causal else allowed
    expected = scores.masked_fill(~allowed, -1e9).softmax(-1) @ v
    rows = slice(1, None)  # The first position of a causal attention has only itself.
    found = module(q, k, v, keep)
    for b, end in ((0, LENGTH), (1, 30)):
        torch.testing.assert_close(found[b, :, rows][:, : end - 1], expected[b, :, rows][:, : end - 1])


def test_keys_of_either_length_are_scaled_by_the_root_of_the_dimension() -> None:
    root, unit = (build(Reformer(keys=keys)) for keys in ("root", "unit"))  # type: ignore[arg-type]
    assert (root.scale, unit.scale) == (1.0, DIMENSION**-0.5)


def test_a_pair_that_meets_in_every_round_counts_once(inputs: Inputs) -> None:
    q, k, v, keep = inputs
    once, thrice = build(Reformer(chunk=6, n_hashes=1)), build(Reformer(chunk=6, n_hashes=3))
    thrice.rotations = once.rotations.expand_as(thrice.rotations)
    torch.testing.assert_close(thrice(q, k, v, keep), once(q, k, v, keep))


def test_more_rounds_bring_more_pairs_together(inputs: Inputs) -> None:
    q, k, _, _ = inputs
    keep = torch.ones(BATCH, LENGTH, dtype=torch.bool)
    identity = torch.eye(LENGTH).expand(BATCH, HEADS, LENGTH, LENGTH)
    met = []
    for rounds in (1, 4):
        module = build(Reformer(chunk=6, n_hashes=rounds))
        # Values as wide as heads: the matrix is read a few columns at a time.
        columns = [
            module(q, k, part, keep) for part in identity.split(DIMENSION, dim=-1) if part.shape[-1] == DIMENSION
        ]
        met.append(int((torch.cat(columns, dim=-1) > 0).sum()))
    assert met[1] > 1.5 * met[0]


@pytest.mark.parametrize("causal", [False, True])
def test_padding_changes_nothing(inputs: Inputs, causal: bool) -> None:
    q, k, v, keep = inputs
    module = build(Reformer(chunk=6), causal=causal)
    short = module(q[1:, :, :30], k[1:, :, :30], v[1:, :, :30], keep[1:, :30])
    torch.testing.assert_close(module(q, k, v, keep)[1:, :, :30], short)


def test_the_future_changes_nothing_when_it_hashes_as_before(inputs: Inputs) -> None:
    q, k, v, keep = inputs
    module = build(Reformer(chunk=6), causal=True)
    before = module(q, k, v, keep)
    later = torch.cat([v[:, :, :20], torch.randn_like(v[:, :, 20:])], dim=2)
    after = module(q, k, later, keep)
    assert torch.equal(after[:, :, :20], before[:, :, :20])
    assert not torch.equal(after[:, :, 20:], before[:, :, 20:])


def test_keys_take_no_part(inputs: Inputs) -> None:
    q, k, v, keep = inputs
    module = build(Reformer())
    found = module(q, k, v, keep)
    assert torch.equal(module(q, -k, v, keep), found)
    assert torch.autograd.grad(found.sum(), k, allow_unused=True) == (None,)


def test_the_number_of_buckets_follows_from_the_greatest_length() -> None:
    for length in (256, 4096):
        half = build(Reformer(chunk=16), length).rotations.shape[-1]
        assert (2 * half) ** 2 == pytest.approx(2 * length / 16, rel=0.3)


def test_rotations_are_redrawn_in_training_alone(inputs: Inputs) -> None:
    module = build(Reformer(redraw=2))
    drawn = []
    for training in (True, True, True, False, False, False):
        module.train(training)(*inputs)
        drawn.append(module.rotations)
    assert drawn[0] is drawn[1]
    assert not torch.equal(drawn[1], drawn[2])
    assert drawn[2] is drawn[5]


def test_rotations_stay_by_default(inputs: Inputs) -> None:
    module = build(Reformer()).train()
    before = module.rotations
    for _ in range(3):
        module(*inputs)
    assert module.rotations is before
