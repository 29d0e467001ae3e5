"""Causal linear attention: at each position it is the bidirectional attention to the positions up to it."""

import pytest
import torch
from torch import Tensor

from methods.performer.causal import causal_attention
from methods.performer.favor import linear_attention
from methods.performer.features import Kernel, causal_features, softmax_features
from methods.performer.projection import draw_projection

DIMENSION, FEATURES = 8, 24
KERNELS = ["positive", "hyperbolic", "trigonometric"]


def drawn(length: int, scale: float = 1.0) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """q, k, v: F64[2 L d] with gradients, and a projection."""
    torch.manual_seed(0)
    q, k, v = (
        (size * torch.randn(2, length, DIMENSION, dtype=torch.float64)).requires_grad_() for size in (scale, scale, 1)
    )
    return q, k, v, draw_projection((FEATURES, DIMENSION), "orthogonal").double()


def causal(kernel: Kernel, q: Tensor, k: Tensor, v: Tensor, keep: Tensor, projection: Tensor, epsilon: float) -> Tensor:
    queries, keys, log_scales = causal_features(kernel, q, k, projection, epsilon)
    return causal_attention(queries, keys, log_scales, v, keep, 0.0 if kernel == "trigonometric" else epsilon)


@pytest.mark.parametrize("length", [1, 127, 128, 300])
def test_it_is_the_masked_product(length: int) -> None:
    torch.manual_seed(0)
    queries, keys = torch.rand(2, 2, length, FEATURES, dtype=torch.float64)
    values = torch.randn(2, length, DIMENSION, dtype=torch.float64)
    matrix = (queries @ keys.mT).tril()
    expected = matrix @ values / matrix.sum(-1, keepdim=True)
    equal, everything = torch.zeros_like(keys[..., :1]), torch.ones(2, length, 1, dtype=torch.bool)
    torch.testing.assert_close(causal_attention(queries, keys, equal, values, everything), expected)


@pytest.mark.parametrize("epsilon", [0.0, 1e-3])
@pytest.mark.parametrize("scale", [1.0, 10.0])
@pytest.mark.parametrize("kernel", KERNELS)
def test_each_position_is_the_last_of_its_own_past(kernel: Kernel, scale: float, epsilon: float) -> None:
    """Also with epsilon, which is relative to the largest feature of the past alone; and with gradients."""
    q, k, v, projection = drawn(200, scale)
    keep = torch.rand(2, 200, 1) < 0.7
    keep[:, 0] = True
    found = causal(kernel, q, k, v, keep, projection, epsilon)
    for last in (0, 1, 60, 127, 128, 199):
        past = slice(last + 1)
        rows = []
        for row in range(2):
            kept = keep[row, past, 0]
            queries, _ = softmax_features(kernel, q[row, past], k[row, past], projection, epsilon)
            _, keys = softmax_features(kernel, q[row, past][kept], k[row, past][kept], projection, epsilon)
            rows.append(linear_attention(queries[-1:], keys, v[row, past][kept]))
        expected = torch.stack(rows)[:, 0]
        torch.testing.assert_close(found[:, last], expected, rtol=1e-6, atol=1e-9)
        weights = torch.randn_like(expected)
        gradients = (
            torch.autograd.grad(out, (q, k, v), weights, retain_graph=True) for out in (found[:, last], expected)
        )
        for one, other in zip(*gradients, strict=True):
            torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("kernel", ["positive", "hyperbolic"])
def test_large_keys_do_not_overflow_and_have_finite_gradients(kernel: Kernel) -> None:
    """Largest exponents of keys lie up to a thousand apart, in both directions."""
    q, k, v, projection = (x.detach().float() for x in drawn(300))
    sizes = torch.linspace(0, 20, 300)
    k = k * torch.stack([sizes, sizes.flip(0)]).unsqueeze(-1)
    q, k, v = (x.requires_grad_() for x in (q, k, v))
    out = causal(kernel, q, k, v, torch.ones(2, 300, 1, dtype=torch.bool), projection, 1e-6)
    out.square().sum().backward()
    assert out.isfinite().all()
    assert all(x.grad is not None and x.grad.isfinite().all() for x in (q, k, v))


@pytest.mark.parametrize("kernel", ["positive", "hyperbolic"])
def test_equal_values_are_returned(kernel: Kernel) -> None:
    q, k, v, projection = drawn(150)
    v = torch.full_like(v, 1.5)
    found = causal(kernel, q, k, v, torch.ones(2, 150, 1, dtype=torch.bool), projection, 1e-6)
    torch.testing.assert_close(found, v)


def test_unit_queries_and_keys_average_the_past() -> None:
    q = k = torch.ones(1, 3, DIMENSION)
    v = torch.tensor([1.0, 0.0, 0.0]).view(1, 3, 1).expand(1, 3, DIMENSION)
    projection = draw_projection((64, DIMENSION), "orthogonal")
    found = causal("positive", q, k, v, torch.ones(1, 3, 1, dtype=torch.bool), projection, 1e-6)
    torch.testing.assert_close(found[0, :, 0], torch.tensor([1.0, 1 / 2, 1 / 3]), atol=1e-6, rtol=0)
