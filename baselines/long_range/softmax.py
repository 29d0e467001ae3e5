"""Exact softmax attention."""

import torch
from torch import Tensor, nn

from harness.tasks.long_range import Attention


class Softmax(Attention):
    """Exact softmax attention (Vaswani et al., 2017) by torch's fused kernel, in quadratic time and linear memory."""

    name = "softmax"

    def build(self, width: int, heads: int, max_length: int, causal: bool) -> nn.Module:
        return _SoftmaxAttention(causal)


class _SoftmaxAttention(nn.Module):
    def __init__(self, causal: bool) -> None:
        super().__init__()
        self.causal = causal

    def forward(self, q: Tensor, k: Tensor, v: Tensor, keep: Tensor) -> Tensor:
        attend = nn.functional.scaled_dot_product_attention
        if bool(keep.all()):
            return attend(q, k, v, is_causal=self.causal)
        mask = keep[:, None, None, :]
        if self.causal:
            length = q.shape[-2]
            mask = mask & torch.ones(length, length, dtype=torch.bool, device=q.device).tril()
        return attend(q, k, v, attn_mask=mask)
