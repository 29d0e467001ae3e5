"""Attention with a bias by distance: what each head sees, and what it does not."""

import torch

from harness.nn.distance_attention import DistanceAttention


def seen(length=6, keep=None):
    """What each query of each of four heads sees of each key, [head query key], with equal queries and keys."""
    attention = DistanceAttention(heads=4, max_length=10)
    zeros = torch.zeros(1, 4, length, length)
    values = torch.eye(length).expand(1, 4, length, length)
    keep = torch.ones(1, length, dtype=torch.bool) if keep is None else keep
    return attention(zeros, zeros, values, keep)[0]


def test_heads_look_left_right_to_both_sides_and_everywhere():
    left, right, both, free = seen()
    torch.testing.assert_close(left[4, :4], torch.tensor([-4.0, -3, -2, -1]).softmax(dim=0))
    assert left[4, 4:].max() < 1e-10
    torch.testing.assert_close(right[1, 2:], torch.tensor([-1.0, -2, -3, -4]).softmax(dim=0))
    torch.testing.assert_close(both[2], (-torch.tensor([2.0, 1, 0, 1, 2, 3]) / 4).softmax(dim=0))
    torch.testing.assert_close(free, torch.full((6, 6), 1 / 6))


def test_a_query_at_the_edge_sees_something():
    assert torch.isfinite(seen()).all()
    torch.testing.assert_close(seen().sum(dim=2), torch.ones(4, 6))


def test_padding_is_not_seen():
    keep = torch.tensor([[True] * 4 + [False] * 2])
    assert seen(keep=keep)[:, :, 4:].max() == 0
    torch.testing.assert_close(seen(keep=keep)[:, :4, :4], seen(4))


def test_nothing_is_learned():
    assert list(DistanceAttention(4, 8).parameters()) == []
    assert not DistanceAttention(4, 8).state_dict()
