"""BigBird's attention: the dense one under its mask, softmax where it sees everything, and how its blocks are drawn."""

import pytest
import torch
from torch import Tensor, nn

from baselines.long_range.bigbird import BigBird, draw_blocks

BATCH, HEADS, DIMENSION, BLOCK, LONGEST = 2, 3, 4, 5, 75


def inputs(length: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """q, k, v and keep: the second item has padding at its end, and a hole."""
    torch.manual_seed(0)
    q, k, v = (torch.randn(BATCH, HEADS, length, DIMENSION, requires_grad=True) for _ in range(3))
    keep = torch.ones(BATCH, length, dtype=torch.bool)
    keep[1, length * 3 // 4 :] = False
    keep[1, 3:5] = False
    return q, k, v, keep


def build(entrant: BigBird, length: int = LONGEST) -> nn.Module:
    torch.manual_seed(1)
    return entrant.build(HEADS * DIMENSION, HEADS, length, causal=False)


def allowed(module: nn.Module, length: int) -> Tensor:
    """Bool[H L L]: who attends to whom, position by position."""
    last = (length - 1) // BLOCK
    mask = torch.zeros(HEADS, length, length, dtype=torch.bool)
    for head in range(HEADS):
        for i in range(length):
            for j in range(length):
                mine, theirs = i // BLOCK, j // BLOCK
                mask[head, i, j] = (
                    bool({mine, theirs} & {0, last})
                    or abs(mine - theirs) <= module.window // 2
                    or theirs in module.random[head, mine]
                )
    return mask


@pytest.mark.parametrize("entrant", [BigBird(block=BLOCK), BigBird(block=BLOCK, window=5, random=0)])
@pytest.mark.parametrize("length", [75, 73, 40, 11])
def test_attention_is_the_dense_one_under_its_mask(entrant: BigBird, length: int) -> None:
    q, k, v, keep = inputs(length)
    module = build(entrant)
    mask = allowed(module, length) & keep[:, None, None]
    expected = nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=mask)
    found = module(q, k, v, keep)
    torch.testing.assert_close(found, expected)
    weights = torch.randn_like(found)
    one, other = (torch.autograd.grad(x, (q, k, v), weights) for x in (found, expected))
    torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize(("length", "window", "random"), [(3, 1, 0), (10, 1, 0), (25, 5, 0), (33, 3, 50), (40, 13, 0)])
def test_where_blocks_cover_everything_it_is_softmax_attention(length: int, window: int, random: int) -> None:
    q, k, v, keep = inputs(length)
    module = build(BigBird(block=BLOCK, window=window, random=random), length)
    expected = nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=keep[:, None, None])
    torch.testing.assert_close(module(q, k, v, keep), expected)


def test_random_blocks_are_others() -> None:
    torch.manual_seed(0)
    drawn = draw_blocks(HEADS, 30, window=3, random=3)
    assert drawn.shape == (HEADS, 30, 3)
    for head in drawn:
        for block, others in enumerate(head.tolist()):
            assert len(set(others)) == 3
            assert all(0 < other < 29 and abs(other - block) > 1 for other in others)
    assert not torch.equal(drawn[0], drawn[1])


def test_every_other_block_is_drawn_as_often() -> None:
    torch.manual_seed(0)
    counts = draw_blocks(3000, 9, window=3, random=2)[:, 4].flatten().bincount(minlength=9)
    assert counts[[0, 3, 4, 5, 8]].sum() == 0
    assert counts[[1, 2, 6, 7]].tolist() == pytest.approx([1500] * 4, rel=0.1)


def test_random_blocks_follow_the_seed() -> None:
    first, second = (build(BigBird(block=BLOCK)).random for _ in range(2))
    torch.manual_seed(2)
    other = BigBird(block=BLOCK).build(HEADS * DIMENSION, HEADS, LONGEST, causal=False).random
    assert torch.equal(first, second)
    assert not torch.equal(first, other)


def test_a_query_that_sees_no_kept_key_is_finite() -> None:
    q, k, v, _ = inputs(LONGEST)
    keep = torch.zeros(BATCH, LONGEST, dtype=torch.bool)
    keep[:, 32] = True
    found = build(BigBird(block=BLOCK, window=1, random=0))(q, k, v, keep)
    gradients = torch.autograd.grad(found.sum(), (q, k, v))
    assert all(x.isfinite().all() for x in (found, *gradients))
    assert torch.equal(found[:, :, 30:35], v[:, :, 32:33].expand(-1, -1, 5, -1))


def test_it_refuses_to_be_causal() -> None:
    with pytest.raises(ValueError, match="no causal form"):
        BigBird().build(HEADS * DIMENSION, HEADS, LONGEST, causal=True)


def test_a_window_without_a_middle_is_refused() -> None:
    with pytest.raises(ValueError, match="a window of 4 blocks has no middle; give BigBird an odd `window`"):
        build(BigBird(window=4))
