"""BigBird: softmax attention between few blocks of positions."""

from typing import Annotated

import torch
from annotated_types import Ge, Gt
from torch import Tensor, nn

from harness.tasks.long_range import Attention


class BigBird(Attention):
    """Block-sparse attention to the first, the last, the nearby and some random blocks (Zaheer et al., 2020).

    A block attends to the first and the last block, to the `window` blocks around it, and to `random` others. The first
    and the last block attend to everything. The random blocks of a head are drawn when it is built, for sequences of
    the greatest length. In a shorter sequence the blocks beyond its end are missing, and its own last block takes the
    part of the last block.

    The paper and the Long Range Arena have blocks of 64 positions. Five of these would hold all of this task's 257
    positions, so blocks of 16 are used here.
    """

    name = "bigbird"
    from_tier = "small"
    block: Annotated[int, Gt(0)] = 16
    window: Annotated[int, Gt(0)] = 3
    random: Annotated[int, Ge(0)] = 3

    def build(self, width: int, heads: int, max_length: int, causal: bool) -> nn.Module:
        if causal:
            raise ValueError("BigBird has no causal form: its first and last block exchange values with all positions")
        if self.window % 2 == 0:
            raise ValueError(f"a window of {self.window} blocks has no middle; give BigBird an odd `window`")
        blocks = -(-max_length // self.block)
        return _BlockSparseAttention(self.block, self.window, draw_blocks(heads, blocks, self.window, self.random))


def draw_blocks(heads: int, blocks: int, window: int, random: int) -> Tensor:
    """I64[heads blocks random]: for every block, that many different blocks outside its window, other than the first
    and the last. Where there are fewer, 0 stands for the missing ones."""
    numbers = torch.arange(blocks)
    near = (numbers - numbers[:, None]).abs() <= window // 2
    end = (numbers == 0) | (numbers == blocks - 1)
    priority = torch.rand(heads, blocks, blocks).masked_fill(near | end, 1.0)
    lowest, chosen = priority.topk(min(random, blocks), largest=False)
    return chosen.masked_fill(lowest == 1.0, 0)


class _BlockSparseAttention(nn.Module):
    random: Tensor

    def __init__(self, block: int, window: int, random: Tensor) -> None:
        super().__init__()
        self.block = block
        self.window = window
        self.register_buffer("random", random)

    def forward(self, q: Tensor, k: Tensor, v: Tensor, keep: Tensor) -> Tensor:
        batch, heads, length, dimension = q.shape
        padding = -length % self.block
        q, k, v = (nn.functional.pad(x, (0, 0, 0, padding)) for x in (q, k, v))
        keep = nn.functional.pad(keep, (0, padding))
        blocks = (length + padding) // self.block
        attend = nn.functional.scaled_dot_product_attention
        everything = keep[:, None, None]
        if blocks <= 2:
            return attend(q, k, v, attn_mask=everything)[:, :, :length]
        attended, is_new = self._layout(blocks)
        first = torch.arange(0, batch * heads * blocks, blocks, device=q.device).view(batch, heads, 1, 1)
        # `embedding` is the indexing function with a fast gradient on a processor.
        keys, values = (
            nn.functional.embedding(first + attended, x.reshape(batch * heads * blocks, -1)).view(
                batch * heads, blocks - 2, -1, dimension
            )
            for x in (k, v)
        )
        mask = keep.view(batch, blocks, -1)[:, attended] & is_new.unsqueeze(-1)
        inner = q[:, :, self.block : -self.block].reshape(batch * heads, blocks - 2, self.block, dimension)
        middle = attend(inner, keys, values, attn_mask=mask.view(batch * heads, blocks - 2, 1, -1))
        ends = torch.cat([q[:, :, : self.block], q[:, :, -self.block :]], dim=2)
        start, end = attend(ends, k, v, attn_mask=everything).chunk(2, dim=2)
        mixed = torch.cat([start, middle.reshape(batch, heads, -1, dimension), end], dim=2)
        return mixed[:, :, :length]

    def _layout(self, blocks: int) -> tuple[Tensor, Tensor]:
        """I64[H blocks-2 s], Bool[H blocks-2 s]: the blocks that every block except the first and the last attends to,
        and whether they exist and are not listed twice."""
        random = self.random[:, 1 : blocks - 1]
        inner = torch.arange(1, blocks - 1, device=random.device).unsqueeze(-1)
        reach = self.window // 2
        window = inner + torch.arange(-reach, reach + 1, device=random.device)
        ends = torch.tensor([0, blocks - 1], device=random.device).expand(blocks - 2, 2)
        fixed = torch.cat([ends, window], dim=-1).expand(len(random), -1, -1)
        attended = torch.cat([fixed, random], dim=-1)
        exists = (attended >= 0) & (attended < blocks)
        is_repeated = (attended.unsqueeze(-1) == attended.unsqueeze(-2)).tril(-1).any(-1)
        return attended.clamp(0, blocks - 1), exists & ~is_repeated
