"""The Performer's attention: FAVOR+ for the softmax kernel, and the ReLU kernel."""

from collections.abc import Callable
from functools import partial
from typing import Annotated, Final, Literal

import torch
from annotated_types import Ge, Gt
from torch import Tensor, nn

from harness.tasks.long_range import Attention, is_redraw_due
from methods.performer.causal import causal_attention
from methods.performer.favor import favor, linear_attention
from methods.performer.features import Kernel, causal_features, relu, softmax_features
from methods.performer.projection import draw_projection

FEATURES_PER_DIMENSION: Final = 4


class Performer(Attention):
    """FAVOR+: positive orthogonal random features of the softmax kernel.

    `m` is the number of random features, by default four times the width of a head: the paper has 256 at a width of 64.
    `epsilon` is added to every positive feature (appendix A.3), relative to the largest one: of all keys, or, in causal
    attention, of those up to a position. The projection is drawn once for each layer and shared by its heads. It is
    drawn anew, from torch's global generator, every `redraw` training passes (0 = never). The paper's language model
    needs that (Figure 5); the authors' code draws in every pass.
    """

    name = "performer"
    m: Annotated[int, Gt(0)] | None = None
    kernel: Literal["positive", "hyperbolic", "trigonometric"] = "positive"
    projection: Literal["orthogonal", "iid", "raw_qr"] = "orthogonal"
    epsilon: Annotated[float, Ge(0)] = 1e-6
    redraw: Annotated[int, Ge(0)] = 0

    def build(self, width: int, heads: int, max_length: int, causal: bool) -> nn.Module:
        dimension = width // heads
        shape = self.m or FEATURES_PER_DIMENSION * dimension, dimension
        draw = partial(draw_projection, shape, self.projection)
        return _RandomFeatureAttention(self.kernel, draw, self.redraw, self.epsilon, causal)

    def features(self, queries: Tensor, keys: Tensor, m: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        projection = draw_projection((m, queries.shape[-1]), self.projection, generator).to(queries)
        return softmax_features(self.kernel, queries, keys, projection, self.epsilon)


class PerformerRelu(Attention):
    """Generalised attention with the ReLU kernel and no random features (appendix A.3): the paper's default."""

    name = "performer_relu"
    epsilon: Annotated[float, Gt(0)] = 1e-3

    def build(self, width: int, heads: int, max_length: int, causal: bool) -> nn.Module:
        return _ReluAttention(self.epsilon, causal)


class _LinearAttention(nn.Module):
    """Attention in 32-bit numbers, under autocast too, because exponentials overflow in half precision."""

    def __init__(self, epsilon: float, causal: bool) -> None:
        super().__init__()
        self.epsilon = epsilon
        self.causal = causal

    def forward(self, q: Tensor, k: Tensor, v: Tensor, keep: Tensor) -> Tensor:
        with torch.autocast(q.device.type, enabled=False):
            return self.attend(q.float(), k.float(), v.float(), keep).to(v.dtype)

    def attend(self, q: Tensor, k: Tensor, v: Tensor, keep: Tensor) -> Tensor:
        """F32[B H L d]: the mixtures of values F32[B H L d]."""
        raise NotImplementedError


class _RandomFeatureAttention(_LinearAttention):
    """Attention by random features. `passes` counts the training passes if the projection is drawn anew, and is saved
    with it."""

    projection: Tensor
    passes: Tensor

    def __init__(self, kernel: Kernel, draw: Callable[[], Tensor], redraw: int, epsilon: float, causal: bool) -> None:
        super().__init__(epsilon, causal)
        self.kernel = kernel
        self.draw = draw
        self.redraw = redraw
        self.register_buffer("projection", draw())
        self.register_buffer("passes", torch.zeros((), dtype=torch.int64))

    def attend(self, q: Tensor, k: Tensor, v: Tensor, keep: Tensor) -> Tensor:
        if is_redraw_due(self, self.passes, self.redraw):
            self.projection = self.draw().to(self.projection)
        if self.causal:
            queries, keys, log_scales = causal_features(self.kernel, q, k, self.projection, self.epsilon)
            epsilon = 0.0 if self.kernel == "trigonometric" else self.epsilon
            return causal_attention(queries, keys, log_scales, v, keep[:, None, :, None], epsilon)
        if self.kernel == "trigonometric":
            queries, keys = softmax_features(self.kernel, q, k, self.projection, self.epsilon)
            return linear_attention(queries, keys * keep[:, None, :, None], v)
        # Hyperbolic features are the positive features of the rows and of their negatives.
        rows = self.projection if self.kernel == "positive" else torch.cat([self.projection, -self.projection])
        return favor(q, k, v, keep, rows, self.epsilon)


class _ReluAttention(_LinearAttention):
    def attend(self, q: Tensor, k: Tensor, v: Tensor, keep: Tensor) -> Tensor:
        scale, keep = q.shape[-1] ** -0.25, keep[:, None, :, None]
        queries, keys = relu(scale * q, self.epsilon), relu(scale * k, self.epsilon)
        if self.causal:
            return causal_attention(queries, keys, torch.zeros_like(keys[..., :1]), v, keep)
        return linear_attention(queries, keys * keep, v)
